"""The generic long polling feed."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Any, ClassVar

import pydantic
import pytest

from collab_dash.event import REJECTED
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash_feeds.long_polling import LongPollingFeed
from raw_http import raw_server, whole
from replicas import until_noted


@pytest.mark.parametrize("source", ["cursor", "header:X-Cursor", "to_string(cursor)"])
async def test_the_cursor_is_taken_from_where_the_options_say(source: str) -> None:
    async with ReplicaServer([{"id": 1}, {"id": 2}]) as replica, asyncio.TaskGroup() as group:
        feed = LongPollingFeed.configure(
            {"url": replica.long_poll_url, "cursor": source, "items": "items", "key": "id"}
        )
        context = FeedContext(name="f")
        three = group.create_task(collect(feed, context, 3))
        await replica.until(lambda: len(replica.requests) == 2)
        replica.play({"id": 3})
        assert [event.key for event in await three] == ["1", "2", "3"]
        assert [request.query.get("cursor") for request in replica.requests] == [None, "2"]
        assert context.cursor == "3"


async def test_etags_need_no_parameter() -> None:
    async with ReplicaServer([{"id": 1}]) as replica:
        feed = LongPollingFeed.configure({"url": replica.poll_url, "cursor": "etag"})
        context = FeedContext(name="f")
        [event] = await collect(feed, context, 1)
        assert event.type == "long-polling:message"
        assert context.cursor is not None
        assert context.cursor.startswith('"')


def test_a_bad_path_for_the_cursor_is_refused() -> None:
    with pytest.raises(pydantic.ValidationError, match="not JMESPath"):
        LongPollingFeed.configure({"url": "https://a.example", "cursor": "a["})


async def test_a_source_whose_cursor_moves_without_news_is_asked_less_and_less_often() -> None:
    numbers = itertools.count()
    quiet = asyncio.Event()

    async def play(request: object, writer: asyncio.StreamWriter) -> None:
        number = next(numbers)
        if number == 2:
            quiet.set()
        writer.write(whole(f'{{"items":[],"cursor":{number}}}'))

    async with raw_server(play) as server:
        feed = LongPollingFeed.configure({"url": server.url, "items": "items"})
        context = FeedContext(name="f")
        begun = time.monotonic()
        notes: list[str] = []
        context.note = notes.append
        waiting = asyncio.ensure_future(collect(feed, context, 1))
        async with asyncio.timeout(15):
            await quiet.wait()
        waiting.cancel()
        await asyncio.wait({waiting})
        assert time.monotonic() - begun > 0.5 + 1
    assert set(notes) == {"no news"}
    assert context.cursor is not None  # upstream moved on, and that is kept


async def test_the_cursor_moves_with_an_answer_that_holds_nothing() -> None:
    async def play(request: object, writer: asyncio.StreamWriter) -> None:
        writer.write(whole('{"items":[],"cursor":"7"}'))

    async with raw_server(play) as server:
        context = FeedContext(name="f")
        await until_noted(LongPollingFeed.configure({"url": server.url, "items": "items"}), context)
    assert context.cursor == "7"


async def test_an_answer_that_is_no_json_is_kept_and_ends_nothing() -> None:
    async with ReplicaServer([{"id": 1}]) as replica:
        replica.answer(200, "{not JSON", headers={"X-Cursor": "0"})
        options = {"url": replica.long_poll_url, "cursor": "header:X-Cursor", "items": "items", "key": "to_string(id)"}
        kept, event = await collect(LongPollingFeed.configure(options), FeedContext(name="f"), 2)
    assert (kept.type, kept.data["raw"]) == (REJECTED, "{not JSON")
    assert event.key == "1"


class TestLongPolling(FeedConformance):
    plugin = LongPollingFeed
    messages: ClassVar = [{"id": 1, "v": "a"}, {"id": 2, "v": "b"}, {"id": 3, "v": "a"}]
    malformed = ()  # the replica puts what is no JSON into its list as text
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.long_poll_url, "items": "items", "key": "to_string(id)"}
