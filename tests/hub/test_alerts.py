"""Alerts in a real hub: events go in by the peer link, and what fires comes back by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collab_dash.errors import RequestRefused
from collab_dash.event import Event, record
from collab_dash.hub.alerts import MOST
from collab_dash.peer.session import Firing, Session, Update, join
from collab_dash.store.log import open_log
from collab_dash.wire import ACKNOWLEDGE, FIRING, HISTORY, RULES, Alert, History
from hubs import hub_of, link, stop, until, workspace_at

RULE = '[[rules]]\nwhen = "quakes: mag >= 4.5"\nname = "big"\ncooldown = "5m"\n'


async def shake(session: Session, mag: float, key: str = "k", feed: str = "quakes") -> int:
    data = {"feed": feed, "type": "quake:create", "key": key, "time": 1000, "data": {"mag": mag, "place": "Taron"}}
    answer = msgspec.json.decode(await session.request("feed:publish", data))
    return int(answer["offset"])


def count(number: int) -> Callable[[Update], bool]:
    return lambda update: isinstance(update, Firing) and len(update.alerts) == number


async def firing(session: Session, number: int) -> list[Alert]:
    """Wait until so many alerts are firing."""
    update = await until(session, count(number))
    assert isinstance(update, Firing)
    return update.alerts


async def asked(session: Session) -> list[Alert]:
    return msgspec.json.decode(await session.request(FIRING), type=list[Alert])


async def alerts_in_log(session: Session) -> list[Event]:
    answer = await session.request(HISTORY, {"feed": "alerts", "limit": 1000})
    return msgspec.json.decode(answer, type=History).events


async def acknowledge(session: Session, alert: str) -> Any:
    return msgspec.json.decode(await session.request(ACKNOWLEDGE, {"alert": alert}))


async def test_an_event_that_meets_a_rule_fires_an_alert_for_everybody_and_the_log(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, RULE)
    async with hub_of(workspace) as hub, join(link(hub), name="ana") as ana, join(link(hub, "viewer")) as cy:
        assert await firing(ana, 0) == []
        await shake(ana, 1.0)
        offset = await shake(ana, 4.8)
        [alert] = await firing(cy, 1)
        assert (alert.name, alert.when, alert.feed, alert.key) == ("big", "quakes: mag >= 4.5", "quakes", "k")
        assert (alert.offset, alert.time, alert.text) == (offset, 1000, "mag=4.8 place=Taron")
        assert alert.notify == ("bell", "toast")
        assert await asked(cy) == await firing(ana, 1) == [alert]
        [event] = await alerts_in_log(cy)
        assert (event.type, event.feed, event.key) == ("alert:fire", "alerts", alert.alert)
        assert msgspec.convert(event.data, Alert) == alert
        assert event.offset == offset + 1


async def test_it_is_acknowledged_by_name_and_by_one(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, RULE)
    async with (
        hub_of(workspace) as hub,
        join(link(hub), name="ana") as ana,
        join(link(hub, "editor"), name="bo") as bo,
        join(link(hub, "viewer"), name="cy") as cy,
    ):
        await shake(ana, 5.0)
        [alert] = await firing(cy, 1)
        with pytest.raises(RequestRefused, match="needs the role editor"):
            await acknowledge(cy, alert.alert)
        first, second = await asyncio.gather(acknowledge(bo, alert.alert), acknowledge(ana, alert.alert))
        assert first == second
        assert first["by"] in ("ana", "bo")
        assert await firing(cy, 0) == await asked(ana) == []
        assert await acknowledge(ana, alert.alert) == first
        fired, acknowledged = await alerts_in_log(ana)
        assert (fired.type, acknowledged.type) == ("alert:fire", "alert:ack")
        assert acknowledged.data["by"] == first["by"]
        assert acknowledged.key == acknowledged.data["alert"] == alert.alert
        with pytest.raises(RequestRefused, match="no such alert"):
            await acknowledge(bo, "nonsense")


async def test_what_must_hold_fires_in_silence(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, RULE + 'for = "80ms"\n')
    async with hub_of(workspace) as hub, join(link(hub)) as ana:
        await shake(ana, 5.0, "broken")
        await shake(ana, 1.0, "broken")
        offset = await shake(ana, 5.0, "holds")
        [alert] = await firing(ana, 1)
        assert (alert.key, alert.offset) == ("holds", offset)


async def test_alerts_fire_no_alerts(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, '[[rules]]\nwhen = "*: true"\ncooldown = "0s"\nnotify = ["bell"]\n')
    async with hub_of(workspace) as hub, join(link(hub)) as ana:
        for number in range(3):
            await shake(ana, 1.0, f"k{number}")
        await firing(ana, 3)
        await shake(ana, 1.0, "last")
        await firing(ana, 4)
        assert len(await alerts_in_log(ana)) == 4
        with pytest.raises(RequestRefused, match="not hub or alerts"):
            await shake(ana, 1.0, feed="alerts")


async def test_a_rule_that_fires_too_often_leaves_alerts_out_and_says_how_many(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, '[[rules]]\nwhen = "quakes: true"\n')
    async with hub_of(workspace) as hub, join(link(hub), feeds=[]) as ana:
        await asyncio.gather(*(shake(ana, 1.0, f"k{number}") for number in range(50)))
        told = await firing(ana, 20)
        assert [alert.left_out for alert in told] == [0] * 20
        while len(told := await asked(ana)) == 20:
            await shake(ana, 1.0, f"more{asyncio.get_running_loop().time()}")
        assert told[-1].left_out >= 30


async def test_after_a_restart_the_same_is_firing_and_quiet_stays_quiet(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, RULE)
    async with hub_of(workspace) as hub, join(link(hub), name="ana") as ana:
        await shake(ana, 5.0, "a")
        await shake(ana, 5.0, "b")
        first, second = await firing(ana, 2)
        await acknowledge(ana, first.alert)
        await stop(hub)
    async with hub_of(workspace) as hub, join(link(hub), name="ana") as ana:
        assert await firing(ana, 1) == [second]
        await shake(ana, 5.0, "a")
        await shake(ana, 5.0, "c")
        assert [alert.key for alert in await firing(ana, 2)] == ["b", "c"]
        assert await acknowledge(ana, first.alert) == {"by": "ana"}


async def test_at_most_two_hundred_are_firing(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, RULE)
    log = await open_log(workspace.db)
    alert = Alert(alert="", rule="r", name="n", when="w", feed="f")
    told = [{**msgspec.to_builtins(alert), "alert": f"a{number}"} for number in range(MOST + 50)]
    entries = [Event(type="alert:fire", data=data) for data in (*told, {"from": "another version"})]
    await log.append([record(event, feed="alerts", received=1) for event in entries], {})
    await log.close()
    async with hub_of(workspace) as hub, join(link(hub)) as ana:
        assert [alert.alert for alert in await firing(ana, MOST)] == [f"a{number}" for number in range(50, MOST + 50)]


async def test_rules_can_be_asked_for(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path, RULE)) as hub, join(link(hub, "viewer")) as cy:
        [rule] = msgspec.json.decode(await cy.request(RULES))
        assert (rule["when"], rule["name"], rule["cooldown"]) == ("quakes: mag >= 4.5", "big", 300.0)
