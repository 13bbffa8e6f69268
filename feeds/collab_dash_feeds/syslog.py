"""Syslog messages that programs and devices send here."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import socket
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions

from ._levels import LEVELS, SEVERITIES
from ._lines import Line
from ._syslog_format import FACILITIES, MAX_MESSAGE, FrameSplitter, parse

_MOST_WAITING = 1000
_RECEIVE_BUFFER = 1 << 20


def _check_address(host: str) -> str:
    ipaddress.ip_address(host)
    return host


Address = Annotated[str, AfterValidator(_check_address)]


class SyslogOptions(FeedOptions):
    """Options of the ``syslog`` feed."""

    host: Address = Field(
        "127.0.0.1",
        description="The address to listen on. Any other than this machine's own lets whoever reaches it write here.",
    )
    port: int = Field(5514, ge=0, le=65535, description="The port; with 0 the system chooses one, which is noted.")
    protocol: Literal["both", "udp", "tcp"] = Field("both", description="Listen on UDP, TCP or both.")
    key: Literal["host", "app"] = Field("host", description="What an event is about: the sending host or program.")
    connections: int = Field(100, ge=1, le=10_000, description="How many TCP connections there may be at a time.")


class SyslogFeed(Feed[SyslogOptions]):
    """
    Messages that are sent here over UDP or TCP.

    Over TCP a sender waits while the hub is busy. Over UDP it cannot; what had to be dropped is counted and told.
    """

    summary = "Syslog messages that programs and devices send here"
    transport = "syslog"
    pane = Pane(view="log", columns=("time", "host", "app", "level", "line"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Listen until cancelled; the port is free again as soon as this ends.

        Raises:
            FeedBroken: If listening ends by itself.
            FeedFailed: If the address cannot be listened on.

        """
        inbox = _Inbox(self.options.connections)
        async with self._listening(inbox, context), aclosing(inbox.messages()) as messages:
            async for received in messages:
                yield rejected(received, b"") if isinstance(received, str) else self._event(received, context)

    @asynccontextmanager
    async def _listening(self, inbox: _Inbox, context: FeedContext) -> AsyncIterator[None]:
        options, places = self.options, []
        async with AsyncExitStack() as stack:
            if options.protocol != "tcp":
                places.append(f"udp {await stack.enter_async_context(_udp(inbox, options.host, options.port))}")
            if options.protocol != "udp":
                places.append(f"tcp {await stack.enter_async_context(_tcp(inbox, options.host, options.port))}")
            note = f"listening on {', '.join(places)}"
            if not ipaddress.ip_address(options.host).is_loopback:
                note += "; open to the network"
                context.log.warning("%s listens on %s: whoever reaches it can write here", context.name, options.host)
            context.note(note)
            yield

    def _event(self, received: _Received, context: FeedContext) -> Event:
        line = received.line
        if not line.whole:
            reason = f"message of {line.size:,} bytes is over the limit of {MAX_MESSAGE:,}"
            return rejected(reason, line.raw, key=received.peer)
        if received.cut:
            return rejected("the connection ended in the midst of a message", line.raw, key=received.peer)
        message = parse(line.raw, now=context.clock())
        host = message.host or received.peer
        process = message.process
        found: dict[str, Any] = {
            "line": message.text,
            "level": LEVELS[message.severity],
            "severity": SEVERITIES[message.severity],
            "facility": FACILITIES[message.facility],
            "host": host,
            "app": message.app,
            "pid": int(process) if process and process.isascii() and process.isdigit() else process,
            "msgid": message.kind,
            "structured": message.structured or None,
            "peer": received.peer,
        }
        key = host if self.options.key == "host" else message.app or host
        data = {name: value for name, value in found.items() if value is not None}
        return Event(type="log:line", key=key, time=message.time, data=data)


class _Received(NamedTuple):
    """A message, the address it came from, and whether the rest of it is missing."""

    line: Line
    peer: str
    cut: bool = False


class _Inbox:
    """
    Messages that wait to be taken, in a bounded queue.

    Args:
        most_peers: How many TCP connections there may be at a time.

    """

    def __init__(self, most_peers: int) -> None:
        self.most_peers = most_peers
        self.peers: set[_TcpPeer] = set()
        self._refused = 0
        self._dropped = 0
        self._waiting: deque[_Received] = deque()
        self._changed = asyncio.Event()
        self._error: Exception | None = None

    @property
    def full(self) -> bool:
        return len(self._waiting) >= _MOST_WAITING

    def put(self, received: _Received) -> None:
        self._waiting.append(received)
        self._changed.set()

    def drop(self) -> None:
        self._dropped += 1

    def refuse(self) -> None:
        self._refused += 1
        self._changed.set()

    def fail(self, error: Exception) -> None:
        self._error = error
        self._changed.set()

    def _lost(self) -> str:
        """Say what was lost since the last time, or give an empty string."""
        said = []
        if self._dropped:
            said.append(f"{self._dropped:,} messages over UDP were dropped: they came faster than they could be taken")
        if self._refused:
            said.append(f"{self._refused:,} TCP connections were refused: there are {self.most_peers:,} already")
        self._dropped = self._refused = 0
        return "; ".join(said)

    async def messages(self) -> AsyncGenerator[_Received | str]:
        """
        Yield messages in the order they came, and as text what was lost.

        Raises:
            FeedBroken: If listening ended.

        """
        while True:
            while self._waiting:
                yield self._waiting.popleft()
                if self._dropped:
                    yield self._lost()
            if lost := self._lost():
                yield lost
            for peer in self.peers:
                peer.resume()
            if self._error is not None:
                raise FeedBroken(f"listening ended: {self._error}") from self._error
            self._changed.clear()
            await self._changed.wait()


class _Udp(asyncio.DatagramProtocol):
    """The socket that takes datagrams, each of which is one message (RFC 5426)."""

    def __init__(self, inbox: _Inbox) -> None:
        self._inbox = inbox
        self.closed = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if self._inbox.full:
            self._inbox.drop()
        elif data.strip():
            self._inbox.put(_Received(Line(data, len(data)), _shown(addr)))

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()
        if exc is not None:
            self._inbox.fail(exc)


class _TcpPeer(asyncio.Protocol):
    """A connection of a sender, who has to wait while the inbox is full."""

    def __init__(self, inbox: _Inbox) -> None:
        self._inbox = inbox
        self._splitter = FrameSplitter()
        self._paused = False
        self._address = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - the loop's own promise, for mypy
        self.transport = transport
        self._address = _shown(transport.get_extra_info("peername"))
        if len(self._inbox.peers) >= self._inbox.most_peers:
            self._inbox.refuse()
            transport.abort()
        else:
            self._inbox.peers.add(self)

    def data_received(self, data: bytes) -> None:
        for line in self._splitter.feed(data):
            self._inbox.put(_Received(line, self._address))
        if self._inbox.full and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._inbox.peers:
            self._inbox.peers.discard(self)
            lines, cut = self._splitter.finish()
            for line in lines:
                self._inbox.put(_Received(line, self._address, cut=cut or exc is not None))

    def resume(self) -> None:
        """Read on, if it had to wait."""
        if self._paused and not self.transport.is_closing():
            self._paused = False
            self.transport.resume_reading()


@asynccontextmanager
async def _udp(inbox: _Inbox, host: str, port: int) -> AsyncIterator[str]:
    try:
        transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Udp(inbox), local_addr=(host, port)
        )
    except OSError as error:
        raise _cannot_listen(error, host, port) from error
    try:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        yield _place(transport.get_extra_info("sockname"))
    finally:
        transport.abort()
        await protocol.closed.wait()


@asynccontextmanager
async def _tcp(inbox: _Inbox, host: str, port: int) -> AsyncIterator[str]:
    try:
        server = await asyncio.get_running_loop().create_server(lambda: _TcpPeer(inbox), host, port)
    except OSError as error:
        raise _cannot_listen(error, host, port) from error
    try:
        yield _place(server.sockets[0].getsockname())
    finally:
        server.close()
        for peer in list(inbox.peers):
            peer.transport.abort()
        await server.wait_closed()


def _cannot_listen(error: OSError, host: str, port: int) -> FeedFailed:
    where = _place((host, port))
    if error.errno == errno.EADDRINUSE:
        return FeedFailed(
            f"cannot listen on {where}: another program does already", hint="set another port, or end that program"
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return FeedFailed(
            f"cannot listen on {where}: not allowed",
            hint="ports below 1024 are the system's; keep 5514 and have the system's own syslog forward to it",
        )
    if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
        return FeedFailed(f"cannot listen on {where}: this machine has no such address", hint="check host")
    return FeedFailed(f"cannot listen on {where}: {error.strerror or error}", hint="check host and port")


def _place(address: tuple[Any, ...]) -> str:
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _shown(address: Any) -> str:
    return str(address[0]) if isinstance(address, tuple) and address else "unknown"
