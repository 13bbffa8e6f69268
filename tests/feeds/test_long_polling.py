"""The generic long polling feed."""

from __future__ import annotations

import asyncio

import pydantic
import pytest

from collab_dash.feed import FeedContext
from collab_dash.testing import ReplicaServer, collect
from collab_dash_feeds.long_polling import LongPollingFeed


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
