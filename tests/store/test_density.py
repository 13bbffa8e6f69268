"""How much happened when, in a real log: for all feeds without reading it."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.event import Record
from collab_dash.store.density import Buckets, Density, read_density
from collab_dash.store.log import Log, open_log


def entries(times: Sequence[int], feed: str = "feed") -> list[Record]:
    return [Record(feed, "a:b", None, time, time, "{}") for time in times]


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    opened = await open_log(tmp_path / "collab.db")
    yield opened
    await opened.close()


async def counted(log: Log, since: int, until: int, count: int, **more: Sequence[str]) -> Density:
    return await log.density(Buckets(since, until, count), upto=log.last, **more)


async def test_an_empty_log_has_nothing_at_any_time(log: Log) -> None:
    assert await counted(log, 0, 100, 4) == Density([0, 0, 0, 0], [0, 0, 0, 0], None, None)


async def test_events_are_counted_by_the_time_of_their_receipt(log: Log) -> None:
    await log.append(entries([100, 110, 110, 120, 199, 200]), {})
    assert await counted(log, 100, 200, 5) == Density([3, 1, 0, 0, 1], [3, 4, 4, 4, 5], 100, 200)
    assert await counted(log, 110, 111, 1) == Density([2], [3], 100, 200)
    assert (await counted(log, 0, 100, 2)).offsets == [0, 0]
    assert await counted(log, 5000, 6000, 2) == Density([0, 0], [6, 6], 100, 200)


async def test_parts_shorter_than_a_millisecond_do_no_harm(log: Log) -> None:
    await log.append(entries([100, 101, 101]), {})
    density = await counted(log, 100, 102, 500)
    assert (sum(density.counts), density.offsets[-1]) == (3, 3)


async def test_some_feeds_are_counted_among_others(log: Log) -> None:
    await log.append([*entries([100, 110], "a"), *entries([120, 130], "b"), *entries([140], "a")], {})
    assert (await counted(log, 100, 150, 5, feeds=["a"])).counts == [1, 1, 0, 0, 1]
    assert (await counted(log, 100, 150, 5, feeds=["a", "b", "b"])).counts == [1, 1, 1, 1, 1]
    assert (await counted(log, 100, 150, 5, feeds=[])).counts == [0] * 5
    assert (await counted(log, 100, 150, 5, feeds=["b"])).offsets == [1, 2, 3, 4, 5]


async def test_what_retention_removed_does_not_count(log: Log) -> None:
    await log.append(entries(range(100, 200, 10)), {})
    with sqlite3.connect(log.path) as database:
        database.execute("DELETE FROM events WHERE offset <= 6")
    database.close()
    assert await counted(log, 0, 200, 2) == Density([0, 4], [0, 10], 160, 190)
    assert (await counted(log, 165, 200, 1)).counts == [3]


async def test_what_is_not_delivered_yet_does_not_count(log: Log) -> None:
    await log.append(entries([100, 110, 120, 130]), {})
    assert await log.density(Buckets(0, 1000, 2), upto=2) == Density([2, 0], [2, 2], 100, 110)


async def test_a_clock_set_back_never_counts_an_event_twice(log: Log) -> None:
    await log.append(entries([*range(1000, 2000, 10), *range(500, 2500, 10)]), {})
    density = await counted(log, 0, 3000, 300)
    assert all(count >= 0 for count in density.counts)
    assert sum(density.counts) == log.last
    assert density.offsets == sorted(density.offsets)


@settings(max_examples=40, deadline=None)
@given(
    times=st.lists(st.integers(0, 50), max_size=30).map(sorted),
    since=st.integers(0, 60),
    span=st.integers(1, 60),
    count=st.integers(1, 20),
)
async def test_it_is_what_counting_one_by_one_gives(times: list[int], since: int, span: int, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log = await open_log(Path(folder) / "collab.db")
        await log.append(entries(times), {})
        density = await counted(log, since, since + span, count)
        named = await counted(log, since, since + span, count, feeds=["feed"])
        await log.close()
    ends = Buckets(since, since + span, count).ends()
    expected = [sum(time < end for time in times) for end in ends]
    assert density.offsets == expected
    assert density.counts == named.counts
    assert sum(density.counts) == sum(since <= time < since + span for time in times)


async def test_a_large_log_is_searched_and_not_read(log: Log) -> None:
    times = range(0, 2_000_000, 10)
    for start in range(0, len(times), 20_000):
        await log.append(entries(times[start : start + 20_000]), {})
    asked: list[str] = []
    connection = sqlite3.connect(log.path)
    connection.set_trace_callback(asked.append)
    density = read_density(connection, Buckets(0, 2_000_000, 500), log.last)
    connection.close()
    assert density.counts == [400] * 500
    assert len(asked) < 500 * 18 + 50
    assert all(sql.endswith("LIMIT 1") or "max(offset)" in sql for sql in asked)
