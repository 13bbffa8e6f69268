"""The engine between recorder and alerts, over a real log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collab_dash.errors import LogUnavailable
from collab_dash.event import Event, Record, record
from collab_dash.hub.alerts import Alerts
from collab_dash.hub.fanout import Fanout
from collab_dash.hub.recorder import Recorder
from collab_dash.hub.rules import Rules
from collab_dash.hub.subscriber import Subscriber
from collab_dash.hub.targets import Targets
from collab_dash.rules import Rule
from collab_dash.store.log import open_log
from collab_dash.wire import FIRING, decode_frame
from hub.test_recorder import full_disk
from hub.test_subscriber import Pipe, subscriber_of


class Engine:
    """Rules at work on what a recorder writes."""

    def __init__(self, recorder: Recorder, alerts: Alerts, rules: Rules) -> None:
        self.recorder = recorder
        self.alerts = alerts
        self.rules = rules

    async def happen(self, mag: float, key: str = "k") -> int:
        entry = record(Event(type="quake:create", key=key, data={"mag": mag}), feed="quakes", received=5)
        return await self.recorder.publish(entry)

    async def fired(self, count: int) -> list[tuple[str, str | None]]:
        """Wait until so many alerts are firing; give rule and key of each."""
        async with asyncio.timeout(5):
            while len(self.alerts.firing) < count:
                await asyncio.sleep(0)
        return [(alert.rule, alert.key) for alert in self.alerts.firing]


@asynccontextmanager
async def engine_at(folder: Path, *rules: Rule, joined: Collection[Subscriber] = ()) -> AsyncIterator[Engine]:
    def deliver(first: int | None, records: Sequence[Record]) -> None:
        engine.rules.evaluate(first, records)

    log = await open_log(folder / "collab.db")
    recorder = Recorder(log, deliver)
    alerts = Alerts(recorder, joined, Targets({}, folder))
    engine = Engine(recorder, alerts, Rules(alerts, rules))
    await engine.rules.load(log)
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(recorder.run()), tasks.create_task(engine.rules.run())]
        yield engine
        await recorder.drained()
        for task in running:
            task.cancel()
    await log.close()


def big(id_: str = "r", **changes: Any) -> Rule:
    return Rule(**{"id": id_, "when": "quakes: mag >= 4.5", **changes})


async def test_rules_may_change_at_any_time_and_what_waits_goes_on(tmp_path: Path) -> None:
    slow = big(hold=0.1)
    async with engine_at(tmp_path) as engine:
        await engine.happen(5.0)
        assert engine.alerts.firing == []
        engine.rules.set_rules([slow])
        await engine.happen(5.0)
        engine.rules.set_rules([big("now", when="quakes: mag > 9"), msgspec.structs.replace(slow, name="renamed")])
        await engine.happen(9.5, "other")
        assert await engine.fired(1) == [("now", "other")]
        assert (await engine.fired(3))[1:] == [("r", "k"), ("r", "other")]
        assert {alert.name for alert in engine.alerts.firing} == {"renamed", "quakes: mag > 9"}


async def test_a_rule_that_is_wrong_is_told_and_hurts_no_other(tmp_path: Path) -> None:
    async with engine_at(tmp_path) as engine:
        engine.rules.set_rules([big("bad", when="quakes: mag >="), big("good")])
        assert list(engine.rules.faults) == ["bad"]
        await engine.happen(5.0)
        assert await engine.fired(1) == [("good", "k")]


async def test_rules_that_come_later_know_what_fired_before_the_start(tmp_path: Path) -> None:
    async with engine_at(tmp_path, big()) as engine:
        await engine.happen(5.0, "a")
        await engine.fired(1)
    async with engine_at(tmp_path) as engine:
        engine.rules.set_rules([big()])
        await engine.happen(5.0, "a")
        await engine.happen(5.0, "b")
        assert await engine.fired(2) == [("r", "a"), ("r", "b")], "the first is that of before"


async def test_what_fires_at_the_last_moment_is_still_written(tmp_path: Path) -> None:
    async with engine_at(tmp_path, big()) as engine:
        await engine.happen(5.0)
    async with engine_at(tmp_path) as engine:
        assert await engine.fired(1) == [("r", "k")]


def told(pipe: Pipe) -> list[int]:
    """Give how many alerts were firing, each time that a peer was told."""
    frames = [decode_frame(line) for line in pipe.written.splitlines()]
    return [len(msgspec.json.decode(frame.data)) for frame in frames if frame.event == FIRING]


async def test_who_is_behind_is_told_later(tmp_path: Path) -> None:
    ana, ben = Pipe(), Pipe()
    joined: set[Subscriber] = set()
    async with engine_at(tmp_path, big(), joined=joined) as engine:
        joined |= {subscriber_of(pipe, Fanout(0), engine.recorder.log, sent=0) for pipe in (ana, ben)}
        ben.flowing.clear()
        await engine.happen(5.0)
        await engine.fired(1)
        async with asyncio.timeout(5):
            while 1 not in told(ana):
                await asyncio.sleep(0)
        engine.alerts.tell_again()
        assert told(ben) == []
        ben.flowing.set()
        engine.alerts.tell_again()
        engine.alerts.tell_again()
        assert told(ben) == [1]
        assert told(ana)[-1] == 1


async def test_alerts_go_on_while_nothing_can_be_written(tmp_path: Path) -> None:
    async with engine_at(tmp_path, big()) as engine:
        await engine.happen(1.0)
        with full_disk(0, engine.recorder.log.path):
            with pytest.raises(LogUnavailable):
                await engine.happen(5.0)
            await engine.fired(1)
            [alert] = engine.alerts.firing
            assert alert.offset is None
            assert await engine.alerts.acknowledge(alert.alert, "ana") == "ana"
            assert engine.alerts.firing == []
