"""Long polling: a request that hangs until there is news, then another with the cursor of the answer."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING

from ..errors import FeedBroken
from ..retry import backoff, parse_retry_after
from . import Message, http, unheard

if TYPE_CHECKING:
    import httpx

MAX_BODY = 32 * 1024 * 1024
HANG = 90.0
LONGEST_WAIT = 3600.0
_LEAST_GAP = 0.05
_IDLE_GAP = 1.0

NextCursor = Callable[[Mapping[str, str], bytes], str | None]
"""Finds the next cursor in an answer's headers (lower-case names) and body."""


def from_header(name: str) -> NextCursor:
    """Make a `NextCursor` that reads a header."""
    wanted = name.lower()
    return lambda headers, body: headers.get(wanted)


@asynccontextmanager
async def connect(
    url: str,
    *,
    next_cursor: NextCursor,
    parameter: str | None = "cursor",
    headers: Mapping[str, str] | None = None,
    cursor: str | None = None,
    hang: float = HANG,
    max_size: int = MAX_BODY,
    fruitful: Callable[[], bool] = lambda: True,
    client: httpx.AsyncClient | None = None,
    tls: ssl.SSLContext | None = None,
    note: Callable[[str], None] = unheard,
) -> AsyncIterator[AsyncIterator[Message]]:
    """
    Ask `url` for news for as long as it answers.

    An answer without news (204, 304, an empty body, none within `hang` seconds) is normal. A source that
    answers at once without news is asked less and less often, up to 20 s; no source is asked more than 20
    times a second. What it says in ``Retry-After`` is kept, up to an hour.

    Args:
        url: Where to ask.
        next_cursor: Finds the cursor for the next request in an answer.
        parameter: The query parameter that carries the cursor; None sends it as ``If-None-Match``.
        headers: Sent with every request.
        cursor: Where to go on.
        hang: Seconds after which a request without answer is made anew.
        max_size: The largest body in bytes, unpacked.
        fruitful: Asked when a message was taken: whether it held any news.
        client: Used instead of a client of its own; it is not closed.
        tls: Whom to trust and what to show; by default as all connections do.
        note: Told of answers without news.

    Raises:
        FeedBroken: If a request fails in a way that may mend itself.
        FeedFailed: If trying again cannot help.

    """
    async with http.opened(client, tls) as own:
        poll = _LongPoll(own, url, next_cursor, parameter, headers or {}, cursor, hang, max_size)
        async with aclosing(poll.messages(fruitful, note)) as messages:
            yield messages


class _LongPoll:
    """One source and where we stand with it."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        next_cursor: NextCursor,
        parameter: str | None,
        headers: Mapping[str, str],
        cursor: str | None,
        hang: float,
        max_size: int,
    ) -> None:
        self._client = client
        self._url = url
        self._next_cursor = next_cursor
        self._parameter = parameter
        self._headers = {"accept": "application/json, */*;q=0.8"}
        self._headers |= {name.lower(): value for name, value in headers.items()}
        self._cursor = cursor
        self._digest = b""
        self._hang = hang
        self._max_size = max_size
        self._asked_wait = 0.0

    async def messages(self, fruitful: Callable[[], bool], note: Callable[[str], None]) -> AsyncGenerator[Message]:
        clock = asyncio.get_running_loop().time
        idle_gaps = _idle_gaps()
        while True:
            asked, self._asked_wait = clock(), 0.0
            before = self._cursor, self._digest
            body = await self._ask()
            news = bool(body.strip()) and before != (self._cursor, self._digest)
            took = clock() - asked
            if news or (body.strip() and self._cursor is None):
                yield Message(body, cursor=self._cursor)
                news = news and fruitful()
            if not news:
                note("no news")
            moved = news and (self._cursor is None or self._cursor != before[0])
            gap = _LEAST_GAP if moved else next(idle_gaps)
            if moved or took >= gap:
                idle_gaps = _idle_gaps()
            await asyncio.sleep(max(gap - (clock() - asked), min(self._asked_wait, LONGEST_WAIT), 0))

    async def _ask(self) -> bytes:
        """Make one request; no bytes mean no news."""
        import httpx

        url, headers = self._request()
        begun = bytearray()
        waits = httpx.Timeout(http.CONNECT_TIMEOUT, read=self._hang)
        with http.explained(self._url):
            try:
                async with (
                    asyncio.timeout(http.CONNECT_TIMEOUT + self._hang),
                    self._client.stream("GET", url, headers=headers, timeout=waits) as response,
                ):
                    return await self._read(response, begun)
            except (TimeoutError, httpx.ReadTimeout):
                if begun.strip():
                    reason = f"{http.shown(self._url)} did not finish its answer within {self._hang:g} s"
                    hint = "set hang above the time for which the source holds a request"
                    raise FeedBroken(reason, hint=hint) from None
                return b""

    def _request(self) -> tuple[httpx.URL, list[tuple[bytes, bytes]]]:
        import httpx

        url = httpx.URL(self._url)
        headers = self._headers
        if self._cursor is not None and self._parameter is not None:
            url = url.copy_set_param(self._parameter, self._cursor)
        elif self._cursor is not None:
            headers = headers | {"if-none-match": self._cursor}
        return url, [(name.encode(), value.encode()) for name, value in headers.items()]

    async def _read(self, response: httpx.Response, body: bytearray) -> bytes:
        self._asked_wait = parse_retry_after(response.headers.get("retry-after")) or 0.0
        if response.status_code == 408:
            return b""
        if response.status_code not in {204, 304}:
            http.check_status(self._url, response)
            http.check_data(self._url, response)
        whole = await http.read_body(self._url, response, max_size=self._max_size, into=body)
        cursor = self._next_cursor(response.headers, whole)
        self._cursor = self._cursor if cursor is None else cursor
        if whole.strip():
            self._digest = blake2b(whole, digest_size=12).digest()
        return whole


def _idle_gaps() -> Iterator[float]:
    return backoff(base=_IDLE_GAP, draw=lambda low, high: random.uniform(high / 2, high))  # noqa: S311 - a pause, not a secret
