"""The generic event stream feed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pydantic
import pytest

from collab_dash.errors import FeedFailed
from collab_dash.feed import FeedContext
from collab_dash.testing import ReplicaServer, collect
from collab_dash.transports import Message
from collab_dash_feeds.sse import SseFeed


async def test_named_messages_become_events_and_the_cursor_follows() -> None:
    messages = [Message('{"n":1}', event="tick", cursor="a"), Message("7", cursor="b")]
    async with ReplicaServer(messages) as replica:
        context = FeedContext(name="f", environ={"TOKEN": "s3"})
        feed = SseFeed.configure({"url": replica.sse_url, "headers": {"Authorization": "Bearer ${TOKEN}"}})
        first, second = await collect(feed, context, 2)
        assert (first.type, first.data) == ("sse:tick", {"n": 1})
        assert (second.type, second.data) == ("sse:message", {"value": 7})
        assert context.cursor == "b"
        assert replica.requests[0].headers["authorization"] == "Bearer s3"


async def test_the_cursor_moves_with_the_last_event_of_a_message() -> None:
    async with ReplicaServer(
        [Message('{"d":[1,2]}', cursor="a"), Message('{"d":[]}', cursor="b"), '{"d":[3]}']
    ) as replica:
        context = FeedContext(name="f")
        feed = SseFeed.configure({"url": replica.sse_url, "items": "d"})
        stream: Any = feed.events(context)
        async with asyncio.timeout(5), aclosing(stream):
            cursors = [(await anext(stream), context.cursor)[1] for _ in range(3)]
        assert cursors == [None, "a", "3"]


async def test_a_second_run_goes_on_where_the_first_was() -> None:
    async with ReplicaServer([{"n": 1}, {"n": 2}]) as replica:
        feed = SseFeed.configure({"url": replica.sse_url})
        context = FeedContext(name="f")
        await collect(feed, context, 1)
        [event] = await collect(feed, FeedContext(name="f", cursor=context.cursor), 1)
        assert event.data == {"n": 2}


async def test_a_missing_variable_has_failed_by_name() -> None:
    feed = SseFeed.configure({"url": "https://a.example/${SHOP_TOKEN}"})
    with pytest.raises(FeedFailed, match="SHOP_TOKEN"):
        await collect(feed, FeedContext(name="f"), 1)


def test_options_are_checked_and_secrets_are_not_shown() -> None:
    with pytest.raises(pydantic.ValidationError, match="should start with https"):
        SseFeed.configure({"url": "ws://a.example"})
    feed = SseFeed.configure({"url": "https://a.example", "headers": {"X-Key": "secret"}, "silence": 30})
    assert "secret" not in repr(feed.options)
    assert feed.silence == 30
    assert SseFeed.silence is None
