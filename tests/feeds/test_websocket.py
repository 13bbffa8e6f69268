"""The generic WebSocket feed."""

from __future__ import annotations

import time

import pytest

from collab_dash.errors import FeedBroken
from collab_dash.event import REJECTED
from collab_dash.feed import FeedContext
from collab_dash.testing import ReplicaServer, collect
from collab_dash_feeds.websocket import WebSocketFeed


async def test_it_subscribes_and_maps() -> None:
    async with ReplicaServer([{"data": [{"id": 1}, {"id": 2}]}], subscribe=1) as replica:
        feed = WebSocketFeed.configure(
            {
                "url": replica.ws_url,
                "send": ['{"op":"subscribe","token":"${TOKEN}"}'],
                "items": "data[]",
                "type": "order:update",
                "key": "id",
            }
        )
        events = await collect(feed, FeedContext(name="f", environ={"TOKEN": "s3"}), 2)
        assert [(event.type, event.key) for event in events] == [("order:update", "1"), ("order:update", "2")]
        assert replica.received == ['{"op":"subscribe","token":"s3"}']


async def test_text_and_bytes_are_alike_and_bad_ones_are_kept() -> None:
    async with ReplicaServer(["{", b'{"a":1}', b"\xff", "[]"]) as replica:
        feed = WebSocketFeed.configure({"url": replica.ws_url})
        events = await collect(feed, FeedContext(name="f"), 4)
        assert [event.type for event in events] == [
            REJECTED,
            "websocket:message",
            REJECTED,
            "websocket:message",
        ]


async def test_a_break_reaches_the_runner() -> None:
    async with ReplicaServer(end=True) as replica:
        with pytest.raises(FeedBroken, match="1000"):
            await collect(WebSocketFeed.configure({"url": replica.ws_url}), FeedContext(name="f"), 1)


async def test_a_flood_is_kept_up_with() -> None:
    message = {"type": "ticker", "id": "BTC-USD", "price": "65000.12", "pad": "x" * 120}
    async with ReplicaServer([message] * 20_000, compression=False) as replica:
        feed = WebSocketFeed.configure({"url": replica.ws_url, "key": "id", "type": "ticker:update"})
        started = time.process_time()
        events = await collect(feed, FeedContext(name="f"), 20_000)
        assert len(events) == 20_000
        assert time.process_time() - started < 5  # generous: sender and receiver share this process


def test_a_dead_connection_is_noticed_after_a_minute_unless_told_otherwise() -> None:
    assert WebSocketFeed.configure({"url": "wss://a.example"}).silence == 60
    assert WebSocketFeed.configure({"url": "wss://a.example", "silence": 5}).silence == 5
