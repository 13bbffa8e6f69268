"""WebSocket: one connection, with subscribe messages and pings."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Self

import websockets
from websockets.typing import Subprotocol

from ..errors import FeedFailed
from . import Message, http, unheard
from .websocket_faults import closed, refused
from .websocket_link import Link, open_link

MAX_MESSAGE = 16 * 1024 * 1024


class Messages:
    """
    The messages of one connection, in order; they end by raising `FeedBroken` or `FeedFailed`.

    Attributes:
        subprotocol: The one agreed on, or None if none was offered.

    """

    def __init__(self, connection: Link, url: str, max_size: int, final_codes: Collection[int]) -> None:
        self.subprotocol: str | None = connection.subprotocol
        self._receive = connection.recv
        self._url = url
        self._max_size = max_size
        self._final_codes = final_codes
        self._heard = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        try:
            data = await self._receive(decode=False)
        except websockets.ConnectionClosed as error:
            raise closed(
                self._url, error, max_size=self._max_size, heard=self._heard, final_codes=self._final_codes
            ) from error
        self._heard = True
        return Message(data)


@asynccontextmanager
async def connect(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    send: Sequence[str] = (),
    subprotocols: Sequence[str] = (),
    ping: str | None = None,
    ping_every: float = 20.0,
    final_codes: Collection[int] = (),
    compression: bool = True,
    max_size: int = MAX_MESSAGE,
    tls: ssl.SSLContext | None = None,
    note: Callable[[str], None] = unheard,
) -> AsyncIterator[Messages]:
    """
    Open one WebSocket connection and send the subscribe messages.

    A message's data is always bytes, text messages as UTF-8: JSON decoders take them as they are. A
    protocol ping is sent at once and then every `ping_every` seconds, and its answer noted; how long a
    silence may last is the caller's business, since a caller that is slow to take messages cannot hear
    answers either. While it takes none, what one look at the socket brings and 16 messages are held, no more.

    What a close code means is told in `websocket_faults.MEANINGS`.

    Args:
        url: ``ws`` or ``wss``. Proxies of the environment are used.
        headers: Sent with the handshake; after a redirect, to the same origin only.
        send: Text messages sent in order once the connection is open.
        subprotocols: Offered, most wanted first; the source has to agree to one.
        ping: A text message sent every `ping_every` seconds, for sources that ask for one.
        ping_every: Seconds between two pings.
        final_codes: Close codes after which trying again cannot help, for sources that say so.
        compression: Whether to offer permessage-deflate.
        max_size: The largest message in bytes, unpacked.
        tls: What to trust and show; by default what all connections share.
        note: Told of signs of life that are not messages: an answered ping.

    Raises:
        FeedBroken: If the source cannot be reached or the connection breaks; the messages end by raising
            it, never quietly.
        FeedFailed: If trying again cannot help.

    """
    link = await _open(
        url,
        headers=headers or {},
        tls=tls,
        subprotocols=subprotocols,
        compression=compression,
        ping_every=ping_every,
        max_size=max_size,
    )
    async with link:
        _check_agreed(url, link, subprotocols)
        link.note = note
        link.ping_message = ping
        await _speak_first(link, send)
        yield Messages(link, url, max_size, final_codes)


async def _open(
    url: str,
    *,
    headers: Mapping[str, str],
    tls: ssl.SSLContext | None,
    subprotocols: Sequence[str],
    compression: bool,
    ping_every: float,
    max_size: int,
) -> Link:
    """Make the connection as the library is to be told."""
    with _explained(url):
        return await open_link(
            url,
            headers=headers,
            tls=tls,
            subprotocols=[Subprotocol(name) for name in subprotocols] or None,
            compression="deflate" if compression else None,
            open_timeout=http.CONNECT_TIMEOUT,
            ping_interval=ping_every,
            ping_timeout=None,
            close_timeout=1,
            max_size=max_size,
        )


def _check_agreed(url: str, link: Link, subprotocols: Sequence[str]) -> None:
    if subprotocols and link.subprotocol is None:
        raise FeedFailed(
            f"{http.shown(url)} agrees to none of the subprotocols {', '.join(subprotocols)}",
            hint="check the feed's subprotocols",
        )


async def _speak_first(link: Link, send: Sequence[str]) -> None:
    """Subscribe, and ping; if the source closes meanwhile, its messages will tell, after what came before the end."""
    with suppress(websockets.ConnectionClosed):
        for message in send:
            await link.send(message)
        await link.ping()


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turn what websockets raises while it connects into words."""
    try:
        yield
    except websockets.WebSocketException as error:
        raise refused(url, error) from error
    except (OSError, TimeoutError, EOFError) as error:
        raise http.unreachable(url, error) from error
    except ValueError as error:  # its text may hold what is secret
        raise FeedFailed(f"{http.shown(url)} cannot be asked", hint="check the feed's url and headers") from error
