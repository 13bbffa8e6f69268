"""What python-socketio leaves to its users: backpressure, bounds, an end with a reason, and no trace afterwards."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp
import engineio
import socketio
from engineio import base_client, packet, payload

from ..errors import FeedBroken, FeedError, FeedFailed
from . import http
from . import tls as trust
from .proxies import proxy_for
from .socketio_faults import Witness, lost, outdated, refusal, unopened

if TYPE_CHECKING:
    from .socketio import Connection

_OPEN_TIMEOUT = http.CONNECT_TIMEOUT
_UPGRADE_TIMEOUT = 5.0
_CLOSE_TIMEOUT = 1.0
_PACKETS = 100_000


def _quiet_logger() -> logging.Logger:
    """Give a logger that writes nothing: python-socketio logs addresses and payloads with their secrets."""
    logging.getLogger("aiohttp.client").setLevel(logging.CRITICAL)  # it logs addresses whole
    logger = logging.getLogger("collab_dash.transports.socketio.link")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


class _Engine(engineio.AsyncClient):  # type: ignore[misc]  # its base has no types
    """Engine.IO, which hands on one message after the other and reads on when there is room for the next."""

    connection: Connection
    max_size: int
    heard: float = 0.0
    _attached = 0

    async def _receive_packet(self, pkt: Any) -> None:
        self.heard = asyncio.get_running_loop().time()
        if pkt.packet_type == packet.MESSAGE:
            self._weigh(pkt.data)
            await self.handlers["message"](pkt.data)
            await self.connection.room()
            return
        if pkt.packet_type == packet.CLOSE:
            self.connection.end(FeedBroken(f"{self.connection.where} closed the connection", planned=True))
        elif pkt.packet_type == packet.PING:
            self.connection.note("hears pings")
        await super()._receive_packet(pkt)

    def _weigh(self, data: Any) -> None:
        """Bound what the attachments of one event hold together."""
        self._attached = self._attached + len(data) if isinstance(data, bytes) else 0
        if self._attached > self.max_size:
            raise FeedBroken(f"{self.connection.where} sent a message over {self.max_size:,} bytes")

    async def _connect_websocket(self, url: str, headers: dict[str, str], engineio_path: str) -> bool:
        """Connect, or leave an upgrade that nobody answers for good."""
        if not self.sid:
            return bool(await super()._connect_websocket(url, headers, engineio_path))
        try:
            async with asyncio.timeout(_UPGRADE_TIMEOUT):
                return bool(await super()._connect_websocket(url, headers, engineio_path))
        except (TimeoutError, aiohttp.ClientError, OSError):
            return False  # it goes on by polling


class Client(socketio.AsyncClient):  # type: ignore[misc]  # its base has no types
    """
    One connection to one namespace, which tells a `Connection` what it hears.

    Args:
        connection: Told of events and of the end.
        headers: Sent with every request.
        tls: How certificates are checked and shown, or None.
        max_size: The largest message in bytes.

    """

    def __init__(
        self, connection: Connection, *, headers: Mapping[str, str], tls: ssl.SSLContext | None, max_size: int
    ) -> None:
        self._witness = Witness(connection.url, max_size)
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=tls or trust.default_context()),
            headers={"User-Agent": http.USER_AGENT, **headers},
            proxy=_proxy(connection.url),
            trace_configs=[self._witness.trace()],
            response_class=self._witness.bounded(),
        )
        websocket: dict[str, Any] = {
            "timeout": aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT),
            "max_msg_size": max_size,
        }
        quiet = _quiet_logger()
        super().__init__(
            reconnection=False,
            handle_sigint=False,
            logger=quiet,
            engineio_logger=quiet,
            request_timeout=_OPEN_TIMEOUT,
            http_session=self._http,
            websocket_extra_options=websocket,
        )
        self._connection = connection
        self._loops: list[asyncio.Task[None]] = []
        self._namespace = "/"
        self._auth: dict[str, Any] = {}
        self.eio.connection = connection
        self.eio.max_size = max_size

    def _engineio_client_class(self) -> type[_Engine]:
        return _Engine

    async def open(self, namespace: str, auth: dict[str, Any], path: str, transports: Sequence[str]) -> None:
        """
        Connect to the namespace and wait until the server accepts us.

        Raises:
            FeedError: If it does not.

        """
        payload.Payload.max_decode_packets = _PACKETS  # a poll holds whatever came since the last; 16 break off
        place = self._connection.place
        self._namespace = namespace
        self._auth = ({"pid": place.pid, "offset": place.offset} if place else {}) | auth
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT):
                await self._reach(path, list(transports))
                await self._connection.accepted()
        except FeedError:
            raise
        except Exception as error:  # noqa: BLE001 - python-socketio lets through whatever it meets in a bad answer
            raise unopened(self._connection.url, self._witness, error) from None
        self._witness.forget()

    async def _reach(self, path: str, transports: list[str]) -> None:
        """Open the transport; a server that knows no polling is asked for a WebSocket."""
        wanted = {
            "auth": self._auth,
            "namespaces": [self._namespace],
            "socketio_path": path,
            "wait": False,
        }
        try:
            await self.connect(self._connection.url, transports=transports, **wanted)
        except socketio.exceptions.ConnectionError:
            if not self._witness.knows_no_polling() or "websocket" not in transports:
                raise
            self._witness.forget()
            await self.connect(self._connection.url, transports=["websocket"], **wanted)
        self._loops = [task for task in (self.eio.read_loop_task, self.eio.write_loop_task) if task is not None]
        for task in self._loops:
            task.add_done_callback(self._loop_ended)

    async def say(self, name: str, args: tuple[Any, ...], answered: Callable[..., Any] | None = None) -> None:
        """Emit an event, with a callback for its acknowledgement."""
        await self.emit(name, args, namespace=self._namespace, callback=answered)

    async def close(self) -> None:
        """Take leave of the server, if it listens, and let go of everything."""
        with suppress(Exception):
            async with asyncio.timeout(_CLOSE_TIMEOUT):
                await self.disconnect()
        loops = [task for task in (*self._loops, self.eio.read_loop_task, self.eio.write_loop_task) if task]
        for task in loops:
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        for answer in list(self._witness.answers):
            answer.close()
        with suppress(ValueError):
            base_client.connected_clients.remove(self.eio)  # where the library keeps whom it did not disconnect
        await self._http.close()

    def _loop_ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, FeedError):
            self._connection.end(error)
        else:
            self._connection.end(lost(self._connection.url, self._witness, self.eio, error))

    async def _handle_connect(self, namespace: str | None, data: Any) -> None:
        if data is None:  # version 2 tells no session's name
            self._connection.end(outdated(self._connection.where))
        elif (namespace or "/") == self._namespace:
            await super()._handle_connect(namespace, data)
            self._connection.accept(data)

    async def _handle_disconnect(self, namespace: str | None) -> None:
        if (namespace or "/") == self._namespace:
            self._connection.end(FeedBroken(f"{self._connection.where} disconnected us", planned=True))

    async def _handle_error(self, namespace: str | None, data: Any) -> None:
        if (namespace or "/") == self._namespace:
            secrets = [self._auth, self._http.headers]
            self._connection.end(refusal(self._connection.where, self._namespace, data, secrets))

    async def _handle_event(self, namespace: str | None, id: int | None, data: Any) -> None:  # noqa: A002 - its name
        if (namespace or "/") != self._namespace:
            return
        name, *args = data
        self._connection.take(str(name), args, acknowledged=id is not None)
        if id is not None:
            answer = self.packet_class(socketio.packet.ACK, namespace=namespace, id=id, data=[])
            await self._send_packet(answer)


def _proxy(url: str) -> str | None:
    proxy = proxy_for(url)
    if proxy is not None and proxy.url.startswith("socks"):
        raise FeedFailed(
            f"the way to {http.shown(url)} leads through the SOCKS proxy {proxy.shown}, which Socket.IO cannot take",
            hint=f"set {proxy.variable} to an HTTP proxy, or name the host in NO_PROXY",
        )
    return None if proxy is None else proxy.url
