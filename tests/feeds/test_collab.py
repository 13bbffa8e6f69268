"""Another session's events as a feed: with a real hub at the other end, and often a real one at this end too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from collab_dash import Session, join
from collab_dash.announcement import Announcement
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event, Position
from collab_dash.feed import FeedContext
from collab_dash.hub import runner, subscriber
from collab_dash.peer.session import Events, Knocks
from collab_dash.server.process import Terms
from collab_dash.testing import NETWORK_FAULTS, FeedConformance, Relay, collect
from collab_dash.wire import LET_IN, FeedStatus
from collab_dash_feeds import collab
from collab_dash_feeds.collab import CollabFeed
from hubs import hub_of, link, publish, stop, take_events, until, workspace_at
from replicas import until_noted


def feed(url: str, **options: Any) -> CollabFeed:
    configured = CollabFeed.configure({"url": url, **options})
    assert isinstance(configured, CollabFeed)
    return configured


def numbers(events: list[Event]) -> list[int]:
    return [event.data["n"] for event in events]


@asynccontextmanager
async def upstream(folder: Path) -> AsyncIterator[tuple[Announcement, Session]]:
    """Serve the other session, and join it as the one who publishes there."""
    folder.mkdir(exist_ok=True)
    async with hub_of(workspace_at(folder)) as hub, join(link(hub)) as publisher:
        yield hub, publisher


def follower(folder: Path, name: str = "here") -> Any:
    """Describe a session that has another one, whose link is in the environment, as its feed."""
    folder.mkdir(exist_ok=True)
    return workspace_at(folder, f'[session]\nname = "{name}"\n[feeds.other]\nuse = "collab"\nurl = "${{OTHER}}"\n')


async def joined(session: Session, state: str = "live") -> FeedStatus:
    update = await until(session, lambda update: isinstance(update, FeedStatus) and update.state == state)
    assert isinstance(update, FeedStatus)
    return update


class OtherSession(Relay):
    """The way to a hub, through which events are published, too."""

    def __init__(self, hub: Announcement, publisher: Session) -> None:
        super().__init__("127.0.0.1", int(hub.url.rpartition(":")[2]), play=self.publish)
        self.link = f"http://127.0.0.1:{{port}}/#{hub.viewer}"
        self._publisher = publisher

    async def publish(self, *numbers: int) -> None:
        for number in numbers:
            await publish(self._publisher, number)


class TestCollab(FeedConformance):
    plugin = CollabFeed
    messages = (1, 2, 3, 4)
    malformed = ()  # a hub checks what it records
    faults = NETWORK_FAULTS
    resumes = True
    notices_silence = "the link pings, and a hub has five seconds to answer"

    @pytest.fixture(autouse=True)
    def _in_folder(self, tmp_path: Path) -> None:
        self.path = tmp_path

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[OtherSession]:
        self.path /= "again"  # another log each time
        async with upstream(self.path) as (hub, publisher), OtherSession(hub, publisher) as relay:
            self.start = str(Position(hub.epoch, 0))
            yield relay

    def options(self, upstream: OtherSession) -> dict[str, Any]:
        return {"url": upstream.link.format(port=upstream.port)}

    def context(self, *, cursor: str | None = None, **given: Any) -> FeedContext:
        """Begin with the log's first event: a first look would begin at whatever is its present."""
        return super().context(cursor=cursor or self.start, **given)


async def test_events_keep_type_key_time_and_data_and_the_cursor_is_their_position(tmp_path: Path) -> None:
    async with upstream(tmp_path) as (hub, publisher):
        context = FeedContext(name="other", cursor=str(Position(hub.epoch, 0)))
        event = {"feed": "btc", "type": "ticker:update", "key": "BTC-USD", "time": 5, "data": {"price": 7}}
        await publisher.request("feed:publish", event)
        [relayed] = await collect(feed(link(hub, "viewer")), context, 1)
    assert relayed == Event(type="ticker:update", key="BTC-USD", time=5, data={"price": 7})
    assert context.cursor == f"{hub.epoch}:1"


async def test_a_first_look_starts_at_the_present_and_that_is_a_position_too(tmp_path: Path) -> None:
    async with upstream(tmp_path) as (hub, publisher):
        await publish(publisher, 0)
        context = FeedContext(name="other")
        await until_noted(feed(link(hub)), context)
        assert context.cursor == f"{hub.epoch}:1"
        await publish(publisher, 1)
        assert numbers(await collect(feed(link(hub)), context, 1)) == [1]


async def test_every_cursor_resumes_with_the_next_event(tmp_path: Path) -> None:
    async with upstream(tmp_path) as (hub, publisher):
        for number in range(6):
            await publish(publisher, number, "ab"[number % 2])
        context = FeedContext(name="other", cursor=f"{hub.epoch}:0")
        for number in range(6):
            assert numbers(await collect(feed(link(hub)), context, 1)) == [number]


async def test_only_the_wanted_feeds_come(tmp_path: Path) -> None:
    async with upstream(tmp_path) as (hub, publisher):
        for number, name in enumerate("aabab"):
            await publish(publisher, number, name)
        context = FeedContext(name="other", cursor=f"{hub.epoch}:0")
        assert numbers(await collect(feed(link(hub), feeds=["b"]), context, 2)) == [2, 4]


@pytest.mark.parametrize("feeds", [["*"], ["a"]])
async def test_what_the_other_hub_leaves_out_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, feeds: list[str]
) -> None:
    monkeypatch.setattr(subscriber, "REPLAY_LIMIT", 20)
    monkeypatch.setattr(subscriber, "REPLAY_PAGE", 5)
    monkeypatch.setattr(collab, "_PAGE", 7)
    async with upstream(tmp_path) as (hub, publisher):
        for number in range(60):
            await publish(publisher, number, "ab"[number % 2])
        wanted = list(range(3, 60)) if feeds == ["*"] else list(range(4, 60, 2))
        context = FeedContext(name="other", cursor=f"{hub.epoch}:3")
        assert numbers(await collect(feed(link(hub), feeds=feeds), context, len(wanted))) == wanted


async def test_another_log_is_started_at_its_present_and_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with upstream(tmp_path) as (hub, publisher):
        await publish(publisher, 0)
        context = FeedContext(name="other", cursor="another:7")
        await until_noted(feed(link(hub)), context)
        assert context.cursor == f"{hub.epoch}:1"
    assert "another log" in caplog.text


@pytest.mark.parametrize("cursor", ["", "nonsense", "x:", ":1", "x:-1", "x:²"])
async def test_a_cursor_that_is_not_ours_counts_as_none(tmp_path: Path, cursor: str) -> None:
    async with upstream(tmp_path) as (hub, _):
        context = FeedContext(name="other", cursor=cursor)
        await until_noted(feed(link(hub)), context)
        assert context.cursor == f"{hub.epoch}:0"


async def test_a_lost_link_is_a_break_that_says_where_and_why(tmp_path: Path) -> None:
    async with upstream(tmp_path) as (hub, _):
        ready = asyncio.Event()
        context = FeedContext(name="other", note=lambda text: ready.set())
        running = asyncio.create_task(collect(feed(link(hub)), context, 1))
        await ready.wait()
        await stop(hub)
        with pytest.raises(FeedBroken, match=r"http://127\.0\.0\.1:\d+: .*going down"):
            await running


async def test_a_hub_that_is_not_there_is_a_break() -> None:
    with pytest.raises(FeedBroken, match="no hub listens there") as caught:
        await collect(feed("http://127.0.0.1:9/#secret"), FeedContext(name="other"), 1)
    assert "secret" not in f"{caught.value} {caught.value.hint}"


async def test_a_hub_that_says_nothing_is_a_break(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab_dash.peer.connection.OPEN_TIMEOUT", 0.05)
    async with upstream(tmp_path) as (hub, publisher), OtherSession(hub, publisher) as relay:
        relay.go_silent()
        with pytest.raises(FeedBroken, match="cannot reach"):
            await collect(feed(relay.link.format(port=relay.port)), FeedContext(name="other"), 1)


async def test_a_wrong_token_is_final_and_not_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with upstream(tmp_path) as (hub, _):
        caplog.clear()
        configured = feed(f"{hub.url}/#${{TOKEN}}")
        context = FeedContext(name="other", environ={"TOKEN": "not-the-token"})
        with pytest.raises(FeedFailed, match="wrong token") as caught:
            await collect(configured, context, 1)
    assert caught.value.hint
    assert hub.url in str(caught.value)
    assert "not-the-token" not in f"{caught.value} {caught.value.hint} {configured.options!r}"
    ours = [record for record in caplog.records if not record.name.startswith("websockets")]
    assert "not-the-token" not in "".join(record.getMessage() for record in ours)


@pytest.mark.parametrize("url", ["s3cret", "127.0.0.1:8765/#s3cret", "http:///#s3cret", "http://h:port/#s3cret"])
async def test_what_is_no_link_has_failed_and_is_not_shown(url: str) -> None:
    with pytest.raises(FeedFailed, match="not a session's link") as caught:
        await collect(feed(url), FeedContext(name="other"), 1)
    assert "s3cret" not in f"{caught.value} {caught.value.hint} {feed(url).options!r}"


async def test_an_unset_variable_has_failed_by_name() -> None:
    with pytest.raises(FeedFailed, match="OTHER is not set"):
        await collect(feed("${OTHER}"), FeedContext(name="other"), 1)


async def test_a_hub_follows_another_through_its_restart_without_gap_or_duplicate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "backoff", lambda: iter(lambda: 0.02, None))
    monkeypatch.setenv("OTHER", "http://127.0.0.1:9/#none-yet")
    (tmp_path / "there").mkdir()
    there = workspace_at(tmp_path / "there")
    async with hub_of(follower(tmp_path / "here")) as hub, join(link(hub), since=0) as session:
        async with hub_of(there) as other, join(link(other)) as publisher:
            monkeypatch.setenv("OTHER", link(other, "viewer"))
            await joined(session)
            for number in range(3):
                await publish(publisher, number)
            first = await take_events(session, 3)
        await joined(session, "waiting")
        async with hub_of(there) as other, join(link(other)) as publisher:
            for number in range(3, 6):
                await publish(publisher, number)
            monkeypatch.setenv("OTHER", link(other, "viewer"))
            second = await take_events(session, 3)
    events = first + second
    assert [(event.offset, event.feed, event.type, event.data["n"]) for event in events] == [
        (number + 1, "other", "test:tick", number) for number in range(6)
    ]


async def test_a_hub_that_was_away_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = follower(tmp_path / "here")
    async with upstream(tmp_path / "there") as (other, publisher):
        monkeypatch.setenv("OTHER", link(other))
        async with hub_of(here) as hub, join(link(hub)) as session:
            await joined(session)
            await publish(publisher, 0)
            await take_events(session, 1)
        for number in range(1, 4):
            await publish(publisher, number)
        async with hub_of(here) as hub, join(link(hub), since=0) as session:
            assert numbers(await take_events(session, 4)) == [0, 1, 2, 3]


async def test_two_sessions_that_follow_each_other_do_not_echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "backoff", lambda: iter(lambda: 0.02, None))
    there = workspace_at(tmp_path, '[session]\n[feeds.back]\nuse = "collab"\nurl = "${BACK}"\n')
    monkeypatch.setenv("BACK", "http://127.0.0.1:9/#none-yet")
    async with hub_of(there) as other:
        monkeypatch.setenv("OTHER", link(other))
        async with hub_of(follower(tmp_path / "here")) as hub, join(link(hub)) as ours, join(link(other)) as theirs:
            monkeypatch.setenv("BACK", link(hub))
            await joined(ours)
            await joined(theirs)
            await publish(ours, 1)
            await publish(theirs, 2)
            assert sorted(numbers(await take_events(ours, 2))) == [1, 2]
            assert sorted(numbers(await take_events(theirs, 2))) == [1, 2]
            await publish(ours, 3)
            last = await until(ours, lambda update: isinstance(update, Events))
            assert isinstance(last, Events)
            assert numbers(last.events) == [3]
            assert last.events[0].offset == 3


async def test_it_waits_at_a_door_and_is_known_when_it_comes_back(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path), Terms(approve=True)) as hub, join(link(hub)) as host:
        follows, context = feed(link(hub, "viewer")), FeedContext(name="other")
        notes: asyncio.Queue[str] = asyncio.Queue()
        context.note = notes.put_nowait
        collecting = asyncio.create_task(collect(follows, context, 1))
        assert await notes.get() == "waiting for the host there to let it in"
        knocks = await until(host, lambda update: isinstance(update, Knocks) and bool(update.knocks))
        assert isinstance(knocks, Knocks)
        await host.request(LET_IN, {"client": knocks.knocks[0].client, "yes": True})
        assert await notes.get() == "joined test as viewer"
        await publish(host, 1)
        assert numbers(await collecting) == [1]
        await publish(host, 2)
        assert numbers(await collect(follows, context, 1)) == [2]
