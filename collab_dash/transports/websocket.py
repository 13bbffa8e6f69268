"""WebSocket: one connection, with subscribe messages and pings."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager

import websockets
from websockets.asyncio.client import ClientConnection
from websockets.typing import DataLike, Subprotocol

from ..errors import FeedBroken, FeedError, FeedFailed
from . import Message, http, unheard

MAX_MESSAGE = 16 * 1024 * 1024

_CLOSE_HINTS = {
    1008: "the source objects to what we do: check headers and subscribe messages",
    1009: "the source lists too much at once, or does not accept our subscribe messages",
    3000: "the source wants credentials: set headers, such as Authorization",
    3003: "these credentials may not read this",
}


@asynccontextmanager
async def connect(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    send: Sequence[str] = (),
    subprotocols: Sequence[str] = (),
    ping: str | None = None,
    ping_every: float = 20.0,
    compression: bool = True,
    max_size: int = MAX_MESSAGE,
    note: Callable[[str], None] = unheard,
) -> AsyncIterator[AsyncIterator[Message]]:
    """
    Open one WebSocket connection and send the subscribe messages.

    A message's data is always bytes, text messages as UTF-8: JSON decoders take them as they are. A
    protocol ping is sent every `ping_every` seconds and its answer noted; how long a silence may last is
    the caller's business, since a caller that is slow to take messages cannot hear answers either.

    Args:
        url: ``ws`` or ``wss``. Proxies of the environment are used.
        headers: Sent with the handshake.
        send: Text messages sent in order once the connection is open.
        subprotocols: Offered, most wanted first.
        ping: A text message sent every `ping_every` seconds, for sources that ask for one.
        ping_every: Seconds between two pings.
        compression: Whether to offer permessage-deflate.
        max_size: The largest message in bytes, unpacked.
        note: Told of signs of life that are not messages: an answered ping.

    Raises:
        FeedBroken: If the source cannot be reached or the connection breaks; the messages end by raising
            it, never quietly.
        FeedFailed: If trying again cannot help.

    """
    with _explained(url, max_size):
        connection = await websockets.connect(
            url,
            additional_headers=dict(headers or {}),
            user_agent_header=http.USER_AGENT,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            compression="deflate" if compression else None,
            open_timeout=http.CONNECT_TIMEOUT,
            ping_interval=ping_every,
            ping_timeout=None,
            close_timeout=1,
            max_size=max_size,
            logger=_quiet_logger(),
            create_connection=_Connection,
        )
    async with connection:
        if isinstance(connection, _Connection):
            connection.note = note
            connection.ping_message = ping
        with _explained(url, max_size):
            for message in send:
                await connection.send(message)
        async with aclosing(_messages(connection, url, max_size)) as messages:
            yield messages


def _quiet_logger() -> logging.Logger:
    """Give a logger that is deaf to details, which include headers and their secrets."""
    logger = logging.getLogger("collab_dash.transports.websocket.link")
    logger.setLevel(logging.WARNING)
    return logger


class _Connection(ClientConnection):
    """Adds to each protocol ping the source's own ping message, and a note of its answer."""

    note: Callable[[str], None] = staticmethod(unheard)
    ping_message: str | None = None

    async def ping(self, data: DataLike | None = None) -> Awaitable[float]:
        pong = asyncio.ensure_future(await super().ping(data))
        pong.add_done_callback(self._hear_pong)
        if self.ping_message is not None:
            await self.send(self.ping_message)
        return pong

    def _hear_pong(self, pong: asyncio.Future[float]) -> None:
        if not pong.cancelled() and pong.exception() is None:
            self.note("answers pings")


async def _messages(connection: ClientConnection, url: str, max_size: int) -> AsyncGenerator[Message]:
    receive = connection.recv
    with _explained(url, max_size):
        while True:
            yield Message(await receive(decode=False))


@contextmanager
def _explained(url: str, max_size: int) -> Iterator[None]:
    """Turn what websockets raises in the block into words."""
    try:
        yield
    except websockets.ConnectionClosed as error:
        raise _closed(url, error, max_size) from error
    except websockets.WebSocketException as error:
        raise _handshake_error(url, error) from error
    except (OSError, TimeoutError, EOFError) as error:
        raise http.broken_connection(http.shown(url), error) from error


def _handshake_error(url: str, error: websockets.WebSocketException) -> FeedError:
    where = http.shown(url)
    if isinstance(error, websockets.InvalidStatus):
        response = error.response
        if 200 <= response.status_code < 300 or response.status_code == 426:
            return FeedFailed(
                f"{where} answers {response.status_code} like a web server, not like a WebSocket server",
                hint="check the feed's url, or use sse or polling",
            )
        return http.status_error(url, response.status_code, response.headers.get("Retry-After"))
    if isinstance(error, websockets.InvalidURI):
        return FeedFailed(f"{where} is not a usable address", hint="it should start with ws:// or wss://")
    if isinstance(error, websockets.NegotiationError):
        return FeedFailed(f"{where} does not agree: {error}", hint="check the feed's subprotocols")
    if isinstance(error, websockets.SecurityError):
        return FeedFailed(f"{where} redirects where we do not follow", hint="check the feed's url")
    if isinstance(error, websockets.ProxyError | websockets.InvalidProxy):
        return FeedBroken(f"the proxy on the way to {where} refuses: {error}", hint="check HTTPS_PROXY")
    return FeedBroken(f"{where} does not speak WebSocket: {error}", hint="check the feed's url")


def _closed(url: str, error: websockets.ConnectionClosed, max_size: int) -> FeedBroken:
    where = http.shown(url)
    received, sent = error.rcvd, error.sent
    if sent is not None and not error.rcvd_then_sent and sent.code == 1009:
        return FeedBroken(f"{where} sent a message over {max_size:,} bytes", hint=_CLOSE_HINTS[1009])
    if sent is not None and not error.rcvd_then_sent and sent.code not in {1000, 1001}:
        return FeedBroken(f"{where} broke the protocol: {sent}")
    if received is None:
        return FeedBroken(f"{where} broke off in the middle of the connection")
    return FeedBroken(f"{where} closed the connection: {received}", hint=_CLOSE_HINTS.get(received.code, ""))
