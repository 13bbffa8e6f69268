"""One source for each transport, all told the same: numbered items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from collab_dash.testing import ReplicaServer
from node import NodeServer, node

SECRET = "hush-hush"  # in every address and header; nobody is to be told
SILENCE = 0.4
POLLING, LONG_POLLING, SSE, WEBSOCKET = "polling", "long-polling", "sse", "websocket"
JSON_LINES, JSON_LINES_PLACED, SOCKETIO = "json-lines", "json-lines-with-positions", "socketio"


class Upstream(ABC):
    """A source on loopback."""

    port: int

    @abstractmethod
    def tell(self, *numbers: int) -> None:
        """Say something new: items with these numbers."""


class Replica(Upstream):
    """A source played by a replica."""

    def __init__(self, replica: ReplicaServer, *, whole: bool) -> None:
        self.port = replica.port
        self._replica = replica
        self._whole = whole
        self._told: list[dict[str, int]] = []

    def tell(self, *numbers: int) -> None:
        """Play each, or play the document that lists all so far."""
        items = [{"id": number} for number in numbers]
        self._told += items
        if self._whole:
            self._replica.play(list(self._told))
        else:
            self._replica.play(*items)


class Node(Upstream):
    """A source played by a server from npm."""

    def __init__(self, server: NodeServer) -> None:
        self.port = server.port
        self._server = server

    def tell(self, *numbers: int) -> None:
        """Emit each to whoever is connected."""
        for number in numbers:
            self._server.tell(emit=["tick", {"id": number}])


@dataclass(frozen=True)
class Transport:
    """
    How a feed is configured for a kind of source, and what can be expected of it.

    Args:
        plugin: The feed plugin.
        path: The address behind the port.
        scheme: ``http`` or ``ws``; an ``s`` is added where the line is secured.
        options: Further options, as TOML.
        silence: Whether it has an option of this name.
        resends: Whether the source can say again what came while nobody listened.

    """

    plugin: str
    path: str
    scheme: str = "http"
    options: str = ""
    silence: bool = True
    resends: bool = True

    def feed(self, name: str, host: str, port: int, *, secured: bool = False, silent: bool = False) -> str:
        """
        Write the feed's part of a workspace file.

        Args:
            name: The feed's.
            host: Where the source is.
            port: Where the source is.
            secured: Whether to speak TLS.
            silent: Whether the source may be silent for no longer than `SILENCE`.

        """
        lines = [
            f"[feeds.{name}]",
            f'use = "{self.plugin}"',
            f'url = "{self.scheme}{"s" * secured}://{host}:{port}{self.path}?token={SECRET}"',
            f'headers = {{ Authorization = "Bearer {SECRET}" }}',
            'type = "item:create"',
            self.options,
        ]
        lines += ['ca = "ca.pem"'] * secured
        lines += [f"silence = {SILENCE}"] * (silent and self.silence)
        return "\n".join(lines) + "\n"


TRANSPORTS = {
    POLLING: Transport("polling", "/document", options='interval = 0.1\nitems = "@"\nkey = "id"', silence=False),
    LONG_POLLING: Transport("long-polling", "/long-poll", options='items = "items"\nhang = 1', silence=False),
    SSE: Transport("sse", "/events"),
    WEBSOCKET: Transport("websocket", "/ws", scheme="ws", resends=False),
    JSON_LINES: Transport("json-lines", "/lines", resends=False),
    JSON_LINES_PLACED: Transport("json-lines", "/lines", options='cursor = "id"'),
    SOCKETIO: Transport("socketio", "/", resends=False),
}


@asynccontextmanager
async def upstream_of(transport: Transport) -> AsyncIterator[Upstream]:
    """Run the source of a transport."""
    if transport.plugin == SOCKETIO:
        async with node("socketio", pingInterval=100, pingTimeout=2000) as server:
            yield Node(server)
    else:
        async with ReplicaServer(once=not transport.resends) as replica:
            yield Replica(replica, whole=transport.plugin == POLLING)
