"""Feeds that are taken from in the background, while a test does something to the server at the other end."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import trustme

from collab_dash.errors import FeedError
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.testing import Relay

PATIENCE = 10.0


class Taking:
    """
    One connection of a feed that is taken from in the background.

    Attributes:
        context: What it was given; holds its cursor.
        events: What it has yielded.
        notes: What it has noted.

    """

    def __init__(self, feed: Feed[Any], context: FeedContext) -> None:
        self.context = context
        self.events: list[Event] = []
        self.notes: list[str] = []
        self._pulse = asyncio.Event()
        context.note = self._note
        self._task = asyncio.create_task(self._run(feed))

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self._happened()

    def _happened(self, *_: object) -> None:
        self._pulse.set()
        self._pulse = asyncio.Event()

    async def _run(self, feed: Feed[Any]) -> None:
        self._task.add_done_callback(self._happened)
        stream: Any = feed.events(self.context)
        async with aclosing(stream):
            async for event in stream:
                self.events.append(event)
                self._happened()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on it holds; fail with its error if it ends before."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                if self._task.done():
                    self._task.result()
                    raise AssertionError("the feed has ended")
                await self._pulse.wait()

    async def has(self, count: int) -> list[Event]:
        """Wait until it has yielded so many events."""
        await self.until(lambda: len(self.events) >= count)
        return self.events

    async def listens(self) -> None:
        """Wait for its first note: each of these feeds has one when it has subscribed."""
        await self.until(lambda: bool(self.notes))

    async def failure(self) -> FeedError:
        """Wait until it fails."""
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.shield(self._task)
        except FeedError as error:
            return error
        raise AssertionError("the feed has ended without an error")

    async def cancel(self) -> None:
        """End it, as the hub does."""
        self._task.cancel()
        async with asyncio.timeout(1):
            await asyncio.gather(self._task, return_exceptions=True)


@asynccontextmanager
async def taking(feed: Feed[Any], cursor: str | None = None, **environ: str) -> AsyncIterator[Taking]:
    """Take from one connection of a feed for as long as the block runs."""
    running = Taking(feed, FeedContext(name="feed", cursor=cursor, environ=environ, folder=Path.cwd()))
    try:
        yield running
    finally:
        await running.cancel()


async def becomes(condition: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again until the answer is yes."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def tls_front(port: int, folder: Path) -> AsyncIterator[int]:
    """Put TLS before a server that has none; its authority is in ``ca.pem`` of the folder. Give the port."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    relay = Relay("127.0.0.1", port)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await relay.serve(reader, writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]
