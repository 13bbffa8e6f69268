"""Short polling: the same document again and again, fetched only when it changed."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ..errors import FeedBroken
from ..retry import parse_retry_after
from . import Message, http, unheard
from .paging import Paging, resolve

if TYPE_CHECKING:
    import httpx

MAX_BODY = 32 * 1024 * 1024
LONGEST_WAIT = 3600.0
TIMEOUT = 120.0


class PollCursor(msgspec.Struct, omit_defaults=True):
    """
    Where polling stands, as it is kept between runs.

    Args:
        etag: The ``ETag`` of the last body.
        last_modified: Its ``Last-Modified``.
        digest: Its hash, for sources that offer neither.
        seen: What `collab_dash.transports.seen.Seen.dump` gave; a feed's, not the transport's.
        unfinished: Whether it stands in the midst of pages, so that all of them have to be looked at again.

    """

    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    seen: str = ""
    unfinished: bool = False

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
    paging: Paging | None = None,
    timeout: float = TIMEOUT,
    client: httpx.AsyncClient | None = None,
    tls: ssl.SSLContext | None = None,
    note: Callable[[str], None] = unheard,
) -> AsyncIterator[AsyncIterator[Message]]:
    """
    Fetch `url` every `interval` seconds and yield each body that differs from the one before.

    A message's cursor is a `PollCursor` as text. To tell apart what a body lists, see `seen.Listing`.

    With `paging`, each body is a page, the first of which is the one at `url`. When that has changed, the next ones are
    fetched for as long as they are wanted; one without a body is an empty message. The cursors of all but the last are
    unfinished: who goes on with such a one is given all pages again.

    Args:
        url: What to fetch.
        headers: Sent with every request.
        cursor: The cursor of the last message, so that an unchanged document is not fetched again.
        interval: Seconds between two requests, varied by a tenth; the source may ask for more, up to an hour.
        max_size: The largest body in bytes, unpacked.
        html: Whether a web page is a body like others; otherwise it is taken for a mistake.
        paging: How to go through pages, where the document has them.
        timeout: Seconds that a request may take until its answer is complete.
        client: Used instead of a client of its own; it is not closed.
        tls: Whom to trust and what to show; by default as all connections do.
        note: Told when the next request is due.

    Raises:
        FeedBroken: If a request fails in a way that may mend itself.
        FeedFailed: If trying again cannot help.

    """
    async with http.opened(client, tls) as own:
        poll = _Poll(own, url, headers or {}, PollCursor.parse(cursor), max_size, timeout, html=html)
        async with aclosing(poll.bodies(interval, paging, note)) as messages:
            yield messages


class _Page(NamedTuple):
    """
    A document that was fetched.

    Args:
        url: Where it came from in the end.
        headers: The answer's, by lower-case name.
        body: Unpacked; empty where the answer has none.

    """

    url: str
    headers: Mapping[str, str]
    body: bytes


class _Poll:
    """One document and what is known of it."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        url: str,
        headers: Mapping[str, str],
        state: PollCursor,
        max_size: int,
        timeout: float,
        *,
        html: bool,
    ) -> None:
        self._client = client
        self._url = url
        self._headers = {"accept": "application/json, */*;q=0.8"}
        self._headers |= {name.lower(): value for name, value in headers.items()}
        self._state = PollCursor() if state.unfinished else state
        self._max_size = max_size
        self._timeout = timeout
        self._html = html
        self._asked_wait = 0.0
        self._left_over = ""

    async def bodies(
        self, interval: float, paging: Paging | None, note: Callable[[str], None]
    ) -> AsyncGenerator[Message]:
        while True:
            self._asked_wait, self._left_over = 0.0, ""
            page = await self._changed()
            if page is not None and paging is None:
                yield Message(page.body, cursor=str(self._state))
            elif page is not None and paging is not None:
                async with aclosing(self._pages(page, paging)) as messages:
                    async for message in messages:
                        yield message
            wait = interval * random.uniform(0.9, 1.1)  # noqa: S311 - a pause, not a secret
            wait = max(wait, min(self._asked_wait, LONGEST_WAIT))
            note(f"next poll in {wait:.0f} s{self._left_over}")
            await asyncio.sleep(wait)

    async def _pages(self, page: _Page, paging: Paging) -> AsyncGenerator[Message]:
        for _ in range(1, paging.most):
            following = self._following(page, paging)
            if following is None:
                break
            yield Message(page.body, cursor=str(msgspec.structs.replace(self._state, unfinished=True)))
            if not paging.wanted():
                return
            page = await self._fetch(following, self._headers) or _Page(following, {}, b"")
        following = self._following(page, paging)
        yield Message(page.body, cursor=str(self._state))
        if following is not None and paging.wanted():
            self._left_over = f"; there are more than {paging.most} pages of news"

    def _following(self, page: _Page, paging: Paging) -> str | None:
        target = paging.next(page.headers, page.body)
        url = resolve(self._url, page.url, target) if target else None
        return None if url == page.url else url

    async def _changed(self) -> _Page | None:
        """Fetch the document, or the first page of it, unless it is the one we know."""
        conditions = {}
        if self._state.etag:
            conditions["if-none-match"] = self._state.etag
        if self._state.last_modified:
            conditions["if-modified-since"] = self._state.last_modified
        page = await self._fetch(self._url, self._headers | conditions)
        if page is None:
            return None
        before, digest = self._state.digest, blake2b(page.body, digest_size=12).hexdigest()
        headers = page.headers
        self._state = PollCursor(headers.get("etag", ""), headers.get("last-modified", ""), digest)
        return None if digest == before else page

    async def _fetch(self, url: str, headers: Mapping[str, str]) -> _Page | None:
        """Make one request; None means an answer without a body, most likely because nothing changed."""
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        with http.explained(url):
            try:
                async with asyncio.timeout(self._timeout), self._client.stream("GET", url, headers=pairs) as response:
                    return await self._read(url, response)
            except TimeoutError:
                reason = f"{http.shown(url)} took over {self._timeout:g} s to answer"
                raise FeedBroken(reason, hint="check url and network") from None

    async def _read(self, url: str, response: httpx.Response) -> _Page | None:
        asked = [parse_retry_after(response.headers.get(name)) or 0.0 for name in ("retry-after", "x-poll-interval")]
        self._asked_wait = max(self._asked_wait, *asked)
        if response.status_code in {204, 304}:
            return None
        http.check_status(url, response)
        if not self._html:
            http.check_data(url, response)
        body = await http.read_body(url, response, max_size=self._max_size)
        return _Page(str(response.url), response.headers, body)
