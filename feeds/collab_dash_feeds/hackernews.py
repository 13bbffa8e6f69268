"""Hacker News: stories and comments as they appear, from its public Firebase database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

import msgspec
from pydantic import Field

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.transports import Message, http, sse
from collab_dash.transports.address import HttpUrl

from ._hackernews_items import Kind, Known, as_event, check_item
from ._merged import Put, merged
from ._plain import part, whole

if TYPE_CHECKING:
    import httpx

URL = "https://hacker-news.firebaseio.com/v0"
_AT_ONCE = 8
_WAITING = 16
_ITEM_TIMEOUT = 20.0
_MAX_ITEM = 1024 * 1024
_PATIENCE = 120.0  # seconds for an item to be there; a new one's number is known before it is
_ABSURD = 10**12
_FARTHEST = 20_000_000  # about as many items as come in two years
_SILENCE = 90.0  # the database says keep-alive every 30 s


class HackerNewsOptions(FeedOptions):
    """Options of the ``hackernews`` feed."""

    kinds: tuple[Kind, ...] = Field(
        ("story", "comment", "job", "poll"), min_length=1, description="What is wanted: story, comment, job, poll."
    )
    updates: bool = Field(True, description="Whether stories are told again when their score or comments change.")
    first: int = Field(30, ge=0, le=1000, description="How many of the latest items to tell the first time.")
    catch_up: int = Field(500, ge=0, le=20_000, description="How many items to fetch at most after an absence.")
    url: HttpUrl = Field(URL, description="Where the database is.")


class HackerNewsFeed(Feed[HackerNewsOptions]):
    """
    New items by their numbers, and stories again when they change.

    The cursor is the number of the last item, and the numbers of those before it that could not be had yet.
    """

    summary = "Hacker News: new stories and comments, and how stories do"
    transport = "sse"
    silence = _SILENCE
    overflow = "wait"
    pane = Pane(view="log", columns=("time", "type", "score", "comments", "user", "title"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Follow the number of the latest item and the list of changed ones, and fetch what they name."""
        streams = ("maxitem", "updates") if self.options.updates else ("maxitem",)
        async with http.opened() as client:

            async def follow(put: Put[_Change]) -> None:
                async with asyncio.TaskGroup() as group:
                    for name in streams:
                        group.create_task(self._follow(client, name, context, put))

            news = _News(client, self.options, context)
            async with merged(follow, most=_WAITING) as changes:
                async for change in changes:
                    async with aclosing(news.read(change)) as events:
                        async for event in events:
                            yield event

    async def _follow(self, client: httpx.AsyncClient, name: str, context: FeedContext, put: Put[_Change]) -> None:
        url = f"{self.options.url.rstrip('/')}/{name}.json"
        async with sse.connect(url, client=client, note=context.note) as messages:
            while True:
                try:
                    async with asyncio.timeout(_SILENCE):
                        message = await anext(messages)
                except TimeoutError:
                    raise FeedBroken(f"{http.shown(url)} gave no sign of life for {_SILENCE:.0f} s") from None
                await put(_Change(name, message))


class _Change(NamedTuple):
    stream: str
    message: Message


class _News:
    """
    What is known of the items, and what is still to be fetched.

    Args:
        client: For the items; the streams share it.
        options: What is wanted.
        context: The connection's.

    """

    def __init__(self, client: httpx.AsyncClient, options: HackerNewsOptions, context: FeedContext) -> None:
        self._client = client
        self._options = options
        self._context = context
        self._last, pending = _read_cursor(context.cursor)
        now = asyncio.get_running_loop().time()
        self._missing = dict.fromkeys(pending, now)
        self._known = Known()

    def read(self, change: _Change) -> AsyncGenerator[Event]:
        """Give the events that follow from a message of one of the streams."""
        message = change.message
        if message.event in ("cancel", "auth_revoked"):
            reason = f"the source ended the stream {change.stream}: {message.event}"
            raise FeedFailed(reason, hint="check the feed's url")
        try:
            said = msgspec.json.decode(message.data)
        except (ValueError, RecursionError) as error:
            return self._fetch([], rejected(f"{change.stream}: not JSON: {error}", message.data))
        self._context.note("heartbeat" if message.event == "keep-alive" else "changes")
        if message.event == "keep-alive" or said == {"path": "/", "data": None}:
            return self._fetch([])
        latest = whole(part(said, "data"))
        if change.stream == "maxitem" and self._is_next(latest):
            return self._fetch(*self._new(latest))
        if change.stream == "updates" and (numbers := _changed(said)) is not None:
            return self._look_again(numbers)
        return self._fetch([], rejected(f"{change.stream}: not a change: it names no items", message.data))

    def _is_next(self, latest: int | None) -> TypeGuard[int]:
        """Tell whether a number can be that of the latest item: one that is none would have us wait for it for ever."""
        farthest = _ABSURD if self._last is None else self._last + _FARTHEST
        return latest is not None and 0 < latest < farthest

    def _new(self, latest: int) -> tuple[Sequence[int], Event | None]:
        """Give the numbers of the items to fetch, and what is to be said of those that are left out."""
        skipped = None
        if self._last is None:
            self._last = max(latest - self._options.first, 0)
        elif latest - self._last > (most := self._options.catch_up):
            first, self._last = self._last + 1, latest - most
            count = latest - most - first + 1
            title = f"{count:,} items of the absence are left out: catch_up is {most:,}"
            data = {"title": title, "from": first, "to": latest - most, "items": count}
            skipped = Event(type="item:skip", data=data)
        return range(self._last + 1, latest + 1), skipped

    async def _fetch(self, numbers: Sequence[int], before: Event | None = None) -> AsyncGenerator[Event]:
        """Fetch new items in the order of their numbers, and before them those that could not be had the last time."""
        if before is not None:
            self._context.cursor = self._cursor()
            yield before
        numbers = [*self._missing, *numbers]
        for start in range(0, len(numbers), _AT_ONCE):
            for found in await self._get(numbers[start : start + _AT_ONCE]):
                event = self._not_there(found) if found.item is None else self._created(found)
                self._last = max(self._last or 0, found.number)
                self._context.cursor = self._cursor()
                if event is not None:
                    yield event
        self._context.cursor = self._cursor()

    async def _look_again(self, numbers: list[int]) -> AsyncGenerator[Event]:
        """Fetch changed stories; what has a number we have not come to yet is told when we do."""
        last = self._last or 0
        wanted = [number for number in numbers if number <= last and not self._known.is_comment(number)]
        for start in range(0, len(wanted), _AT_ONCE):
            for found in await self._get(wanted[start : start + _AT_ONCE]):
                if found.item is None or check_item(found.item, found.number) is not None:
                    # The list names it again when it next changes; what it is now is then told.
                    self._context.note(f"the changed item {found.number} could not be had: {found.error}")
                    continue
                news = self._known.is_news(found.item) and not self._known.is_comment(found.number)
                if news and self._wants(found.item):
                    yield as_event(found.item, "update")

    def _created(self, found: _Found) -> Event | None:
        self._missing.pop(found.number, None)
        if (reason := check_item(found.item, found.number)) is not None:
            return rejected(reason, found.raw, key=str(found.number))
        return as_event(found.item, "create") if self._known.is_news(found.item) and self._wants(found.item) else None

    def _wants(self, item: dict[str, Any]) -> bool:
        return item["type"] in self._options.kinds

    def _not_there(self, found: _Found) -> Event | None:
        """Remember to ask again; after some time, say that it cannot be had."""
        now = asyncio.get_running_loop().time()
        if now - self._missing.setdefault(found.number, now) < _PATIENCE:
            return None
        del self._missing[found.number]
        return rejected(f"item {found.number} could not be had: {found.error}", found.raw, key=str(found.number))

    async def _get(self, numbers: Sequence[int]) -> list[_Found]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._item(number)) for number in numbers]
        items = [task.result() for task in tasks]
        if sum(item.failed for item in items) == _AT_ONCE:
            raise FeedBroken(f"none of {_AT_ONCE} items could be had: {items[0].error}")
        return items

    async def _item(self, number: int) -> _Found:
        url = f"{self._options.url.rstrip('/')}/item/{number}.json"
        raw = b""
        try:
            with http.explained(url):
                async with asyncio.timeout(_ITEM_TIMEOUT), self._client.stream("GET", url) as response:
                    http.check_status(url, response)
                    raw = await http.read_body(url, response, max_size=_MAX_ITEM)
            item = msgspec.json.decode(raw)
        except FeedError as error:
            return _Found(number, None, raw, str(error), failed=True)
        except TimeoutError:
            return _Found(number, None, raw, f"no answer within {_ITEM_TIMEOUT:.0f} s", failed=True)
        except (ValueError, RecursionError) as error:
            return _Found(number, None, raw, f"not JSON: {error}", failed=True)
        return _Found(number, item, raw, "there is nothing there" if item is None else "it is no item")

    def _cursor(self) -> str | None:
        return None if self._last is None else " ".join(map(str, [self._last, *self._missing]))


class _Found(NamedTuple):
    """
    What was fetched of an item.

    Args:
        number: Its number.
        item: The decoded answer; None if there is nothing yet, or if it could not be had.
        raw: The answer.
        error: Why there is no item, for people.
        failed: Whether that is for a failure, which asking again may mend.

    """

    number: int
    item: Any
    raw: bytes
    error: str
    failed: bool = False


def _read_cursor(cursor: str | None) -> tuple[int | None, list[int]]:
    words = (cursor or "").split()
    if not words or not all(word.isascii() and word.isdigit() and len(word) < 16 for word in words):
        return None, []
    last, *pending = map(int, words)
    return last, pending


def _changed(said: Any) -> list[int] | None:
    """Give the numbers of items in a put or patch of the list of updates; None if it is no such thing."""
    path, data = part(said, "path"), part(said, "data")
    if not isinstance(path, str):
        return None
    if path == "/":
        if not isinstance(data, dict):
            return [] if data is None else None
        data = [value for name, value in data.items() if name.split("/")[0] == "items"]
    elif path.split("/")[1:2] != ["items"]:
        return []
    return list(dict.fromkeys(_numbers(data)))


def _numbers(data: Any) -> list[int]:
    """Give the numbers in an array, which the database also writes as an object."""
    if isinstance(data, dict):
        data = list(data.values())
    if isinstance(data, list):
        return [number for value in data for number in _numbers(value)]
    return [] if (number := whole(data)) is None or not 0 < number < _ABSURD else [number]
