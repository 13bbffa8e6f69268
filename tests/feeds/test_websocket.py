"""The generic WebSocket feed."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pydantic
import pytest

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash_feeds.websocket import WebSocketFeed
from raw_servers import certificate, flush, raw_server, shake_hands


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


async def test_messagepack_becomes_events() -> None:
    moment = datetime(2025, 11, 22, 18, 3, 29, tzinfo=UTC)
    packed = {"rows": [{"id": b"\x01", "at": moment, "price": 1.5}, {"id": 7, "at": 1763834609, "price": 2}]}
    options = {"format": "msgpack", "items": "rows[]", "key": "id", "time": "at", "type": "row:update"}
    async with ReplicaServer([msgspec.msgpack.encode(packed), b"", b"\xc1"]) as replica:
        feed = WebSocketFeed.configure({"url": replica.ws_url} | options)
        first, second, third = await collect(feed, FeedContext(name="f"), 3)
    assert (first.key, first.time) == ("AQ==", 1763834609000)
    assert (second.key, second.time) == ("7", 1763834609000)
    assert first.data == {"id": "AQ==", "at": "2025-11-22T18:03:29Z", "price": 1.5}
    assert third.type == REJECTED
    assert third.data["reason"].startswith("not MessagePack")


async def test_a_source_can_have_codes_of_its_own_that_are_final() -> None:
    async with ReplicaServer() as replica:
        replica.end(4004, "no such market")
        feed = WebSocketFeed.configure({"url": replica.ws_url})
        with pytest.raises(FeedBroken, match="no such market"):
            await collect(feed, FeedContext(name="f"), 1)
        feed = WebSocketFeed.configure({"url": replica.ws_url, "final_codes": [4004]})
        with pytest.raises(FeedFailed, match="no such market"):
            await collect(feed, FeedContext(name="f"), 1)


async def test_compression_is_offered_unless_it_is_turned_off() -> None:
    async with ReplicaServer(["1"]) as replica:
        for more in ({}, {"compression": False}):
            await collect(WebSocketFeed.configure({"url": replica.ws_url} | more), FeedContext(name="f"), 1)
        offered = ["sec-websocket-extensions" in request.headers for request in replica.requests]
    assert offered == [True, False]


async def test_a_source_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await shake_hands(reader, writer)
        protocol.send_text(b"1")
        await flush(protocol, writer)

    tls, authority = certificate("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with raw_server(talk, tls=tls) as where:
        feed = WebSocketFeed.configure({"url": f"wss://{where}/", "ca": "ca.pem"})
        [event] = await collect(feed, FeedContext(name="f", folder=tmp_path), 1)
        assert event.data == {"value": 1}
        with pytest.raises(FeedBroken, match="certificate"):
            await collect(WebSocketFeed.configure({"url": f"wss://{where}/"}), FeedContext(name="f"), 1)


@pytest.mark.parametrize("options", [{"final_codes": [99]}, {"format": "xml"}, {"ping_every": 0}, {"silence": 0}])
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        WebSocketFeed.configure({"url": "wss://a.example"} | options)


class TestWebSocket(FeedConformance):
    plugin = WebSocketFeed
    messages = ({"n": 1}, {"n": 2}, b'{"n": 3}')
    subscribe = 1

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.ws_url, "send": ["subscribe"]}


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


async def test_a_source_that_can_is_asked_to_go_on_where_the_last_message_was() -> None:
    async with ReplicaServer([{"seq": 41}, {"seq": None}, "not json", {"seq": "a b"}]) as replica:
        options = {"url": f"{replica.ws_url}?room=1", "cursor": "seq", "parameter": "since"}
        context = FeedContext(name="w")
        positions = []
        async for event in WebSocketFeed.configure(options).events(context):
            positions.append((event.type, context.cursor))
            if len(positions) == 4:
                break
        assert positions == [
            ("websocket:message", "41"),
            ("websocket:message", "41"),
            (REJECTED, "41"),
            ("websocket:message", "a b"),
        ]
        await collect(WebSocketFeed.configure(options), context, 1)
    assert [request.query for request in replica.requests] == [{"room": "1"}, {"room": "1", "since": "a b"}]
