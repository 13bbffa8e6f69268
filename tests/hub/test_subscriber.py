"""Joining, falling behind and coming back: everything once, in order, whatever happens when."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.event import Event, Record, record
from collab_dash.hub.fanout import Fanout, Format
from collab_dash.hub.subscriber import MAX_BACKLOG, REPLAY_LIMIT, REPLAY_PAGE, Subscriber
from collab_dash.store.log import Log, open_log
from collab_dash.wire import EVENTS, SKIPPED, decode_events, decode_frame, encode_events

FEEDS = ("a", "b")


class LineFormat:
    """One frame a line."""

    def wrap(self, events: Sequence[bytes]) -> bytes:
        return b"".join(frame + b"\n" for frame in encode_events(events))

    def pack(self, messages: Sequence[bytes]) -> bytes:
        raise AssertionError("nothing binary is sent here")


class Pipe:
    """A link that keeps what is written, and can be stopped up."""

    def __init__(self) -> None:
        self.format: Format = LineFormat()
        self.written = b""
        self.flowing = asyncio.Event()
        self.flowing.set()

    def write(self, data: bytes) -> None:
        self.written += data

    def push(self, payload: bytes) -> None:
        self.written += payload + b"\n"

    def backlog(self) -> int:
        return 0 if self.flowing.is_set() else MAX_BACKLOG + 1

    async def drained(self) -> None:
        await self.flowing.wait()

    async def close(self, code: int, reason: str) -> None:
        raise AssertionError("nobody closes this link")

    def received(self) -> list[tuple[int, str]]:
        frames = [decode_frame(line) for line in self.written.splitlines()]
        return [
            (event.offset or 0, event.feed)
            for frame in frames
            if frame.event == EVENTS
            for event in decode_events(frame.data)
        ]


def a_record(feed: str) -> Record:
    return record(Event(type="a:b", data={}), feed=feed, received=1)


def subscriber_of(
    link: Pipe, fanout: Fanout, log: Log, *, sent: int, feeds: frozenset[str] | None = None
) -> Subscriber:
    return Subscriber(link, fanout, log, client="c", name="ana", role="viewer", feeds=feeds, sent=sent)


async def level(subscriber: Subscriber) -> None:
    while not subscriber.live:
        await asyncio.sleep(0)


class Scene:
    """A log that grows, and one subscriber that joins it at some moment over a link that stalls and flows."""

    def __init__(self, log: Log, tasks: asyncio.TaskGroup, start: int, feeds: frozenset[str] | None) -> None:
        self.log = log
        self.fanout = Fanout(log.last)
        self.link = Pipe()
        self.written: list[str] = []
        self.subscriber: Subscriber | None = None
        self._tasks = tasks
        self._start = start
        self._feeds = feeds

    async def append(self, *feeds: str) -> None:
        records = [a_record(feed) for feed in feeds]
        self.fanout.deliver(await self.log.append(records, {}), records)
        self.written += feeds

    async def stall(self) -> None:
        self.link.flowing.clear()

    async def flow(self) -> None:
        self.link.flowing.set()

    async def turn(self, times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(0)

    async def join(self) -> None:
        if self.subscriber is None:
            self._start = min(self._start, len(self.written))
            self.subscriber = subscriber_of(self.link, self.fanout, self.log, sent=self._start, feeds=self._feeds)
            self._running = self._tasks.create_task(self.subscriber.run())

    async def finish(self) -> None:
        """Let the subscriber come level, and look at what it was sent."""
        await self.join()
        await self.flow()
        assert self.subscriber is not None
        while not (self.subscriber.live and self.subscriber.sent == len(self.written)):
            await asyncio.sleep(0)
        self._running.cancel()
        wanted = [(offset, feed) for offset, feed in enumerate(self.written, 1) if offset > self._start]
        assert self.link.received() == [
            (offset, feed) for offset, feed in wanted if self._feeds is None or feed in self._feeds
        ]


steps: st.SearchStrategy[tuple[str, list[object]]] = st.one_of(
    st.tuples(st.just("append"), st.lists(st.sampled_from(FEEDS), min_size=1, max_size=4)),
    st.tuples(st.just("turn"), st.lists(st.integers(0, 5), min_size=1, max_size=1)),
    st.tuples(st.sampled_from(["stall", "flow", "join"]), st.just([])),
)


@settings(max_examples=60, deadline=None)
@given(
    story=st.lists(steps, max_size=25),
    start=st.integers(0, 5),
    feeds=st.sampled_from([None, frozenset({"a"}), frozenset({"a", "b"})]),
)
def test_replay_and_live_together_have_no_gap_and_no_duplicate(
    story: list[tuple[str, list[object]]], start: int, feeds: frozenset[str] | None
) -> None:
    async def play(folder: Path) -> None:
        log = await open_log(folder / "x.db")
        try:
            async with asyncio.TaskGroup() as tasks:
                scene = Scene(log, tasks, start, feeds)
                for step, arguments in story:
                    await getattr(scene, step)(*arguments)
                await scene.finish()
        finally:
            await log.close()

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))


@asynccontextmanager
async def joined_from_the_start(log: Log) -> AsyncIterator[tuple[Subscriber, Fanout, Pipe]]:
    """Give a subscriber that has come level, with what it receives from and sends to."""
    fanout, link = Fanout(log.last), Pipe()
    subscriber = subscriber_of(link, fanout, log, sent=0)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(subscriber.run())
        await level(subscriber)
        yield subscriber, fanout, link
        running.cancel()


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    opened = await open_log(tmp_path / "x.db")
    yield opened
    await opened.close()


async def test_a_stalled_subscriber_costs_nothing_and_is_caught_up_when_it_drains(log: Log) -> None:
    async with joined_from_the_start(log) as (subscriber, fanout, link):
        link.flowing.clear()
        for _ in range(3):
            records = [a_record("a")] * 5
            fanout.deliver(await log.append(records, {}), records)
        assert link.received() == []
        assert not subscriber.live
        link.flowing.set()
        await level(subscriber)
        assert [offset for offset, _ in link.received()] == list(range(1, 16))


async def test_a_very_long_gap_is_said_and_the_latest_page_sent(log: Log) -> None:
    batch = [a_record("a")] * 1000
    for _ in range(REPLAY_LIMIT // 1000 + 1):
        await log.append(batch, {})
    async with joined_from_the_start(log) as (_, _, link):
        first = decode_frame(link.written.splitlines()[0])
        assert first.event == SKIPPED
        assert bytes(first.data) == b'{"from":1,"to":%d}' % (log.last - REPLAY_PAGE)
        assert [offset for offset, _ in link.received()] == list(range(log.last - REPLAY_PAGE + 1, log.last + 1))


async def test_what_could_not_be_recorded_is_shown_live_and_moves_no_offset(log: Log) -> None:
    async with joined_from_the_start(log) as (subscriber, fanout, link):
        fanout.deliver(None, [a_record("a")])
        assert link.received() == [(0, "a")]
        assert subscriber.sent == fanout.last == 0
