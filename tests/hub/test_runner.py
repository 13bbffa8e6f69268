"""One task per feed: retry, back off, watch for silence, go on where it left off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.hub import ladder as ladder_module
from collab_dash.hub import runner as runner_module
from collab_dash.hub.condition import Condition
from collab_dash.hub.fanout import Fanout
from collab_dash.hub.intake import Intake
from collab_dash.hub.recorder import Recorder
from collab_dash.hub.runner import Runner
from collab_dash.hub.ways import Ways
from collab_dash.store.log import Log, open_log
from collab_dash.wire import FeedStatus

Script = Callable[[FeedContext], AsyncIterator[Event]]


class Scripted(Feed[FeedOptions]):
    """Plays one script a connection, then stays connected."""

    transport: ClassVar[str] = "script"

    def __init__(self, *scripts: Script, silence: float | None = None) -> None:
        super().__init__(FeedOptions())
        self.scripts = list(scripts)
        self.cursors: list[str | None] = []
        self.silence = silence

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        self.cursors.append(context.cursor)
        if self.scripts:
            async for event in self.scripts.pop(0)(context):
                yield event
        else:
            await asyncio.Event().wait()


class Scene:
    """A runner with a real recorder and log."""

    def __init__(self, log: Log, feed: Scripted, *names: str) -> None:
        self.log = log
        self.statuses: list[FeedStatus] = []
        self.recorder = Recorder(log, Fanout(0).deliver)
        self._moved = asyncio.Event()
        intakes = [Intake(name, self.recorder) for name in names]
        ways = Ways(feed, None)
        condition = Condition("scripted", ways, intakes, self._changed)
        self.runner = Runner(condition, ways, intakes, folder=Path())

    def _changed(self, status: FeedStatus) -> None:
        self.statuses.append(status)
        self._moved.set()

    async def reaches(self, *states: str) -> FeedStatus:
        """Wait until the runner has gone through these states, in this order."""
        while True:
            path = iter(self.statuses)
            found = [next((status for status in path if status.state == state), None) for state in states]
            if found[-1] is not None:
                return found[-1]
            self._moved.clear()
            await self._moved.wait()

    async def recorded(self) -> list[dict[str, object]]:
        await self.recorder.drained()
        page = await self.log.read(after=0, upto=self.log.last, limit=1000)
        return [json.loads(event) for event in page.events]


@asynccontextmanager
async def scene(folder: Path, feed: Scripted, *names: str) -> AsyncIterator[Scene]:
    log = await open_log(folder / "x.db")
    stage = Scene(log, feed, *(names or ("f",)))
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(stage.recorder.run()), tasks.create_task(stage.runner.run())]
        yield stage
        for task in running:
            task.cancel()
    await log.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "backoff", lambda: iter(lambda: 0.001, None))


def tick(number: int) -> Event:
    return Event(type="t:tick", data={"n": number})


async def breaks(context: FeedContext) -> AsyncIterator[Event]:
    context.cursor = "after 1"
    yield tick(1)
    raise FeedBroken("the line went dead")


async def fails(context: FeedContext) -> AsyncIterator[Event]:
    for number in range(0):
        yield tick(number)
    raise FeedFailed("no such product", hint="choose another")


async def ends(context: FeedContext) -> AsyncIterator[Event]:
    yield tick(1)


async def test_a_broken_feed_is_tried_again_with_its_last_cursor(tmp_path: Path) -> None:
    feed = Scripted(breaks, breaks)
    async with scene(tmp_path, feed) as stage:
        status = await stage.reaches("connecting", "live", "waiting")
        assert (status.reason, status.attempt, status.transport) == ("the line went dead", 1, "script")
        assert status.retry_at is not None
        await stage.reaches("live", "waiting", "connecting", "live", "waiting", "connecting")
        assert feed.cursors == [None, "after 1", "after 1"]
        assert [event["data"] for event in await stage.recorded()] == [{"n": 1}, {"n": 1}]
        assert await stage.log.cursors() == {"f": "after 1"}


async def test_a_failed_feed_waits_for_a_person(tmp_path: Path) -> None:
    feed = Scripted(fails)
    async with scene(tmp_path, feed) as stage:
        status = await stage.reaches("failed")
        assert (status.reason, status.hint, status.retry_at) == ("no such product", "choose another", None)
        stage.runner.reconnect()
        await stage.reaches("failed", "connecting")
        assert len(feed.cursors) == 2


async def test_a_source_that_ends_is_stopped_not_tried_again(tmp_path: Path) -> None:
    async with scene(tmp_path, Scripted(ends)) as stage:
        status = await stage.reaches("live", "stopped")
        assert status.reason == "the source has ended"
        assert len(await stage.recorded()) == 1


async def test_a_plugin_that_raises_anything_is_told_of_and_tried_again(tmp_path: Path) -> None:
    async def crashes(context: FeedContext) -> AsyncIterator[Event]:
        yield tick(1)
        raise ZeroDivisionError("oops")

    async with scene(tmp_path, Scripted(crashes)) as stage:
        status = await stage.reaches("waiting")
        assert status.reason == "the plugin raised ZeroDivisionError: oops"
        await stage.reaches("waiting", "connecting")


async def test_the_pause_a_source_asks_for_is_kept(tmp_path: Path) -> None:
    async def limited(context: FeedContext) -> AsyncIterator[Event]:
        for number in range(0):
            yield tick(number)
        raise FeedBroken("429", retry_after=3600)

    async with scene(tmp_path, Scripted(limited)) as stage:
        status = await stage.reaches("waiting")
        assert status.retry_at is not None
        assert status.retry_at - status.since > 3_500_000


async def test_silence_is_a_broken_connection(tmp_path: Path) -> None:
    async def silent(context: FeedContext) -> AsyncIterator[Event]:
        yield tick(1)
        await asyncio.Event().wait()

    async with scene(tmp_path, Scripted(silent, silence=0.02)) as stage:
        status = await stage.reaches("live", "waiting")
        assert status.reason == "no sign of life for 0.02 s"


async def test_a_sign_of_life_without_an_event_keeps_the_connection(tmp_path: Path) -> None:
    async def quiet(context: FeedContext) -> AsyncIterator[Event]:
        clock = asyncio.get_running_loop().time
        end = clock() + 3 * silence
        while clock() < end:
            context.note("ping")
            await asyncio.sleep(0)
        yield tick(1)

    silence = 0.2
    async with scene(tmp_path, Scripted(quiet, silence=silence)) as stage:
        await stage.reaches("live", "stopped")
        assert "waiting" not in [status.state for status in stage.statuses]
        assert len(await stage.recorded()) == 1


async def test_a_cursor_that_moves_without_an_event_is_kept(tmp_path: Path) -> None:
    async def moves(context: FeedContext) -> AsyncIterator[Event]:
        yield tick(1)
        context.cursor = "further"

    async with scene(tmp_path, Scripted(moves)) as stage:
        await stage.reaches("stopped")
        await stage.recorder.drained()
        assert await stage.log.cursors() == {"f": "further"}


async def test_an_event_that_cannot_be_recorded_becomes_a_rejected_one(tmp_path: Path) -> None:
    async def nonsense(context: FeedContext) -> AsyncIterator[Event]:
        yield Event(type="Not A Type", data={"n": 1})
        yield tick(2)

    async with scene(tmp_path, Scripted(nonsense)) as stage:
        await stage.reaches("stopped")
        assert [event["type"] for event in await stage.recorded()] == ["feed:rejected", "t:tick"]


async def plans_to_end(context: FeedContext) -> AsyncIterator[Event]:
    yield tick(1)
    raise FeedBroken("the source ended the connection, as planned", planned=True)


async def test_after_a_planned_end_it_comes_back_at_once_and_shows_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "SETTLED", -1.0)
    monkeypatch.setattr(runner_module, "backoff", lambda: iter(lambda: 3600.0, None))
    feed = Scripted(plans_to_end, plans_to_end)
    async with scene(tmp_path, feed) as stage:
        await stage.reaches("live", "connecting", "live", "connecting")
        assert {status.state for status in stage.statuses} == {"connecting", "live"}


async def test_planned_ends_one_after_the_other_are_no_busy_loop(tmp_path: Path) -> None:
    feed = Scripted(plans_to_end)
    async with scene(tmp_path, feed) as stage:
        status = await stage.reaches("live", "waiting")
        assert status.attempt == 1


async def test_two_feeds_share_a_connection(tmp_path: Path) -> None:
    feed = Scripted(breaks)
    async with scene(tmp_path, feed, "one", "two") as stage:
        await stage.reaches("live", "waiting")
        assert [(event["feed"], event["offset"]) for event in await stage.recorded()] == [("one", 1), ("two", 2)]
        assert await stage.log.cursors() == {"one": "after 1", "two": "after 1"}
        assert {status.feed for status in stage.statuses if status.state == "waiting"} == {"one", "two"}
        assert feed.cursors in ([None], [None, "after 1"])


class OtherWay(Scripted):
    transport: ClassVar[str] = "other"


async def refuses(context: FeedContext) -> AsyncIterator[Event]:
    for number in range(0):
        yield tick(number)
    raise FeedBroken("refused")


async def says_nothing(context: FeedContext) -> AsyncIterator[Event]:
    await asyncio.Event().wait()
    yield tick(0)


async def tells_three(context: FeedContext) -> AsyncIterator[Event]:
    for number in (1, 2, 3):
        yield tick(number)
    await asyncio.Event().wait()


async def test_it_falls_back_at_once_and_says_why(tmp_path: Path) -> None:
    feed = Scripted(refuses)
    feed.fallbacks = [OtherWay(fails), OtherWay(tells_three)]
    async with scene(tmp_path, feed) as stage:
        status = await stage.reaches("live")
        assert (status.transport, status.fallback) == ("other", "script: refused")
        assert {status.state for status in stage.statuses} == {"connecting", "live"}


async def test_a_way_that_swallows_everything_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = Scripted(says_nothing)
    feed.patience = 0.01
    feed.fallbacks = [OtherWay(tells_three)]
    async with scene(tmp_path, feed) as stage:
        status = await stage.reaches("live")
        assert (status.transport, status.fallback) == ("other", "script: no sign of life for 0.01 s")


async def test_it_climbs_back_and_what_both_ways_tell_is_one_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ladder_module, "CLIMB_FIRST", 0.02)

    async def comes_back(context: FeedContext) -> AsyncIterator[Event]:
        for number in (2, 3, 4):
            yield tick(number)
        await asyncio.Event().wait()

    feed = Scripted(refuses, comes_back)
    other = OtherWay(tells_three)
    feed.fallbacks = [other]
    async with scene(tmp_path, feed) as stage:
        await stage.reaches("live", "connecting", "live")
        last = stage.statuses[-1]
        assert (last.transport, last.fallback) == ("script", "")
        assert [event["data"] for event in await stage.recorded()] == [{"n": n} for n in (1, 2, 3, 4)]


async def test_when_every_way_failed_for_good_it_waits_for_a_person(tmp_path: Path) -> None:
    feed = Scripted(fails)
    feed.fallbacks = [OtherWay(fails)]
    async with scene(tmp_path, feed) as stage:
        status = await stage.reaches("failed")
        assert status.retry_at is None
        stage.runner.reconnect()
        await stage.reaches("failed", "connecting")
