"""A feed above its limit is thinned, counted and told of; one that can wait, waits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from collab_dash.event import Event, Record, record
from collab_dash.feed import Overflow
from collab_dash.hub import intake as intake_module
from collab_dash.hub.bucket import BURST, Bucket
from collab_dash.hub.fanout import Fanout
from collab_dash.hub.intake import LIMITED, Intake
from collab_dash.hub.limiter import Limit
from collab_dash.hub.recorder import Recorder
from collab_dash.store.log import Log, open_log


def tick(number: int, key: str | None = None) -> Record:
    return record(Event(type="t:tick", key=key, data={"n": number}), feed="f", received=number)


class Scene:
    def __init__(self, log: Log, limit: Limit | None) -> None:
        self.log = log
        self.recorder = Recorder(log, Fanout(0).deliver)
        self.intake = Intake("f", self.recorder, limit)

    async def recorded(self, kind: str = "t:tick") -> list[dict[str, object]]:
        await self.recorder.drained()
        page = await self.log.read(after=0, upto=self.log.last, limit=5000)
        events = [json.loads(event) for event in page.events]
        return [event["data"] for event in events if event["type"] == kind]


@asynccontextmanager
async def scene(folder: Path, per_second: float | None, overflow: Overflow = "sample") -> AsyncIterator[Scene]:
    log = await open_log(folder / "x.db")
    stage = Scene(log, None if per_second is None else Limit(per_second, overflow, f"{per_second:g}/s"))
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(stage.recorder.run()), tasks.create_task(stage.intake.run())]
        yield stage
        for task in running:
            task.cancel()
    await log.close()


def test_a_bucket_lets_through_what_it_says_in_the_long_run() -> None:
    bucket = Bucket(5.0, 0.0)
    assert sum(bucket.take(0.0) for _ in range(1000)) == 5 * BURST
    assert sum(bucket.take(second / 100) for second in range(10_001)) == pytest.approx(500, abs=1)
    assert bucket.pause() <= 0.2


@pytest.mark.parametrize(("weight", "pause"), [(1.0, 0.2), (10.0, 2.0), (1000.0, 10.0)])
def test_what_weighs_more_waits_longer_but_passes(weight: float, pause: float) -> None:
    bucket = Bucket(5.0, 0.0)
    assert bucket.take(0.0, 1000.0)
    assert not bucket.take(0.0, weight)
    assert bucket.pause(weight) == pytest.approx(pause)
    assert bucket.take(pause, weight)


def test_a_clock_that_stands_still_gives_nothing() -> None:
    bucket = Bucket(1.0, 7.0)
    assert sum(bucket.take(7.0) for _ in range(100)) == BURST


async def test_without_a_limit_everything_is_recorded(tmp_path: Path) -> None:
    async with scene(tmp_path, None) as stage:
        for number in range(500):
            await stage.intake.put(tick(number), None)
        assert len(await stage.recorded()) == 500
        assert (stage.intake.events, stage.intake.left_out, stage.intake.last_event) == (500, 0, 499)


async def test_sampling_leaves_out_and_says_how_much(tmp_path: Path) -> None:
    async with scene(tmp_path, 0.001) as stage:
        for number in range(100):
            await stage.intake.put(tick(number), str(number))
        await stage.intake.flush()
        assert await stage.recorded() == [{"n": 0}]
        assert stage.intake.left_out == 99
        told = await stage.recorded(LIMITED)
        assert sum(int(str(each["left_out"])) for each in told) == 99
        assert (told[0]["limit"], told[0]["overflow"]) == ("0.001/s", "sample")


async def test_a_sample_is_not_always_the_start_of_a_burst(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with scene(tmp_path, 20.0) as stage:
        moment = asyncio.get_running_loop().time()
        limiter = stage.intake._limiter
        assert limiter is not None
        monkeypatch.setattr(limiter, "_clock", lambda: moment)
        for second in range(60):
            moment += 1.0
            for number in range(100):
                await stage.intake.put(tick(number), None)
            if second == 20:
                before = len(await stage.recorded())
        passed = [int(str(each["n"])) for each in (await stage.recorded())[before:]]
        assert len(passed) == pytest.approx(39 * 20, rel=0.25)
        assert sum(number >= 50 for number in passed) == pytest.approx(len(passed) / 2, rel=0.3)


async def test_what_is_left_out_is_not_told_for_each_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_module, "TELL_EVERY", 3600.0)
    async with scene(tmp_path, 0.001) as stage:
        for number in range(1000):
            await stage.intake.put(tick(number), None)
        assert len(await stage.recorded(LIMITED)) == 1
        await stage.intake.flush()
        assert sum(int(str(each["left_out"])) for each in await stage.recorded(LIMITED)) == 999


async def test_the_cursor_of_what_was_left_out_is_kept(tmp_path: Path) -> None:
    async with scene(tmp_path, 0.001) as stage:
        await stage.intake.put(tick(1), "1")
        await stage.intake.put(tick(2), "2")
        await stage.intake.put(tick(3), None)
        await stage.recorder.drained()
        assert await stage.log.cursors() == {"f": "1"}
        await stage.intake.flush()
        await stage.recorder.drained()
        assert await stage.log.cursors() == {"f": "2"}


async def test_conflation_keeps_the_latest_of_each_key(tmp_path: Path) -> None:
    async with scene(tmp_path, 0.001, "conflate") as stage:
        for number in range(30):
            await stage.intake.put(tick(number, key="abc"[number % 3]), None)
        await stage.intake.flush()
        assert await stage.recorded() == [{"n": 0}, {"n": 28}, {"n": 29}, {"n": 27}]
        assert stage.intake.left_out == 26


async def test_events_of_two_types_do_not_stand_in_for_each_other(tmp_path: Path) -> None:
    async with scene(tmp_path, 0.001, "conflate") as stage:
        for number in range(5):
            await stage.intake.put(tick(number, key="a"), None)
            await stage.intake.put(tick(number, key="a")._replace(type="t:tock"), None)
        await stage.intake.flush()
        assert (await stage.recorded())[-1] == (await stage.recorded("t:tock"))[-1] == {"n": 4}


async def test_what_conflation_holds_back_is_recorded_as_soon_as_it_may(tmp_path: Path) -> None:
    async with scene(tmp_path, 50.0, "conflate") as stage:
        for number in range(600):
            await stage.intake.put(tick(number, key=str(number % 2)), None)
        async with asyncio.timeout(5):
            while {"n": 599} not in await stage.recorded() or {"n": 598} not in await stage.recorded():
                await asyncio.sleep(0)


async def test_conflation_has_nothing_to_go_by_without_a_key(tmp_path: Path) -> None:
    async with scene(tmp_path, 0.001, "conflate") as stage:
        for number in range(5):
            await stage.intake.put(tick(number), None)
        await stage.intake.flush()
        assert await stage.recorded() == [{"n": 0}]
        assert stage.intake.left_out == 4


async def test_the_keys_held_back_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab_dash.hub.limiter.MAX_HELD", 10)
    async with scene(tmp_path, 0.001, "conflate") as stage:
        for number in range(100):
            await stage.intake.put(tick(number, key=str(number)), None)
        await stage.intake.flush()
        assert len(await stage.recorded()) == 11
        assert stage.intake.left_out == 89


async def test_a_source_that_can_wait_loses_nothing(tmp_path: Path) -> None:
    async with scene(tmp_path, 200.0, "wait") as stage:
        started = asyncio.get_running_loop().time()
        for number in range(2020):
            await stage.intake.put(tick(number), None)
        assert asyncio.get_running_loop().time() - started >= 0.09
        await stage.recorder.drained()
        assert (stage.log.last, stage.intake.left_out) == (2020, 0)
