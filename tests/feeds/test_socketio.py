"""Events of a real Socket.IO server, by options alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pydantic
import pytest

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.event import REJECTED, Event
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, Relay, collect
from collab_dash.testing.upstream import NETWORK_FAULTS
from collab_dash_feeds.socketio import SocketioFeed
from node import NodeServer, node

RECOVERY = {"maxDisconnectionDuration": 60_000}


def feed(server: NodeServer, **options: Any) -> SocketioFeed:
    configured = SocketioFeed.configure({"url": server.url, **options})
    assert isinstance(configured, SocketioFeed)
    return configured


async def events_of(configured: SocketioFeed, server: NodeServer, *orders: dict[str, Any], **given: Any) -> list[Event]:
    """Run a feed, have the server say something once it is there, and give as many events."""
    context = FeedContext(name="desk", **given)
    running = asyncio.ensure_future(collect(configured, context, len(orders)))
    await server.tells("connected")
    for order in orders:
        server.tell(**order)
    return await running


async def failure(configured: SocketioFeed, **environ: str) -> FeedError:
    try:
        await collect(configured, FeedContext(name="desk", environ=environ), 1)
    except FeedError as error:
        return error
    pytest.fail("it did not fail")


async def test_an_events_name_is_its_type_and_its_arguments_the_data() -> None:
    async with node("socketio") as server:
        events = await events_of(
            feed(server),
            server,
            {"emit": ["price", {"id": 7, "price": 1.5}]},
            {"emit": ["order:Update", {"id": 8}]},
            {"emit": ["New Message!", "hi", 2]},
            {"emit": ["photo", {"$bytes": "AP8="}]},
            {"emit": ["nothing"]},
        )
    assert [(event.type, event.key, event.data) for event in events] == [
        ("socketio:price", None, {"id": 7, "price": 1.5}),
        ("order:update", None, {"id": 8}),
        ("socketio:new-message", None, {"value": ["hi", 2]}),
        ("socketio:photo", None, {"base64": "AP8="}),
        ("socketio:nothing", None, {"value": None}),
    ]


async def test_mapping_picks_items_types_keys_and_times() -> None:
    mapping = {"items": "[1].rows[]", "type": "trade:{side}", "key": "id", "time": "at"}
    async with node("socketio") as server:
        order = {"emit": ["batch", "BTC", {"rows": [{"id": 1, "side": "buy", "at": 1767323045}]}]}
        [event] = await events_of(feed(server, **mapping), server, order)
    assert (event.type, event.key, event.time) == ("trade:buy", "1", 1767323045000)


async def test_text_is_taken_as_it_is() -> None:
    async with node("socketio") as server:
        orders = ({"emit": ["line", "not json"]}, {"emit": ["line", {"a": 1}]})
        events = await events_of(feed(server, format="text"), server, *orders)
    assert [event.data for event in events] == [{"value": "not json"}, {"value": '{"a": 1}'}]


async def test_only_the_wanted_events_are_told() -> None:
    async with node("socketio") as server:
        order = {"emit": ["b", 2]}
        [event] = await events_of(feed(server, events=["b"]), server, {"emit": ["a", 1]} | order)
    assert event.type == "socketio:b"


async def test_namespace_auth_and_headers_come_from_options_and_environment() -> None:
    options = {
        "namespace": "desk",
        "auth": {"token": "${TOKEN}", "deep": [{"more": "a ${TOKEN}"}]},
        "headers": {"X-Key": "${TOKEN}"},
    }
    async with node("socketio", token="secret") as server:
        order = {"to": ["/desk", "tick", 1]}
        assert len(await events_of(feed(server, **options), server, order, environ={"TOKEN": "secret"})) == 1
        connected = server.of("connected")[0]
        assert connected["auth"] == {"token": "secret", "deep": [{"more": "a secret"}]}
        assert connected["headers"]["x-key"] == "secret"
        assert "secret" not in repr(feed(server, auth={"token": "secret"}).options)
        error = await failure(feed(server, **options))
        assert isinstance(error, FeedFailed)
        assert "TOKEN is not set" in str(error)
        error = await failure(feed(server, **options), TOKEN="wrong-one")
        assert "refuses us: the token … is not known" in str(error)


async def test_what_is_to_be_said_is_said_and_an_answer_is_an_event() -> None:
    emit = [
        {"event": "hello", "args": [1, {"room": "${ROOM}"}]},
        {"event": "nod", "ack": True},
        {"event": "subscribe", "args": ["btc"], "ack": True},
    ]
    async with node("socketio") as server:
        context = FeedContext(name="desk", environ={"ROOM": "r1"})
        [event] = await collect(feed(server, emit=emit, key="room"), context, 1)
        assert server.of("heard") == [["hello", 1, {"room": "r1"}], ["nod"], ["subscribe", "btc"]]
    assert (event.type, event.key, event.data) == ("socketio:subscribe", "btc", {"room": "btc", "count": 2})


@pytest.mark.parametrize(("event", "words"), [("refuse", "no such room"), ("fail", "not allowed")])
async def test_an_answer_that_refuses_fails(event: str, words: str) -> None:
    async with node("socketio") as server:
        error = await failure(feed(server, emit=[{"event": event, "ack": True}]))
    assert isinstance(error, FeedFailed)
    assert f"refuses {event!r}: {words}" in str(error)
    assert "emit" in error.hint


async def test_it_goes_on_after_a_break_where_the_server_can() -> None:
    async with (
        node("socketio", connectionStateRecovery=RECOVERY) as server,
        Relay("127.0.0.1", server.port) as relay,
    ):
        configured = feed(server, url=f"http://127.0.0.1:{relay.port}")
        context = FeedContext(name="desk")
        stream: Any = configured.events(context)
        waiting = asyncio.ensure_future(anext(stream))
        await server.tells("connected")
        server.tell(emit=["tick", 1])
        assert (await waiting).data == {"value": 1}
        relay.cut_now()
        with pytest.raises(FeedBroken):
            await anext(stream)
        await server.tells("left")
        server.tell(emit=["tick", 2])
        [event] = await collect(configured, context, 1)
        assert event.data == {"value": 2}


async def test_what_json_cannot_hold_is_kept() -> None:
    async with node("socketio") as server:
        [event] = await events_of(feed(server), server, {"emit": ["tick", "\ud800"]})
    assert event.type in {REJECTED, "socketio:tick"}


@pytest.mark.parametrize(
    "options",
    [
        {"transports": []},
        {"transports": ["pigeon"]},
        {"events": ["connect"]},
        {"emit": [{"event": ""}]},
        {"emit": [{"event": "disconnect"}]},
        {"emit": [{"event": "a", "nack": True}]},
        {"emit": ["a"]},
        {"namespace": "/a,b"},
        {"url": "ws://x"},
        {"silence": 0},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        SocketioFeed.configure({"url": "http://x", **options})


class TestConformance(FeedConformance):
    """Against the real server, behind a relay."""

    plugin = SocketioFeed
    messages = tuple({"id": number, "price": number / 2} for number in range(1, 5))
    malformed = ()
    faults = NETWORK_FAULTS
    resumes = False

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Relay]:
        async with node("socketio") as server:

            def play(*messages: Any) -> None:
                for message in messages:
                    server.tell(deliver=["price", message])

            async with Relay("127.0.0.1", server.port, play=play) as relay:
                yield relay

    def options(self, upstream: Relay) -> dict[str, Any]:
        return {"url": f"http://127.0.0.1:{upstream.port}", "key": "id"}
