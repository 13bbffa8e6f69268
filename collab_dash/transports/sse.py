"""Server-Sent Events: one connection, read by the rules of the WHATWG HTML standard, section 9.2."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..errors import FeedBroken, FeedFailed
from . import Message, http, unheard
from .sse_decoder import SseDecoder

if TYPE_CHECKING:
    import httpx

EVENT_STREAM = "text/event-stream"
MAX_PAUSE = 86_400.0

Conduct = Literal["resilient", "strict"]
"""What to do about an answer that is no event stream, see `connect`."""


@dataclass(slots=True)
class Reconnection:
    """
    The reconnection time of section 9.2.2, which outlives a connection.

    Args:
        milliseconds: What the source last asked for, or None if it never did.

    """

    milliseconds: int | None = None

    @property
    def seconds(self) -> float | None:
        """Give it in seconds, a day at most."""
        return None if self.milliseconds is None else min(self.milliseconds / 1000, MAX_PAUSE)


@asynccontextmanager
async def connect(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    cursor: str | None = None,
    conduct: Conduct = "resilient",
    reconnection: Reconnection | None = None,
    tls: ssl.SSLContext | None = None,
    client: httpx.AsyncClient | None = None,
    note: Callable[[str], None] = unheard,
    moved: Callable[[str], None] = unheard,
) -> AsyncIterator[AsyncIterator[Message]]:
    """
    Open one event stream.

    Each message carries the event's name, ``message`` where it has none, and as its cursor the last event id: None as
    long as there was none, and empty once the source has emptied it, so that none is sent the next time.

    Network errors and the end of the stream are breaks. Of other answers than status 200 and ``text/event-stream``,
    ``strict`` holds each for final, as section 9.2.3 wants it; ``resilient`` lets a status be tried again that may mend
    itself, 429 and 5xx first of all.

    Args:
        url: Where the stream is, ``http`` or ``https``.
        headers: Sent with the request.
        cursor: Where to go on: sent as ``Last-Event-ID``, in UTF-8.
        conduct: ``resilient`` or ``strict``.
        reconnection: Kept by the caller from one connection to the next; without it the time is forgotten.
        tls: What to trust and show; by default what all clients share.
        client: Used instead of a client of its own; it is not closed.
        note: Told of signs of life that are not events: that the stream is open, and comments.
        moved: Told of a last event id that came without an event, after the events before it were taken.

    Raises:
        FeedBroken: If the stream cannot be reached or breaks; the messages end by raising it, never quietly,
            with the reconnection time the source asked for.
        FeedFailed: If trying again cannot help: status 204, 401, 403, 404, 410, or not an event stream.

    """
    reconnection = reconnection or Reconnection()
    with _told_when(reconnection):
        async with http.opened(client, tls) as own:
            with http.explained(url):
                request = own.build_request("GET", url, headers=_headers(headers, cursor))
                response = await own.send(request, stream=True)
            try:
                _check(url, response, conduct)
                note("stream open")
                decoder = SseDecoder(last_event_id=cursor)
                async with aclosing(_messages(url, response, decoder, reconnection, note, moved)) as messages:
                    yield messages
            finally:
                await response.aclose()


@contextmanager
def _told_when(reconnection: Reconnection) -> Iterator[None]:
    """Have a break tell the source's reconnection time, unless it has a time of its own."""
    try:
        yield
    except FeedBroken as error:
        if error.retry_after is None:
            error.retry_after = reconnection.seconds
        raise


def _headers(headers: Mapping[str, str] | None, cursor: str | None) -> list[tuple[bytes, bytes]]:
    pairs = {"accept": EVENT_STREAM, "cache-control": "no-store"}
    pairs |= {name.lower(): value for name, value in (headers or {}).items()}
    # An id cannot hold a NUL or a line end; other blanks around it cannot stand in a header, nor FF and VT within it.
    last = (cursor or "").translate(dict.fromkeys(b"\0\n\r\f\v")).strip(" \t")
    if last:
        pairs["last-event-id"] = last
    return [(name.encode(), value.encode()) for name, value in pairs.items()]


def _check(url: str, response: httpx.Response, conduct: Conduct) -> None:
    """Section 9.2.3: only a 200 of the right type is a stream."""
    status = response.status_code
    if status == 204:
        raise FeedFailed(f"{http.shown(url)} ended the stream for good (204)", hint="the source has nothing more")
    if status != 200:
        error = http.status_error(url, status, response.headers.get("retry-after"))
        final = conduct == "strict" or response.is_success
        raise FeedFailed(str(error), hint=error.hint) if final else error
    kind = _media_type(response)
    if kind == "text/html" and conduct == "resilient":
        http.check_data(url, response)
    if kind != EVENT_STREAM:
        raise FeedFailed(
            f"{http.shown(url)} answers {kind or 'nothing named'}, not {EVENT_STREAM}",
            hint=http.PAGE_HINT,
        )


def _media_type(response: httpx.Response) -> str:
    """Give the content type without its parameters: the last one where it is repeated, as in Fetch section 2.2.2."""
    kinds = [each.partition(";")[0].strip().lower() for each in response.headers.get_list("content-type", True)]
    return next((kind for kind in reversed(kinds) if "/" in kind and kind != "*/*"), "")


async def _messages(
    url: str,
    response: httpx.Response,
    decoder: SseDecoder,
    reconnection: Reconnection,
    note: Callable[[str], None],
    moved: Callable[[str], None],
) -> AsyncGenerator[Message]:
    at = decoder.last_event_id
    with http.explained(url):
        async for chunk in response.aiter_bytes():
            messages = decoder.feed(chunk)
            if decoder.retry is not None:
                reconnection.milliseconds = decoder.retry
            for message in messages:
                yield message
                at = message.cursor
            if not messages:
                note("heartbeat")
            if decoder.last_event_id != at:
                at = decoder.last_event_id
                moved(at or "")
    raise FeedBroken(f"{http.shown(url)} ended the stream", planned=reconnection.milliseconds is None)
