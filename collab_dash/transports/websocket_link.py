"""The connection that `websocket.connect` makes: the library's, with our pings and our care for secrets."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from urllib.parse import urljoin

import websockets
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as library_connect
from websockets.typing import DataLike

from . import http, unheard
from .address import may_be_told, origin
from .proxies import proxy_for
from .tls import default_context

MAX_REDIRECTS = 10
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_web_scheme = re.compile("http(?=s?://)", re.IGNORECASE)


class Link(ClientConnection):
    """
    One connection.

    Attributes:
        note: Told of each answered protocol ping.
        ping_message: A text message that goes along with each protocol ping after the first, or None.

    """

    note: Callable[[str], None] = staticmethod(unheard)
    ping_message: str | None = None
    _greeted = False
    _end: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Take bytes; once the connection is to end, see that it does, even if the source talks on."""
        super().data_received(data)
        if self._end is None and self.protocol.close_expected():
            self._end = self.loop.call_later(self.close_timeout or 0, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end."""
        super().connection_lost(exc)
        if self._end is not None:
            self._end.cancel()

    async def ping(self, data: DataLike | None = None) -> Awaitable[float]:
        """Send a protocol ping, and the source's own from the second one on; note the answer."""
        pong = asyncio.ensure_future(await super().ping(data))
        pong.add_done_callback(self._hear_pong)
        if self.ping_message is not None and self._greeted:
            await self.send(self.ping_message)
        self._greeted = True
        return pong

    def _hear_pong(self, pong: asyncio.Future[float]) -> None:
        if not pong.cancelled() and pong.exception() is None:
            self.note("answers pings")


async def open_link(
    url: str, *, headers: Mapping[str, str], tls: ssl.SSLContext | None, open_timeout: float, **more: Any
) -> Link:
    """
    Make a connection.

    Redirects of the handshake are followed, but never from TLS to none. Another origin than the one asked for is sent
    none of the headers, since any of them may be secret, and nor is anybody after it.

    Args:
        url: ``ws`` or ``wss``.
        headers: Sent with the handshake.
        tls: What to trust and show; by default what all connections share.
        open_timeout: Seconds for all of it.
        **more: As the library takes them.

    Raises:
        websockets.WebSocketException: If the handshake fails, in the library's words.
        OSError: If there is no connection, or not in time.

    """
    home, target = _origin(url), url
    async with asyncio.timeout(open_timeout):
        for _ in range(MAX_REDIRECTS + 1):
            try:
                connection = await _Opening(
                    target,
                    additional_headers=dict(headers),
                    user_agent_header=http.USER_AGENT,
                    create_connection=Link,
                    logger=_quiet_logger(),
                    open_timeout=None,
                    **_way(target, tls),
                    **more,
                )
                return cast("Link", connection)
            except websockets.InvalidStatus as error:
                target = _redirect(target, error)
                if not may_be_told(home, _origin(target)):
                    headers = {}
    raise websockets.SecurityError(f"more than {MAX_REDIRECTS} redirects")


class _Opening(library_connect):
    """Makes one connection and follows no redirect."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Leave redirects to `open_link`."""
        return exc


def _redirect(url: str, answer: websockets.InvalidStatus) -> str:
    """Say where a redirect leads; raise any other answer again, and what is no way to go."""
    locations = answer.response.headers.get_all("Location")
    if answer.response.status_code not in REDIRECTS or not locations:
        raise answer
    try:
        there = urljoin(url, _web_scheme.sub("ws", locations[0], count=1))
    except ValueError:
        there = ""
    if not there.startswith(("wss:", "ws:")) or (url.startswith("wss:") and not there.startswith("wss:")):
        raise websockets.SecurityError("a redirect that cannot be followed") from answer
    return there


def _way(url: str, tls: ssl.SSLContext | None) -> dict[str, Any]:
    """Give proxy and certificates for an address, as the library takes them."""
    proxy = proxy_for(url)
    way: dict[str, Any] = {"proxy": None if proxy is None else proxy.url}
    if proxy is not None and proxy.url.startswith("https:"):
        way["proxy_ssl"] = default_context()
    if url.startswith("wss:"):
        way["ssl"] = tls or default_context()
    return way


def _origin(url: str) -> tuple[str, str, int | None]:
    return origin(url.replace("ws", "http", 1))


def _quiet_logger() -> logging.Logger:
    """Give a logger that is deaf to details, which include headers and their secrets."""
    logger = logging.getLogger("collab_dash.transports.websocket.link")
    logger.setLevel(logging.WARNING)
    return logger
