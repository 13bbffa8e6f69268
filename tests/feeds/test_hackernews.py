from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.event import REJECTED, Event
from collab_dash.feed import FeedContext
from collab_dash.testing import NETWORK_FAULTS, FeedConformance, collect
from collab_dash_feeds import hackernews
from collab_dash_feeds.hackernews import HackerNewsFeed
from firebase import Firebase, put
from sources import NOT_MESSAGES, check_pane, check_recordable, mutated, samples

SAMPLES = samples("hackernews")
STORY, COMMENT, JOB, POLL, DELETED = SAMPLES
KEEP_ALIVE = "event: keep-alive\ndata: null\n\n"


def opened(feed: HackerNewsFeed, context: FeedContext) -> AbstractAsyncContextManager[Any]:
    """Give the events of one connection, which is closed in the end."""
    events: Any = feed.events(context)
    return aclosing(events)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something has happened at the server."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


def story(number: int, **fields: Any) -> dict[str, Any]:
    return {**STORY, "id": number, "title": f"Story {number}", **fields}


def configured(server: Firebase, **options: Any) -> HackerNewsFeed:
    feed = HackerNewsFeed.configure({"url": server.url} | options)
    assert isinstance(feed, HackerNewsFeed)
    return feed


class TestHackerNews(FeedConformance):
    plugin = HackerNewsFeed
    messages = (STORY, COMMENT, JOB, POLL)
    malformed = ("{not JSON", "[]", "5", '{"path":"/","data":"no number"}')
    faults = (*NETWORK_FAULTS, "answer")
    resumes = True

    def upstream(self) -> Firebase:
        return Firebase()

    def options(self, upstream: Firebase) -> dict[str, Any]:
        return {"url": upstream.url, "first": 1}


async def test_new_items_become_events_in_the_order_of_their_numbers() -> None:
    async with Firebase(*SAMPLES) as server:
        story, comment, job, poll, deleted = await collect(configured(server, first=5), FeedContext(name="h"), 5)
    assert (story.type, story.key, story.time) == ("story:create", "8863", 1175714200000)
    assert story.data == {
        "title": "My YC app: Dropbox - Throw away your USB drive",
        "url": "http://www.getdropbox.com/u/2/screencast.html",
        "user": "mara",
        "score": 111,
        "comments": 71,
        "discussion": "https://news.ycombinator.com/item?id=8863",
    }
    assert comment.type == "comment:create"
    assert comment.data["text"] == "Aw shucks, it's really simple: see https://example.org/a > that"
    assert comment.data["title"] == comment.data["text"]
    assert comment.data["url"] == "https://news.ycombinator.com/item?id=8864"
    assert comment.data["parent"] == 8863
    assert (job.type, job.data["title"]) == ("job:create", 'Example Inc. is hiring a "Lisp" hacker')
    assert (poll.type, deleted.type) == ("poll:create", "comment:delete")


async def test_it_follows_the_redirection_to_the_machine_that_has_the_data() -> None:
    async with Firebase(STORY) as server:
        await collect(configured(server, first=1), FeedContext(name="h"), 1)
    paths = [request.path for request in server.requests]
    assert {"/v0/maxitem.json", "/shard/v0/maxitem.json", "/v0/item/8863.json"} <= set(paths)


async def test_a_story_is_told_again_when_its_score_changes_and_only_then() -> None:
    async with (
        Firebase(STORY, COMMENT) as server,
        opened(configured(server, first=2), FeedContext(name="h")) as events,
    ):
        await anext(events)
        await anext(events)
        pending = asyncio.ensure_future(anext(events))
        await until(lambda: server.streaming == {"maxitem", "updates"})
        server.play({**COMMENT, "kids": [1]}, dict(STORY))
        await until(lambda: [request.path for request in server.requests].count("/v0/item/8863.json") == 2)
        server.play({**STORY, "score": 120, "descendants": 72})
        update = await pending
    assert (update.type, update.key, update.time) == ("story:update", "8863", None)
    assert (update.data["score"], update.data["comments"]) == (120, 72)
    assert len([request for request in server.requests if request.path.endswith("8864.json")]) == 1


async def test_changes_may_be_left_out() -> None:
    async with Firebase(STORY) as server:
        await collect(configured(server, first=1, updates=False), FeedContext(name="h"), 1)
    assert not [request for request in server.requests if "updates" in request.path]


async def test_the_database_may_name_changes_as_patches_and_in_part() -> None:
    async with Firebase(STORY, JOB) as server:
        context = FeedContext(name="h", cursor="8865")
        async with opened(configured(server), context) as events:
            pending = asyncio.ensure_future(anext(events))
            await until(lambda: server.streaming == {"maxitem", "updates"})
            server.say("updates", 'event: patch\ndata: {"path":"/","data":{"items/0":8863}}\n\n')
            first = await pending
            server.say("updates", put('{"path":"/items/3","data":8865}'))
            second = await anext(events)
    assert (first.type, second.type) == ("story:update", "job:update")


async def test_only_what_is_wanted_is_told_and_the_cursor_moves_on() -> None:
    context = FeedContext(name="h")
    async with Firebase(STORY, COMMENT, JOB) as server:
        [event] = await collect(configured(server, first=3, kinds=["job"]), context, 1)
    assert (event.type, context.cursor) == ("job:create", "8865")


async def test_what_came_during_an_absence_is_told_and_no_more_than_eight_are_asked_for_at_once() -> None:
    async with Firebase(*(story(number) for number in range(100, 160))) as server:
        events = await collect(configured(server), FeedContext(name="h", cursor="109"), 50)
    assert [event.key for event in events] == [str(number) for number in range(110, 160)]
    assert 2 <= server.most_at_once <= 8


async def test_what_is_too_much_is_left_out_and_said_to_be() -> None:
    context = FeedContext(name="h", cursor="9")
    async with Firebase(*(story(number) for number in range(100, 160))) as server:
        skip, first, *_ = await collect(configured(server, catch_up=20), context, 21)
    assert skip.type == "item:skip"
    assert skip.data == {
        "title": "130 items of the absence are left out: catch_up is 20",
        "from": 10,
        "to": 139,
        "items": 130,
    }
    assert first.key == "140"
    assert context.cursor == "159"


async def test_an_item_that_is_not_there_yet_is_asked_for_again_even_after_a_break() -> None:
    context = FeedContext(name="h", cursor="8863")
    async with Firebase(STORY, JOB) as server:
        [job] = await collect(configured(server), context, 1)
        assert (job.key, context.cursor) == ("8865", "8865 8864")
        server.play(COMMENT)
        [comment] = await collect(configured(server), context, 1)
    assert (comment.type, comment.key, context.cursor) == ("comment:create", "8864", "8865")


@pytest.mark.parametrize("trouble", [(500, b""), (404, b""), (200, b"{half"), (200, b"null"), (200, b"x" * 1_100_000)])
async def test_an_item_in_trouble_is_had_the_next_time(trouble: tuple[int, bytes]) -> None:
    async with Firebase(STORY) as server:
        server.troubled[8863] = [trouble]
        async with opened(configured(server, first=1), FeedContext(name="h")) as events:
            pending = asyncio.ensure_future(anext(events))
            await until(lambda: not server.troubled[8863])
            server.say("maxitem", KEEP_ALIVE)
            event = await pending
    assert event.key == "8863"


async def test_an_item_that_cannot_be_had_is_not_lost_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hackernews, "_PATIENCE", 0.0)
    context = FeedContext(name="h", cursor="8862")
    async with Firebase(STORY, COMMENT) as server:
        server.troubled[8863] = [(503, b"")]
        lost, comment = await collect(configured(server), context, 2)
    assert (lost.type, lost.key, comment.key) == (REJECTED, "8863", "8864")
    assert lost.data["reason"].startswith("item 8863 could not be had: http://127.0.0.1")
    assert "503" in lost.data["reason"]
    assert context.cursor == "8864"


async def test_if_no_item_can_be_had_the_connection_is_broken_and_nothing_is_lost() -> None:
    context = FeedContext(name="h", cursor="99")
    async with Firebase(*(story(number) for number in range(100, 110))) as server:
        server.troubled = {number: [(503, b"")] for number in range(100, 108)}
        with pytest.raises(FeedBroken, match="503"):
            await collect(configured(server), context, 1)
        events = await collect(configured(server), context, 10)
    assert [event.key for event in events] == [str(number) for number in range(100, 110)]


async def test_a_changed_story_that_cannot_be_had_is_noted_and_told_when_it_next_changes() -> None:
    notes: list[str] = []
    context = FeedContext(name="h", note=notes.append)
    async with Firebase(STORY) as server, opened(configured(server, first=1), context) as events:
        await anext(events)
        await until(lambda: server.streaming == {"maxitem", "updates"})
        server.troubled[8863] = [(503, b"")]
        server.play({**STORY, "score": 120}, {**STORY, "score": 121})
        update = await anext(events)
    assert update.data["score"] == 121
    assert [note for note in notes if note.startswith("the changed item 8863 could not be had")]


async def test_what_comes_after_a_first_look_at_nothing_is_not_lost_in_a_break() -> None:
    context = FeedContext(name="h")
    async with Firebase(STORY) as server:
        async with opened(configured(server, first=0), context) as events:
            pending = asyncio.ensure_future(anext(events))
            await until(lambda: context.cursor == "8863")
            server.cut_now()
            with pytest.raises(FeedBroken):
                await pending
        server.play(COMMENT)
        [event] = await collect(configured(server, first=0), context, 1)
    assert event.key == "8864"


@pytest.mark.parametrize("name", ["cancel", "auth_revoked"])
async def test_a_stream_that_may_no_longer_be_read_fails(name: str) -> None:
    async with Firebase(STORY) as server:
        server.unread.append(f'event: {name}\ndata: "why"\n\n')
        with pytest.raises(FeedFailed, match=name):
            await collect(configured(server, first=1), FeedContext(name="h"), 2)


async def test_what_cannot_be_read_before_the_first_number_is_known_makes_no_cursor() -> None:
    context = FeedContext(name="h")
    async with Firebase() as server:
        server.unread.append(put("{half"))
        [event] = await collect(configured(server), context, 1)
    assert (event.type, context.cursor) == (REJECTED, None)


async def test_keep_alives_are_signs_of_life() -> None:
    notes: list[str] = []
    async with Firebase(STORY) as server:
        server.unread.append(KEEP_ALIVE)
        async with opened(configured(server, first=1), FeedContext(name="h", note=notes.append)) as events:
            await anext(events)
            pending = asyncio.ensure_future(anext(events))
            await until(lambda: not "heartbeat" not in notes)
            pending.cancel()
            with suppress(asyncio.CancelledError):
                await pending


@pytest.mark.parametrize(
    "item",
    [
        [],
        "text",
        5,
        {},
        {"id": 8863},
        {"id": True, "type": "story"},
        {"id": 8863, "type": "surprise"},
        {"id": 8863, "type": ["story"]},
        {"id": 7, "type": "story"},
    ],
)
async def test_what_is_no_item_is_kept_and_the_next_is_told(item: Any) -> None:
    async with Firebase(STORY, COMMENT) as server:
        server.items[8863] = item
        first, second = await collect(configured(server), FeedContext(name="h", cursor="8862"), 2)
    assert (first.type, first.key, first.data["raw"]) == (REJECTED, "8863", json.dumps(item))
    assert second.key == "8864"


@pytest.mark.parametrize("message", [*NOT_MESSAGES[2:], '{"path":"/","data":10000000000000}', '{"path":5,"data":-1}'])
@pytest.mark.parametrize("stream", ["maxitem", "updates"])
async def test_what_is_no_change_does_no_harm(stream: str, message: str) -> None:
    async with Firebase(STORY) as server:
        context = FeedContext(name="h", cursor="8862")
        async with opened(configured(server), context) as events:
            assert (await anext(events)).key == "8863"
            server.say(stream, put(message))
            server.play(COMMENT)
            event = await anext(events)
            while event.type == REJECTED:
                event = await anext(events)
    assert (event.key, context.cursor) == ("8864", "8864")


@pytest.mark.parametrize("cursor", ["x", "12 x", "-5", "9" * 30, "{}"])
async def test_a_cursor_that_cannot_be_read_counts_as_none(cursor: str) -> None:
    async with Firebase(STORY) as server:
        [event] = await collect(configured(server, first=1), FeedContext(name="h", cursor=cursor), 1)
    assert event.key == "8863"


@settings(max_examples=15, deadline=None)
@given(st.lists(mutated(SAMPLES), min_size=5, max_size=5), mutated([{"path": "/", "data": {"items": [1, 2]}}]))
def test_mutated_items_and_changes_become_events_that_can_be_recorded(items: list[str], change: str) -> None:
    async def listen() -> list[Event]:
        events: list[Event] = []
        async with asyncio.timeout(10), Firebase(story(6)) as server:
            server.troubled = {number: [(200, raw.encode())] for number, raw in enumerate(items, 1)}
            server.unread.append(put(change))
            server.unread.append("event: cancel\ndata: null\n\n")
            with suppress(FeedError):
                async for event in configured(server).events(FeedContext(name="h", cursor="0")):
                    events.append(event)
        return events

    check_recordable(asyncio.run(listen()))


async def test_its_pane_shows_its_events() -> None:
    async with Firebase(*SAMPLES) as server:
        check_pane(HackerNewsFeed, await collect(configured(server, first=5), FeedContext(name="h"), 5))


@pytest.mark.parametrize("options", [{"kinds": []}, {"kinds": ["user"]}, {"first": -1}, {"url": "hacker-news"}])
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        HackerNewsFeed.configure(options)
