"""Server-Sent Events: one connection, read by the rules of the WHATWG HTML standard, section 9.2."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from ..errors import FeedBroken, FeedFailed
from . import Message, http, unheard
from .sse_decoder import SseDecoder

if TYPE_CHECKING:
    import httpx

EVENT_STREAM = "text/event-stream"


@asynccontextmanager
async def connect(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    cursor: str | None = None,
    client: httpx.AsyncClient | None = None,
    note: Callable[[str], None] = unheard,
) -> AsyncIterator[AsyncIterator[Message]]:
    """
    Open one event stream.

    Each message carries the event's name, ``message`` where it has none, and as its cursor the last event id.

    Args:
        url: Where the stream is, ``http`` or ``https``.
        headers: Sent with the request.
        cursor: Where to go on: sent as ``Last-Event-ID``.
        client: Used instead of a client of its own; it is not closed.
        note: Told of signs of life that are not events, such as comments.

    Raises:
        FeedBroken: If the stream cannot be reached or breaks; the messages end by raising it, never quietly,
            with the reconnection time the source asked for.
        FeedFailed: If trying again cannot help: status 204, 401, 403, 404, 410, or not an event stream.

    """
    async with http.opened(client) as own:
        with http.explained(url):
            request = own.build_request("GET", url, headers=_headers(headers, cursor))
            response = await own.send(request, stream=True)
        try:
            _check(url, response)
            async with aclosing(_messages(url, response, cursor, note)) as messages:
                yield messages
        finally:
            await response.aclose()


def _headers(headers: Mapping[str, str] | None, cursor: str | None) -> list[tuple[bytes, bytes]]:
    pairs = {"accept": EVENT_STREAM, "cache-control": "no-store"}
    pairs |= {name.lower(): value for name, value in (headers or {}).items()}
    if cursor:
        pairs["last-event-id"] = cursor.translate({0: None, 10: None, 13: None})
    return [(name.encode(), value.encode()) for name, value in pairs.items()]


def _check(url: str, response: httpx.Response) -> None:
    """Section 9.2.2: 204 says stop, and only a 200 of the right type is a stream."""
    if response.status_code == 204:
        raise FeedFailed(f"{http.shown(url)} ended the stream for good (204)", hint="the source has nothing more")
    http.check_status(url, response)
    kind = http.media_type(response)
    if kind != EVENT_STREAM:
        raise FeedFailed(
            f"{http.shown(url)} answers {kind or 'nothing named'}, not {EVENT_STREAM}",
            hint=http.PAGE_HINT,
        )


async def _messages(
    url: str, response: httpx.Response, cursor: str | None, note: Callable[[str], None]
) -> AsyncGenerator[Message]:
    decoder = SseDecoder(last_event_id=cursor or "")
    try:
        with http.explained(url):
            async for chunk in response.aiter_bytes():
                messages = decoder.feed(chunk)
                if not messages:
                    note("heartbeat")
                for message in messages:
                    yield message
        decoder.end()
        end = FeedBroken(f"{http.shown(url)} ended the stream")
    except FeedBroken as error:
        end = error
    if decoder.retry is not None:
        end.retry_after = decoder.retry / 1000
    raise end
