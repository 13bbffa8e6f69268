"""A hub that says what a test lets it say, on a real link."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from websockets.asyncio.server import ServerConnection, serve

from collab_dash.wire import Welcome, encode_ok

Talk = Callable[[ServerConnection], Awaitable[None]]


@asynccontextmanager
async def hub_that(talk: Talk) -> AsyncIterator[str]:
    """Serve links for as long as the block runs; gives a link to join by. `talk` begins after the hello."""

    async def one(socket: ServerConnection) -> None:
        await socket.recv()
        await talk(socket)

    async with serve(one, "127.0.0.1", 0, compression=None, max_size=None, close_timeout=0.1) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"http://127.0.0.1:{port}/#t"


async def welcome(socket: ServerConnection, **changes: Any) -> None:
    """Answer the hello."""
    usual = Welcome(session="t", epoch="e", offset=0, role="host", client="c", recovered=True, ping=20.0)
    await socket.send(encode_ok(0, msgspec.structs.replace(usual, **changes)), text=True)


async def stay(socket: ServerConnection) -> None:
    """Say nothing more until the other end goes."""
    await socket.wait_closed()
