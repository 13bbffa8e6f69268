"""JSON lines over HTTP: one answer that goes on and on, a JSON text on each line."""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from ..errors import FeedBroken, FeedFailed
from . import Message, http, unheard

if TYPE_CHECKING:
    import httpx

MAX_LINE = 16 * 1024 * 1024
ANSWER_WITHIN = 60.0

_ACCEPT = "application/x-ndjson, application/jsonl, application/json-seq, application/json;q=0.9, */*;q=0.5"
_OTHERS = {"", "text/plain", "application/octet-stream"}
_BOM = b"\xef\xbb\xbf"
_RECORD_SEPARATOR = b"\x1e"


class LineTooLong(ValueError):
    """A line is over the limit."""


class LineDecoder:
    """
    Cuts bytes into lines, wherever they were cut before.

    A line ends with a line feed, and a carriage return before it is no part of it; nor is the record separator that
    begins each text of RFC 7464, nor a byte order mark at the very start. Blank lines are given too: they say that
    somebody is there.

    Args:
        max_line: The longest line in bytes.

    """

    def __init__(self, *, max_line: int = MAX_LINE) -> None:
        self._max_line = max_line
        self._pieces: list[bytes] = []
        self._size = 0
        self._first = True

    def feed(self, chunk: bytes) -> list[bytes]:
        """
        Take bytes and give the lines they complete.

        Raises:
            LineTooLong: If a line is over the limit, complete or not.

        """
        head, *ends = chunk.split(b"\n")
        self._hold(head)
        lines = []
        for piece in ends:
            lines.append(self._line())
            self._hold(piece)
        return lines

    def end(self) -> bytes:
        """Give what came after the last line feed."""
        return self._line()

    def _hold(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > self._max_line:
            raise LineTooLong(f"a line is over {self._max_line:,} bytes")

    def _line(self) -> bytes:
        line = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        if self._first:
            line = line.removeprefix(_BOM)
            self._first = False
        return line.strip(b" \t\r").removeprefix(_RECORD_SEPARATOR)


@asynccontextmanager
async def connect(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    max_line: int = MAX_LINE,
    answer_within: float = ANSWER_WITHIN,
    client: httpx.AsyncClient | None = None,
    tls: ssl.SSLContext | None = None,
    note: Callable[[str], None] = unheard,
) -> AsyncIterator[AsyncIterator[Message]]:
    """
    Ask `url` once and yield each line of the answer, as bytes.

    Lines are not looked into: what is no JSON, or no UTF-8, is yielded too. Sources that call this newline-delimited
    JSON, JSON lines, JSON text sequences (RFC 7464, a line each) or just JSON are all read.

    Args:
        url: What to ask for.
        headers: Sent with the request.
        params: Put into the query, such as where to go on.
        max_line: The longest line in bytes, unpacked.
        answer_within: Seconds until the answer has to begin; how long it may be silent then is the caller's business.
        client: Used instead of a client of its own; it is not closed.
        tls: Whom to trust and what to show; by default as all connections do.
        note: Told of signs of life that are not messages: blank lines, and parts of long ones.

    Raises:
        FeedBroken: If the source cannot be reached or the answer ends, in order or not; the messages end by raising
            it, never quietly.
        FeedFailed: If trying again cannot help.

    """
    asked = {"accept": _ACCEPT, "cache-control": "no-store"}
    asked |= {name.lower(): value for name, value in (headers or {}).items()}
    async with (
        http.opened(client, tls) as own,
        http.streamed(own, url, headers=asked, params=params, within=answer_within) as response,
    ):
        _check(url, response)
        async with aclosing(_messages(url, response, max_line, note)) as messages:
            yield messages


def _check(url: str, response: httpx.Response) -> None:
    http.check_status(url, response)
    http.check_data(url, response)
    kind = http.media_type(response)
    if response.status_code == 204:
        raise FeedBroken(f"{http.shown(url)} answers 204: it has nothing to say")
    if "json" not in kind and kind not in _OTHERS:
        hint = "use sse" if kind == "text/event-stream" else "check the feed's url"
        raise FeedFailed(f"{http.shown(url)} answers {kind}, not lines of JSON", hint=hint)


async def _messages(
    url: str, response: httpx.Response, max_line: int, note: Callable[[str], None]
) -> AsyncGenerator[Message]:
    decoder = LineDecoder(max_line=max_line)
    note("connected")
    with http.explained(url):
        try:
            async for chunk in response.aiter_bytes():
                lines = [line for line in decoder.feed(chunk) if line]
                if not lines:
                    note("heartbeat")
                for line in lines:
                    yield Message(line)
        except LineTooLong as error:
            raise FeedBroken(f"{http.shown(url)} is not read: {error}") from None
    rest = decoder.end()
    if rest and not _says_its_length(response):
        raise FeedBroken(f"{http.shown(url)} broke off in the midst of a line")
    if rest:
        yield Message(rest)
    raise FeedBroken(f"{http.shown(url)} ended the answer")


def _says_its_length(response: httpx.Response) -> bool:
    """Tell whether an end in order and a cut can be told apart, RFC 9112 section 6.3."""
    return "content-length" in response.headers or "chunked" in response.headers.get("transfer-encoding", "").lower()
