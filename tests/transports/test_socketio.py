"""One Socket.IO connection, to the real server from npm; its faults are those of a relay or a replica before it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from engineio import base_client

import replicas
from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.testing import Relay
from collab_dash.transports import Message, socketio, socketio_client
from node import NodeServer, node


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    assert base_client.connected_clients == []


async def take(connection: socketio.Connection, count: int) -> list[Message]:
    async with asyncio.timeout(10):
        return [await anext(connection) for _ in range(count)]


async def failure(url: str, **options: Any) -> FeedError:
    """Give the error by which a connection cannot be made, or ends."""
    async with asyncio.timeout(10):
        return (await replicas.failure(socketio.connect(url, **options)))[1]


async def test_events_have_their_name_and_their_arguments_as_json() -> None:
    async with node("socketio") as server, socketio.connect(server.url) as connection:
        for given in [
            ["a", {"x": 1}],
            ["b", 1, "two", None],
            ["c"],
            ["d", {"$bytes": "AP8="}],
            ["e", {"$bytes": ""}, 1],
        ]:
            server.tell(emit=given)
        messages = await take(connection, 5)
    assert [(message.event, json.loads(message.data)) for message in messages] == [
        ("a", {"x": 1}),
        ("b", [1, "two", None]),
        ("c", None),
        ("d", {"base64": "AP8="}),
        ("e", [{"base64": ""}, 1]),
    ]
    assert all(message.cursor is None for message in messages)


async def test_it_starts_by_polling_and_changes_to_websocket_and_takes_leave() -> None:
    async with node("socketio") as server:
        async with socketio.connect(f"{server.url}/ignored?room=7", headers={"X-Key": "k"}):
            connected = await server.tells("connected")
            assert connected["way"] == "websocket"
            assert connected["query"]["room"] == "7"
            assert connected["headers"]["x-key"] == "k"
            assert connected["headers"]["user-agent"].startswith("collab-dash/")
        assert await server.tells("left")


@pytest.mark.parametrize(
    ("offered", "wanted", "way"),
    [
        (["polling"], ["polling", "websocket"], "polling"),
        (["websocket"], ["polling", "websocket"], "websocket"),
        (["polling", "websocket"], ["polling"], "polling"),
        (["polling", "websocket"], ["websocket"], "websocket"),
    ],
)
async def test_both_sides_may_restrict_the_transports(offered: list[str], wanted: Any, way: str) -> None:
    async with node("socketio", transports=offered) as server:
        async with socketio.connect(server.url, transports=wanted) as connection:
            assert (await server.tells("connected"))["way"] == way
            server.tell(emit=["tick", 1, {"$bytes": "AP8="}])
            [message] = await take(connection, 1)
            assert json.loads(message.data) == [1, {"base64": "AP8="}]
        assert await server.tells("left")


async def test_a_transport_that_the_server_does_not_offer_is_final() -> None:
    async with node("socketio", transports=["websocket"]) as server:
        error = await failure(server.url, transports=["polling"])
    assert isinstance(error, FeedFailed)
    assert "does not offer this transport" in str(error)


async def test_an_upgrade_that_nobody_answers_leaves_it_polling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socketio_client, "_UPGRADE_TIMEOUT", 0.05)
    async with node("socketio", deaf=True) as server, socketio.connect(server.url) as connection:
        server.tell(emit=["tick", 1])
        assert (await take(connection, 1))[0].data == "1"
        assert (await server.tells("connected"))["way"] == "polling"


async def test_a_namespace_of_its_own_hears_nothing_of_others() -> None:
    async with node("socketio") as server, socketio.connect(server.url, namespace="/desk") as connection:
        server.tell(emit=["tick", "all"])
        server.tell(to=["/desk", "tick", "desk"])
        assert (await take(connection, 1))[0].data == '"desk"'


async def test_an_unknown_namespace_is_final() -> None:
    async with node("socketio") as server:
        error = await failure(server.url, namespace="/nowhere")
    assert isinstance(error, FeedFailed)
    assert "has no namespace /nowhere" in str(error)


async def test_credentials_are_checked_by_the_server() -> None:
    async with node("socketio", token="right one") as server:
        async with socketio.connect(server.url, auth={"token": "right one"}):
            assert (await server.tells("connected"))["auth"] == {"token": "right one"}
        error = await failure(server.url, auth={"token": "secret-token"})
    assert isinstance(error, FeedFailed)
    assert "refuses us: the token … is not known" in str(error)
    assert "auth" in error.hint


async def test_a_refusal_for_now_is_tried_again() -> None:
    async with node("socketio", token="x", status=503) as server:
        assert isinstance(await failure(server.url), FeedBroken)


async def test_a_server_that_asks_for_an_acknowledgement_gets_one() -> None:
    async with node("socketio") as server, socketio.connect(server.url) as connection:
        server.tell(ask=["question", "why"])
        assert (await take(connection, 1))[0].data == '"why"'
        assert await server.tells("acked") == [None]


async def test_what_we_say_is_answered() -> None:
    async with node("socketio") as server, socketio.connect(server.url) as connection:
        await connection.emit("hello", 1, {"a": [True]}, b"\x00\xff")
        heard = (await server.tells("heard"))[:3]
        assert heard == ["hello", 1, {"a": [True]}]
        assert await connection.call("subscribe", "btc") == [None, {"room": "btc", "count": 2}]
        assert await connection.call("nod") == []


async def test_no_answer_is_an_error_in_time() -> None:
    async with node("socketio") as server, socketio.connect(server.url) as connection:
        server.tell(emit=["tick", 1])
        with pytest.raises(FeedBroken, match=r"did not answer 'unheard' within 0\.05 s"):
            await connection.call("unheard", timeout=0.05)
        assert (await take(connection, 1))[0].data == "1"


async def test_only_the_wanted_events_are_taken() -> None:
    async with node("socketio") as server, socketio.connect(server.url, events=["b"]) as connection:
        server.tell(emit=["a", 1])
        server.tell(emit=["b", 2])
        assert [message.event for message in await take(connection, 1)] == ["b"]


async def test_what_comes_with_the_welcome_is_heard() -> None:
    async with node("socketio", hurry=[["a", 1], ["b", 2]]) as server, socketio.connect(server.url) as connection:
        assert [message.event for message in await take(connection, 2)] == ["a", "b"]


@pytest.mark.parametrize("ways", [["polling"], ["websocket"]])
async def test_a_flood_waits_for_who_is_slow_and_nothing_is_lost(ways: Any) -> None:
    async with node("socketio", transports=ways) as server, socketio.connect(server.url, transports=ways) as connection:
        server.tell(flood=["tick", 5000])
        async with asyncio.timeout(10):
            while len(connection._messages) < socketio.QUEUE:
                await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(connection._messages) == socketio.QUEUE
        messages = await take(connection, 5000)
    assert [message.data for message in messages] == [str(number) for number in range(5000)]


async def test_an_answer_is_found_behind_a_full_queue() -> None:
    async with node("socketio") as server, socketio.connect(server.url) as connection:
        server.tell(flood=["tick", 3 * socketio.QUEUE])
        assert await connection.call("subscribe", "a") == [None, {"room": "a", "count": 2}]
        assert len(await take(connection, 3 * socketio.QUEUE)) == 3 * socketio.QUEUE


async def test_a_flood_before_an_answer_has_a_limit() -> None:
    async with node("socketio") as server, socketio.connect(server.url) as connection:
        server.tell(flood=["tick", 20 * socketio.QUEUE])
        with pytest.raises(FeedBroken, match="before its answer"):
            await connection.call("unheard", timeout=15)


async def test_pings_are_signs_of_life() -> None:
    heard = asyncio.Event()
    async with (
        node("socketio", pingInterval=30, pingTimeout=1000) as server,
        socketio.connect(server.url, note=lambda text: heard.set()),
        asyncio.timeout(5),
    ):
        await heard.wait()


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"disconnect": False}, "disconnected us"),
        ({"disconnect": True}, "us|closed"),
        ({"drop": 1}, "closed the|broke off"),
    ],
)
@pytest.mark.parametrize("ways", [["polling"], ["websocket"]])
async def test_the_server_ends_it(order: dict[str, Any], reason: str, ways: Any) -> None:
    async with node("socketio") as server, socketio.connect(server.url, transports=ways) as connection:
        server.tell(emit=["last", 1])
        server.tell(**order)
        assert (await take(connection, 1))[0].event == "last"
        with pytest.raises(FeedBroken, match=reason) as caught:
            await take(connection, 1)
        assert caught.value.planned is ("broke off" not in str(caught.value))


@pytest.mark.parametrize("ways", [["polling"], ["websocket"]])
async def test_a_killed_server_is_found_again_where_it_was(ways: Any) -> None:
    async with node("socketio") as server:
        async with socketio.connect(server.url, transports=ways) as connection:
            await server.kill()
            with pytest.raises(FeedBroken, match=r"broke|refuses"):
                await take(connection, 1)
        error = await failure(server.url)
        assert isinstance(error, FeedBroken)
        assert "refuses connections" in str(error)
        async with node("socketio", port=server.port) as again, socketio.connect(again.url) as connection:
            again.tell(emit=["tick", 1])
            assert len(await take(connection, 1)) == 1


@asynccontextmanager
async def behind_relay(**options: Any) -> AsyncIterator[tuple[NodeServer, Relay, str]]:
    async with node("socketio", **options) as server, Relay("127.0.0.1", server.port) as relay:
        yield server, relay, f"http://127.0.0.1:{relay.port}"


@pytest.mark.parametrize("ways", [["polling"], ["websocket"]])
async def test_a_cut_line_is_broken(ways: Any) -> None:
    async with behind_relay() as (_, relay, url), socketio.connect(url, transports=ways) as connection:
        relay.refuse()  # a poll alone that is cut is simply asked again
        relay.cut_now()
        with pytest.raises(FeedBroken, match=r"broke|refuses"):
            await take(connection, 1)


async def test_a_restarted_server_that_forgot_us_is_broken() -> None:
    async with behind_relay(transports=["polling"]) as (server, _, url):
        async with socketio.connect(url) as connection:
            await server.tells("connected")
            await server.kill()
            async with node("socketio", port=server.port):
                with pytest.raises(FeedBroken, match=r"does not know the connection|broke") as caught:
                    await take(connection, 1)
        assert not isinstance(caught.value, FeedFailed)


RECOVERY = {"maxDisconnectionDuration": 60_000}


async def test_it_goes_on_where_the_server_keeps_the_connections_state() -> None:
    async with behind_relay(connectionStateRecovery=RECOVERY) as (server, relay, url):
        async with socketio.connect(url) as connection:
            server.tell(emit=["tick", 1])
            [first] = await take(connection, 1)
            assert first.data == "1"
            relay.cut_now()
            await server.tells("left")
        server.tell(emit=["tick", 2, "two"])
        server.tell(emit=["tick"])
        async with socketio.connect(url, cursor=first.cursor) as connection:
            second, third = await take(connection, 2)
            assert connection.recovered
        assert (second.data, third.data) == ('[2, "two"]', "null")
        assert (await server.tells("connected", 2))["recovered"] is True
        assert len({first.cursor, second.cursor, third.cursor}) == 3


async def test_a_state_that_is_gone_is_no_error() -> None:
    async with node("socketio", connectionStateRecovery=RECOVERY) as server:
        cursor = str(socketio.Place("gone", "PZZZZZZ"))
        async with socketio.connect(server.url, cursor=cursor) as connection:
            assert not connection.recovered
            server.tell(emit=["tick", 1])
            assert len(await take(connection, 1)) == 1
        async with socketio.connect(server.url, cursor="not ours") as connection:
            assert not connection.recovered


async def test_an_argument_that_looks_like_an_offset_stays_an_argument() -> None:
    async with (
        node("socketio", connectionStateRecovery=RECOVERY) as server,
        socketio.connect(server.url) as connection,
    ):
        for order in ("volatile", "ask", "emit"):
            server.tell(**{order: ["word", "bitcoin"]})
        assert [message.data for message in await take(connection, 3)] == ['"bitcoin"'] * 3


def test_bytes_are_marked() -> None:
    [message] = [socketio.as_message("a", [{"deep": [b"\x00\xff"]}])]
    assert base64.b64decode(json.loads(message.data)["deep"][0]["base64"]) == b"\x00\xff"
