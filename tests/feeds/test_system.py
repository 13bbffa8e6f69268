from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import aclosing
from typing import Any

import psutil
import pytest

from collab_dash.event import Event, record
from collab_dash.feed import FeedContext
from collab_dash.testing import collect
from collab_dash_feeds import _machine
from collab_dash_feeds._machine import Busiest, Machine
from collab_dash_feeds.system import SystemFeed


def by_type(events: list[Event]) -> dict[str, list[Event]]:
    kinds: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        kinds[event.type].append(event)
    return kinds


async def test_the_first_figures_come_soon_and_then_every_interval() -> None:
    stream: Any = SystemFeed.configure({"interval": 0.1}).events(FeedContext(name="me"))
    loop = asyncio.get_running_loop()
    start = loop.time()
    totals = 0
    async with asyncio.timeout(10), aclosing(stream):
        async for event in stream:
            if event.key == "total":
                totals += 1
            if totals == 3:
                break
    assert 0.25 < loop.time() - start < 5


async def test_figures_have_the_fields_that_panes_show() -> None:
    events = await collect(SystemFeed.configure({}), FeedContext(name="me", clock=lambda: 1234), 4)
    kinds = by_type(events)
    total, *cores = kinds["cpu:update"]
    assert total.key == "total"
    assert {"percent", "user", "system", "load1"} <= set(total.data)
    assert [core.key for core in cores][:1] == ["cpu0"][: len(cores)]
    assert {event.time for event in events} == {1234}
    for event in Machine(3).sample(1):
        record(event, feed="me", received=1)


def test_every_figure_is_told_of() -> None:
    machine = Machine(5)
    machine.sample(1)
    kinds = by_type(machine.sample(2))
    assert {"cpu:update", "memory:update", "disk:update"} <= set(kinds)
    [memory] = kinds["memory:update"]
    assert 0 < memory.data["used"] < memory.data["total"]
    assert {"used", "total", "percent"} <= set(kinds["disk:update"][0].data)


def test_what_cannot_be_told_here_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*args: object, **kwargs: object) -> Any:
        raise PermissionError("not in this container")

    for name in ("net_io_counters", "disk_io_counters", "swap_memory", "process_iter", "cpu_times_percent"):
        monkeypatch.setattr(psutil, name, denied)
    kinds = by_type(Machine(5).sample(1))
    assert set(kinds) == {"memory:update"}
    assert "swap_percent" not in kinds["memory:update"][0].data


def test_rates_are_per_second_and_never_negative() -> None:
    now = 100.0
    rates = _machine._Rates(lambda: now)
    assert rates.since_last("eth0", {"rx": 1000}) == {"rx_per_s": 0.0}
    now = 102.0
    assert rates.since_last("eth0", {"rx": 5000}) == {"rx_per_s": 2000.0}
    now = 103.0
    assert rates.since_last("eth0", {"rx": 10}) == {"rx_per_s": 0.0}


def test_a_process_that_is_no_longer_busy_is_told_of_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    me = psutil.Process()
    share = 50.0
    monkeypatch.setattr(_machine, "_shares", lambda: {me: share})
    busiest = Busiest(3, lambda: 1.0)
    assert list(busiest.figures()) == []
    [(kind, key, data)] = busiest.figures()
    assert (kind, key, data["cpu"]) == ("process:update", str(me.pid), 50.0)
    assert {"pid", "name", "cpu", "memory", "user"} == set(data)
    share = 0.0
    [(_, _, data)] = busiest.figures()
    assert data["cpu"] == 0.0
    assert list(busiest.figures()) == []


def test_a_slow_look_at_the_processes_is_taken_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    now = 0.0

    def shares() -> dict[psutil.Process, float]:
        nonlocal looks, now
        looks += 1
        now += 0.05
        return {}

    monkeypatch.setattr(_machine, "_shares", shares)
    busiest = Busiest(3, lambda: now)
    for _ in range(20):
        list(busiest.figures())
        now += 1
    assert looks == 5, "two at once, then one in five seconds"
