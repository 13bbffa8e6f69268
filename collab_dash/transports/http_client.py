"""How a client over HTTP is made: whom it trusts, which way it goes, and how it notices a dead line."""

from __future__ import annotations

import logging
import socket
import ssl

import httpx

from . import tls as trust
from .address import may_be_told, origin
from .http import CONNECT_TIMEOUT, USER_AGENT
from .proxies import proxy_for

MAX_REDIRECTS = 10

_ORIGIN = "collab_dash.origin"
_HARMLESS = {
    *("accept", "accept-encoding", "accept-language", "cache-control", "connection", "host", "user-agent"),
    *("content-length", "content-type", "if-modified-since", "if-none-match", "last-event-id"),
}
_KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPALIVE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


def make_client(tls: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    """
    Make a client that names us and goes through the proxies of the environment.

    It waits 10 s for a connection and for nothing else. It follows ten redirects without reading their bodies, and
    what a feed was told to send, which may be secret, goes to the origin it was meant for alone. A line that is dead
    without a word is noticed after a minute by TCP's own keep-alive.

    Args:
        tls: Used instead of what all clients share.

    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # below, it logs addresses with their secrets
    return httpx.AsyncClient(
        headers={"User-Agent": USER_AGENT},
        timeout=httpx.Timeout(CONNECT_TIMEOUT, read=None),
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        transport=_Ways(tls),
        event_hooks={"request": [_keep_secrets_home], "response": [_leave_redirect_unread]},
    )


class _Ways(httpx.AsyncBaseTransport):
    """
    Takes each request the way that the environment says.

    httpx by itself reads ``NO_PROXY`` in another way than the WebSocket library, and fails on some of its forms.
    """

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._ways: dict[str | None, httpx.AsyncHTTPTransport] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        found = proxy_for(str(request.url))
        proxy = None if found is None else found.url
        if proxy not in self._ways:
            self._ways[proxy] = self._way(proxy)
        return await self._ways[proxy].handle_async_request(request)

    def _way(self, proxy: str | None) -> httpx.AsyncHTTPTransport:
        own = self._tls or trust.default_context()
        secured = proxy is not None and proxy.startswith("https:")
        return httpx.AsyncHTTPTransport(
            verify=own,
            proxy=httpx.Proxy(proxy, ssl_context=trust.default_context() if secured else None) if proxy else None,
            socket_options=_keep_alive(),
        )

    async def aclose(self) -> None:
        for way in self._ways.values():
            await way.aclose()


def _keep_alive() -> list[tuple[int, int, int]]:
    """Have the system see whether the other end is still there while a stream is quiet."""
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    known = [(name, value) for name, value in _KEEPALIVE if hasattr(socket, name)]
    return options + [(socket.IPPROTO_TCP, int(getattr(socket, name)), value) for name, value in known]


async def _keep_secrets_home(request: httpx.Request) -> None:
    """Take what is not harmless off a request that was redirected to another origin; httpx does so for credentials."""
    here = origin(str(request.url))
    if may_be_told(request.extensions.setdefault(_ORIGIN, here), here):
        return
    for name in [name for name in request.headers if name.lower() not in _HARMLESS]:
        del request.headers[name]


async def _leave_redirect_unread(response: httpx.Response) -> None:
    """Keep httpx from reading a redirect's body, which may have no end."""
    if response.has_redirect_location and isinstance(response.stream, httpx.AsyncByteStream):
        response.stream = _Unread(response.stream)


class _Unread(httpx.ByteStream):
    """A body that is closed instead of read."""

    def __init__(self, body: httpx.AsyncByteStream) -> None:
        super().__init__(b"")
        self._body = body

    async def aclose(self) -> None:
        await self._body.aclose()
