"""The WebSocket transport against the ``ws`` library of npm: what it sends, compressed or not, and how it ends."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.transports import websocket
from node import NodeServer, node
from replicas import failure, take


def at(server: NodeServer, *orders: str) -> str:
    return f"ws://127.0.0.1:{server.port}/{'/'.join(orders)}"


async def test_text_binary_fragments_with_a_ping_between_and_large_messages() -> None:
    async with node("websocket") as server:
        messages = await take(websocket.connect(at(server, "text", "binary", "fragments", "large")), 4)
        assert server.of("agreed") == [""]  # it does not compress
    text, binary, fragments, large = (message.data for message in messages)
    assert text == "größe".encode()
    assert binary == b"\x00\xff\x80\n"
    assert msgspec.json.decode(fragments) == {"größe": "東京"}
    assert len(large) == 300_010


@pytest.mark.parametrize(
    ("deflate", "agreed"),
    [
        (True, "permessage-deflate"),
        ({"serverNoContextTakeover": True, "threshold": 0}, "server_no_context_takeover"),
        ({"clientNoContextTakeover": True, "threshold": 0}, "client_no_context_takeover"),
        ({"clientMaxWindowBits": 9, "threshold": 0}, "client_max_window_bits=9"),
    ],
)
async def test_compression_in_each_way(deflate: Any, agreed: str) -> None:
    async with node("websocket", deflate=deflate) as server:
        orders = at(server, "repeated", "large", "fragments", "echo")
        messages = await take(websocket.connect(orders, send=["ü" * 500]), 203)
        assert agreed in server.of("agreed")[0]
    assert [msgspec.json.decode(message.data)["number"] for message in messages[:200]] == list(range(200))
    assert len(messages[200].data) == 300_010
    assert messages[202].data == ("ü" * 500).encode()


async def test_a_server_that_compresses_and_a_feed_that_does_not_want_it() -> None:
    async with node("websocket", deflate=True) as server:
        messages = await take(websocket.connect(at(server, "large"), compression=False), 1)
        assert server.of("agreed") == [""]
    assert len(messages[0].data) == 300_010


async def test_a_small_message_that_unpacks_to_a_large_one_is_refused() -> None:
    async with node("websocket", deflate=True) as server:
        _, error = await failure(websocket.connect(at(server, "large"), max_size=100_000))
    assert isinstance(error, FeedBroken)
    assert "over 100,000 bytes" in str(error)


async def test_the_subprotocol_agreed_on_is_known() -> None:
    async with node("websocket", protocol="v2") as server:
        connection = websocket.connect(at(server, "text"), subprotocols=["v1", "v2"])
        async with connection as messages:
            assert messages.subprotocol == "v2"
            assert (await anext(messages)).data == "größe".encode()


async def test_a_server_that_wants_none_of_our_subprotocols() -> None:
    async with node("websocket", protocol=False) as server:
        _, error = await failure(websocket.connect(at(server, "text"), subprotocols=["v1", "v2"]))
    assert isinstance(error, FeedFailed)
    assert "agrees to none of the subprotocols v1, v2" in str(error)
    assert "subprotocols" in error.hint


async def test_the_first_ping_goes_out_at_once() -> None:
    async with node("websocket") as server, websocket.connect(at(server), ping_every=3600):
        await server.tells("ping")


@pytest.mark.parametrize(
    ("order", "words", "planned"),
    [
        ("close", "(1005, without a reason)", True),
        ("close:1000:bye%20now", "(1000, done for now): bye now", True),
        ("close:1001", "(1001, going away for now)", True),
        ("close:1012:deploy", "(1012, it restarts): deploy", True),
        ("close:1011", "(1011, it has trouble of its own)", False),
        ("close:4321:no%0Aidea", "(4321): no idea", False),
        ("terminate", "broke off", False),
    ],
)
async def test_each_end_is_a_break_in_words(order: str, words: str, planned: bool) -> None:
    async with node("websocket") as server:
        messages, error = await failure(websocket.connect(at(server, "text", order)))
    assert isinstance(error, FeedBroken)
    assert words in str(error)
    assert error.planned is planned
    assert len(messages) == 1 or order == "terminate"
