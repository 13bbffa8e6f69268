"""Short polling: the same document again and again, fetched only when it changed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from ..errors import FeedBroken
from ..retry import parse_retry_after
from . import Message, http, unheard

if TYPE_CHECKING:
    import httpx

MAX_BODY = 32 * 1024 * 1024
LONGEST_WAIT = 3600.0
_REQUEST_TIMEOUT = 120.0


class PollCursor(msgspec.Struct, omit_defaults=True):
    """
    Where polling stands, as it is kept between runs.

    Args:
        etag: The ``ETag`` of the last body.
        last_modified: Its ``Last-Modified``.
        digest: Its hash, for sources that offer neither.
        seen: What `collab_dash.transports.seen.Seen.dump` gave; a feed's, not the transport's.

    """

    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    seen: str = ""

    @classmethod
    def parse(cls, cursor: str | None) -> PollCursor:
        """Read a cursor; one that cannot be read counts as none."""
        try:
            return msgspec.json.decode(cursor or "{}", type=cls)
        except ValueError:
            return cls()

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


@asynccontextmanager
async def connect(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    cursor: str | None = None,
    interval: float = 30.0,
    max_size: int = MAX_BODY,
    html: bool = False,
    client: httpx.AsyncClient | None = None,
    note: Callable[[str], None] = unheard,
) -> AsyncIterator[AsyncIterator[Message]]:
    """
    Fetch `url` every `interval` seconds and yield each body that differs from the one before.

    A message's cursor is a `PollCursor` as text. To tell apart what a body lists, see `seen.Seen`.

    Args:
        url: What to fetch.
        headers: Sent with every request.
        cursor: The cursor of the last message, so that an unchanged document is not fetched again.
        interval: Seconds between two requests, varied by a tenth; the source may ask for more, up to an hour.
        max_size: The largest body in bytes, unpacked.
        html: Whether a web page is a body like others; otherwise it is taken for a mistake.
        client: Used instead of a client of its own; it is not closed.
        note: Told when the next request is due.

    Raises:
        FeedBroken: If a request fails in a way that may mend itself.
        FeedFailed: If trying again cannot help.

    """
    async with (
        http.opened(client) as own,
        aclosing(
            _Poll(own, url, headers or {}, PollCursor.parse(cursor), max_size, html=html).bodies(interval, note)
        ) as messages,
    ):
        yield messages


class _Poll:
    """One document and what is known of it."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        headers: Mapping[str, str],
        state: PollCursor,
        max_size: int,
        *,
        html: bool,
    ) -> None:
        self._client = client
        self._url = url
        self._headers = {"accept": "application/json, */*;q=0.8"}
        self._headers |= {name.lower(): value for name, value in headers.items()}
        self._state = state
        self._max_size = max_size
        self._html = html
        self._asked_wait = 0.0

    async def bodies(self, interval: float, note: Callable[[str], None]) -> AsyncGenerator[Message]:
        while True:
            message = await self._fetch()
            if message is not None:
                yield message
            wait = interval * random.uniform(0.9, 1.1)  # noqa: S311 - a pause, not a secret
            wait = max(wait, min(self._asked_wait, LONGEST_WAIT))
            note(f"next poll in {wait:.0f} s")
            await asyncio.sleep(wait)

    async def _fetch(self) -> Message | None:
        headers = [(name.encode(), value.encode()) for name, value in self._request_headers().items()]
        with http.explained(self._url):
            try:
                async with (
                    asyncio.timeout(_REQUEST_TIMEOUT),
                    self._client.stream("GET", self._url, headers=headers) as response,
                ):
                    return await self._read(response)
            except TimeoutError:
                reason = f"{http.shown(self._url)} took over {_REQUEST_TIMEOUT:.0f} s to answer"
                raise FeedBroken(reason) from None

    def _request_headers(self) -> dict[str, str]:
        conditions = {}
        if self._state.etag:
            conditions["if-none-match"] = self._state.etag
        if self._state.last_modified:
            conditions["if-modified-since"] = self._state.last_modified
        return self._headers | conditions

    async def _read(self, response: httpx.Response) -> Message | None:
        self._asked_wait = max(
            parse_retry_after(response.headers.get("retry-after")) or 0.0,
            parse_retry_after(response.headers.get("x-poll-interval")) or 0.0,
        )
        if response.status_code in {204, 304}:
            return None
        http.check_status(self._url, response)
        if not self._html:
            http.check_data(self._url, response)
        body = await http.read_body(self._url, response, max_size=self._max_size)
        return self._changed(body, response.headers)

    def _changed(self, body: bytes, headers: httpx.Headers) -> Message | None:
        before = self._state
        digest = blake2b(body, digest_size=12).hexdigest()
        self._state = PollCursor(headers.get("etag", ""), headers.get("last-modified", ""), digest)
        return None if digest == before.digest else Message(body, cursor=str(self._state))
