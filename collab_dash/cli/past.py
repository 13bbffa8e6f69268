"""The recorded past, read from a database file or asked of a hub: the same pages either way."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import msgspec

from ..event import Event
from ..store.log import Log
from ..wire import HISTORY
from .asking import Asking
from .wanted import Wanted

PAGE = 1000


class Page(NamedTuple):
    """
    Some of the past.

    Args:
        lines: Events as JSON, oldest first.
        last: Up to which offset was looked; a further page goes on from there.
        more: Whether there is more on that side.

    """

    lines: list[bytes]
    last: int
    more: bool


class Past(Protocol):
    """
    What was recorded until somebody began to look, of the feeds and types wanted.

    Attributes:
        last: The offset of the last event of it.

    """

    last: int

    async def forward(self, after: int) -> Page:
        """Give what comes after an offset."""

    async def backward(self, before: int) -> Page:
        """Give what comes before an offset."""

    async def offset_at(self, time: int) -> int:
        """Give the offset of the last event received before `time` (Unix milliseconds), 0 if there is none."""


class RecordedPast:
    """The past in a database file."""

    def __init__(self, log: Log, wanted: Wanted) -> None:
        self.last = log.last
        self._log = log
        self._feeds = wanted.feeds or None
        self._types = wanted.types

    async def forward(self, after: int) -> Page:
        """Give what comes after an offset."""
        page = await self._log.read(after=after, upto=self.last, limit=PAGE, feeds=self._feeds, types=self._types)
        return Page(page.events, page.last, page.more)

    async def backward(self, before: int) -> Page:
        """Give what comes before an offset."""
        page = await self._log.read_back(before=before, limit=PAGE, feeds=self._feeds, types=self._types)
        return Page(page.events, page.last, page.more)

    async def offset_at(self, time: int) -> int:
        """Give the offset of the last event received before `time` (Unix milliseconds), 0 if there is none."""
        return await self._log.offset_at(time)


class _Answer(msgspec.Struct):
    """A page of history whose events stay the bytes they are."""

    events: list[msgspec.Raw]
    more: bool
    last: int


class AskedPast:
    """The past as a hub tells it."""

    def __init__(self, asked: Asking, wanted: Wanted, *, last: int | None = None) -> None:
        self.last = asked.welcome.offset if last is None else last
        self._asked = asked
        self._filter = {"feeds": wanted.feeds or None, "types": wanted.types, "limit": PAGE}

    async def forward(self, after: int) -> Page:
        """Give what comes after an offset."""
        answer = await self._ask({"after": after, **self._filter})
        lines = [bytes(event) for event in answer.events]
        if answer.last < self.last:
            return Page(lines, answer.last, answer.more)
        return Page([line for line in lines if _offset(line) <= self.last], self.last, more=False)

    async def backward(self, before: int) -> Page:
        """Give what comes before an offset."""
        answer = await self._ask({"before": before, **self._filter})
        return Page([bytes(event) for event in answer.events], answer.last, answer.more)

    async def offset_at(self, time: int) -> int:
        """Give the offset of the last event received before `time` (Unix milliseconds), 0 if there is none."""
        low, high = 0, self.last
        while low < high:
            middle = (low + high) // 2
            answer = await self._ask({"after": middle, "limit": 1})
            event = msgspec.json.decode(answer.events[0], type=Event) if answer.events else None
            if event is not None and event.received < time:
                low = max(event.offset or 0, middle + 1)
            else:
                high = middle
        return low

    async def _ask(self, asked: dict[str, object]) -> _Answer:
        return msgspec.json.decode(await self._asked.ask_again(HISTORY, asked), type=_Answer)


class _Numbered(msgspec.Struct):
    offset: int


def _offset(line: bytes) -> int:
    return msgspec.json.decode(line, type=_Numbered).offset
