"""The WebSocket transport against the server of the ``websockets`` library, set up in different ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

from collab_dash.errors import FeedFailed
from collab_dash.transports import websocket
from replicas import failure


async def talk(link: ServerConnection) -> None:
    """Say things whole and in pieces, as text and as bytes, after the first message of the client."""
    name = str(await link.recv())

    async def pieces() -> AsyncIterator[str]:
        for character in f"größe of {name}":
            await asyncio.sleep(0)
            yield character

    await link.send("whole")
    await link.send(pieces())
    await link.send([b"\x00", b"", b"\xff"])
    await link.send("")
    await (await link.ping("are you there?"))
    await link.send("lorem ipsum " * 10_000)
    await link.close(1001, "that was all")


SAID = [b"whole", "größe of it".encode(), b"\x00\xff", b"", b"lorem ipsum " * 10_000]


@asynccontextmanager
async def server(**options: Any) -> AsyncIterator[str]:
    async with serve(talk, "127.0.0.1", 0, **options) as running:
        host, port = next(iter(running.sockets)).getsockname()
        yield f"ws://{host}:{port}/"


@pytest.mark.parametrize(
    "options",
    [
        {"compression": None},
        {"compression": "deflate"},
        {"extensions": [ServerPerMessageDeflateFactory(server_no_context_takeover=True)]},
        {"extensions": [ServerPerMessageDeflateFactory(client_no_context_takeover=True, server_max_window_bits=9)]},
    ],
    ids=["plain", "compressed", "no context", "small window"],
)
@pytest.mark.parametrize("compression", [True, False])
async def test_all_that_a_server_can_say_comes_through(options: dict[str, Any], compression: bool) -> None:
    async with asyncio.timeout(10), server(**options) as url:
        messages, error = await failure(websocket.connect(url, send=["it"], compression=compression))
    assert [message.data for message in messages] == SAID
    assert "that was all" in str(error)


@pytest.mark.parametrize(
    ("known", "offered", "chosen"),
    [(["v1", "v2"], ["v2"], "v2"), (["v1"], ["v2", "v1"], "v1"), ([], [], None), (["v1"], [], None)],
)
async def test_the_subprotocol_both_know(known: Sequence[str], offered: Sequence[str], chosen: str | None) -> None:
    def select(link: ServerConnection, offers: Sequence[str]) -> Any:
        return next((offer for offer in offers if offer in known), None)

    async with server(select_subprotocol=select) as url, websocket.connect(url, subprotocols=offered) as messages:
        assert messages.subprotocol == chosen


async def test_no_subprotocol_in_common() -> None:
    async with server(select_subprotocol=lambda link, offers: None) as url:
        _, error = await failure(websocket.connect(url, subprotocols=["v7"]))
    assert isinstance(error, FeedFailed)
    assert "v7" in str(error)
    async with server(subprotocols=["v1"]) as url:  # this library then refuses the handshake by itself
        _, error = await failure(websocket.connect(url, subprotocols=["v7"]))
    assert isinstance(error, FeedFailed)
