"""A relay before a real server, so that its connections can be counted, cut and silenced."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from .loopback import LoopbackServer

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Relay(LoopbackServer):
    """
    Passes bytes between a feed and a real server, whatever they speak, and misbehaves on request.

    An upstream for `FeedConformance` whose faults are `NETWORK_FAULTS`::

        @asynccontextmanager
        async def upstream(self):
            async with Relay("127.0.0.1", redis_port, play=publish) as relay:
                yield relay

    Args:
        host: Where the server is; the path of its socket if `port` is None.
        port: Its TCP port, or None.
        play: Has the server say a message; it may wait until the feed listens.

    """

    def __init__(
        self, host: str, port: int | None, *, play: Callable[..., Awaitable[None] | None] | None = None
    ) -> None:
        super().__init__()
        self._there = (host, port)
        self._play = play
        self._silent = 0
        self._ports: set[int] = set()

    @property
    def ports(self) -> frozenset[int]:
        """The ports from which the server sees the open connections come; by TCP."""
        return frozenset(self._ports)

    @property
    def host(self) -> str:
        """Where the feed is to connect, at `port`."""
        return "127.0.0.1"

    def play(self, *messages: Any) -> Awaitable[None] | None:
        """Have the server say something."""
        if self._play is None:
            raise TypeError("this relay was not told how to play: Relay(…, play=…)")
        return self._play(*messages)

    def go_silent(self, *, times: int = 1) -> None:
        """Pass nothing on to the next clients: they are connected and never hear anything."""
        self._silent += times

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what either side says, until one of them has said everything."""
        silent, self._silent = self._silent > 0, max(self._silent - 1, 0)
        if silent:
            while await reader.read(65536):
                pass
            return
        server_reader, server_writer = await self._reach()
        own = server_writer.get_extra_info("sockname")
        ports = {own[1]} if isinstance(own, tuple) else set()
        self._ports |= ports
        try:
            await _either(_pass(reader, server_writer), _pass(server_reader, writer))
        finally:
            self._ports -= ports
            server_writer.close()

    async def _reach(self) -> Streams:
        host, port = self._there
        return await (asyncio.open_unix_connection(host) if port is None else asyncio.open_connection(host, port))


async def _either(*ways: Any) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
