"""The line between a feed and its source, which can go wrong in every way that a network knows."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import Literal

from collab_dash.testing.http_door import response

Trouble = Literal["", "refused", "reset", "half-open", "answer"]
LAST_BYTES = 5


class Line:
    """
    Passes bytes between a feed and its source, whatever they speak, until it is told otherwise.

    Args:
        port: Where the source listens on loopback.

    Attributes:
        port: Where the feed is to connect; it stays the same whatever happens.
        answered: When it answered in the source's place, in seconds of the monotonic clock.

    """

    def __init__(self, port: int) -> None:
        self.port = 0
        self.answered: list[float] = []
        self._there = port
        self._trouble: Trouble = ""
        self._answer = b""
        self._tls: ssl.SSLContext | None = None
        self._server: asyncio.Server | None = None
        self._feeds: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def mend(self, tls: ssl.SSLContext | None = None) -> None:
        """Work, from the next connection on; with a certificate to show, if the line is to be secured."""
        await self._listen(tls)
        self._trouble = ""

    async def refuse(self) -> None:
        """Refuse connections, and cut those that are open."""
        await self._deaf()
        self.cut()

    def reset_in_mid_message(self) -> None:
        """Reset each connection a few bytes before the end of what the source says next."""
        self._trouble = "reset"

    def go_half_open(self) -> None:
        """Pass nothing on any more and tell nobody, as when a host or a wall on the way dies: no FIN, no RST."""
        self._trouble = "half-open"

    def answer(self, status: int, body: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Answer each request with just this, in the source's place."""
        self._trouble = "answer"
        self._answer = response(status, headers or {}, body.encode())
        self.cut()

    async def show(self, tls: ssl.SSLContext | None) -> None:
        """Show another certificate, or none and speak no TLS."""
        await self._listen(tls)
        self.cut()

    async def close(self) -> None:
        """End everything."""
        await self._deaf()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _listen(self, tls: ssl.SSLContext | None) -> None:
        if self._server is not None and tls is self._tls:
            return
        await self._deaf()
        self._tls = tls
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _deaf(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def cut(self) -> None:
        """Cut every open connection."""
        for writer in list(self._feeds):
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._feeds.add(writer)
        try:
            with suppress(asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
                await self._carry(reader, writer)
        finally:
            self._feeds.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._trouble == "answer":
            await reader.readuntil(b"\r\n\r\n")
            self.answered.append(monotonic())
            writer.write(self._answer)
            await writer.drain()
            await reader.read()  # the feed closes first
            return
        from_source, to_source = await asyncio.open_connection("127.0.0.1", self._there)
        ways = (self._onward(reader, to_source), self._back(from_source, writer))
        tasks = [asyncio.ensure_future(way) for way in ways]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            to_source.transport.abort()

    async def _onward(self, reader: asyncio.StreamReader, to_source: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            if self._trouble != "half-open":
                to_source.write(data)
                await to_source.drain()

    async def _back(self, from_source: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dead = False
        while data := await from_source.read(1 << 16):
            dead = dead or self._trouble == "half-open"
            if dead:
                continue
            if self._trouble == "reset":
                writer.write(data[:-LAST_BYTES])
                await writer.drain()
                _reset(writer)
                return
            writer.write(data)
            await writer.drain()
        if dead:
            await asyncio.Event().wait()  # the feed never hears that the source left


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


@asynccontextmanager
async def line_to(port: int, tls: ssl.SSLContext | None = None) -> AsyncIterator[Line]:
    """Give a line that works, to a source on loopback."""
    line = Line(port)
    await line.mend(tls)
    try:
        yield line
    finally:
        await line.close()
