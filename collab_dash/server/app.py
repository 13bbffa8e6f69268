"""What is served on the hub's one port."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose

from .. import __version__
from ..hub.hub import Hub
from ..wire import PROTOCOL
from .credentials import Credentials
from .websocket import serve_peer
from .yjs import serve_yjs

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


class SameSite:
    """
    Turns away what another web site makes a browser send here.

    A page of a stranger can open a WebSocket to a loopback address; it cannot forge ``Origin``. A name of a stranger
    can be pointed at a loopback address; it cannot forge ``Host``.

    Args:
        app: What to protect.
        hosts: Host names this hub answers to, None for any (when it listens on all addresses).

    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str] | None) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or refuse, one connection."""
        reason = self._refusal(HTTPConnection(scope)) if scope["type"] in ("http", "websocket") else ""
        if not reason:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(reason=reason)(scope, receive, send)  # before accept: HTTP 403
        else:
            await PlainTextResponse(reason + "\n", status_code=403)(scope, receive, send)

    def _refusal(self, connection: HTTPConnection) -> str:
        host = connection.headers.get("host", "")
        if self._hosts is not None and (urlsplit(f"//{host}").hostname or "") not in self._hosts:
            return "this hub does not answer to that host name; open it by the address in its link"
        origin = connection.headers.get("origin")
        if origin and urlsplit(origin).netloc != host:
            return "this hub does not serve pages of other sites"
        return ""


def hosts_for(address: str) -> frozenset[str] | None:
    """Give the host names a hub bound to `address` answers to, None for any."""
    if address in ("0.0.0.0", "::", ""):  # noqa: S104 - a comparison, nothing is bound here
        return None
    return LOOPBACK | {address.strip("[]")}


def make_app(hub: Hub, credentials: Credentials, *, address: str, read_only: bool) -> Starlette:
    """
    Build the ASGI application.

    Args:
        hub: What is served.
        credentials: Who may do what.
        address: What the port is bound to.
        read_only: Whether every link is a viewer's.

    """

    async def index(request: Request) -> Response:
        url = f"{request.url.scheme}://{request.url.netloc}/#TOKEN"
        return PlainTextResponse(
            f"collab-dash: the session {hub.session!r}\n\n"
            f"Join it from a terminal with the whole link, the part after # included:\n\n"
            f"    collab-dash join '{url}'\n"
        )

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "protocol": PROTOCOL, "version": __version__, "epoch": hub.log.epoch})

    async def peer(socket: WebSocket) -> None:
        await serve_peer(socket, hub, credentials, read_only=read_only)

    async def program(socket: WebSocket) -> None:
        await serve_yjs(socket, hub, credentials, read_only=read_only)

    return Starlette(
        routes=[
            Route("/", index),
            Route("/health", health),
            WebSocketRoute("/ws", peer),
            WebSocketRoute("/yjs/{session:path}", program),
        ],
        middleware=[Middleware(SameSite, hosts=hosts_for(address))],
    )
