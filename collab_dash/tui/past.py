"""The session as it was: places in the log, and what every stream showed there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

from ..errors import RequestRefused
from ..event import Event
from ..wire import DENSITY, HISTORY, Code, Density, History
from .ahead import Ahead
from .streams import Stream

MOST_AT_ONCE = 3000
FEW, MANY = 100, 5000
SEARCHED = 11

if TYPE_CHECKING:
    from .live import Live


class Place(NamedTuple):
    """
    A moment and where it is in the log.

    Args:
        time: Unix milliseconds.
        offset: The last event received by then, 0 before the first.

    """

    time: int
    offset: int


class Past:
    """
    What the log tells of other moments. All of it raises `RequestRefused` if the hub refuses or does not answer.

    Args:
        live: The screen's hold on the session.

    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._ahead = Ahead(live)

    async def find(self, ms: int) -> Place:
        """Give the place of a moment, Unix milliseconds."""
        found = await self._live.ask(DENSITY, {"since": ms, "until": ms + 1, "buckets": 1}, Density)
        return Place(ms, found.offsets[0])

    async def nearest(self, wanted: Stream, offset: int | None, *, back: bool) -> Place:
        """
        Give the place of the next event that belongs to a stream, or of the one before.

        Args:
            wanted: Which events count.
            offset: Only what is on that side of this event; None for the end of the log.
            back: Which side.

        Raises:
            RequestRefused: If there is none near enough, too.

        """
        side, which = ("before", "earlier") if back else ("after", "later")
        picky = wanted.selection.key or wanted.selection.filter
        query = {**wanted.selection.query(), "limit": FEW if picky else 1}
        if offset is not None:
            query[side] = offset
        for _ in range(SEARCHED):
            page = await self._live.ask(HISTORY, query, History)
            if chosen := wanted.choose(page.events):
                found = chosen[-1 if back else 0]
                return Place(found.received, found.offset or 0)
            if not page.more:
                raise RequestRefused(f"nothing {which} here", code=Code.NOT_FOUND)
            query |= {side: page.last, "limit": MANY}
        message = f"nothing in {(SEARCHED - 1) * MANY:,} {which} events; go there by time"
        raise RequestRefused(message, code=Code.NOT_FOUND)

    async def up_to(self, wanted: Stream, offset: int) -> list[Event] | None:
        """
        Give the events after `offset` up to the next one that belongs to a stream; None if they are too many.

        Raises:
            RequestRefused: If none belongs to it, too.

        """
        passed: list[Event] = []
        while len(passed) < MOST_AT_ONCE:
            event = await self._ahead.next()
            if event is None:
                self._ahead.begin(offset)
                raise RequestRefused("nothing later here", code=Code.NOT_FOUND)
            passed.append(event)
            if wanted.choose([event]):
                return passed
        self._ahead.begin(offset)
        return None

    async def due(self, ms: int) -> list[Event] | None:
        """Give the events that come next and were received by `ms`; None if that is more than can happen at once."""
        due: list[Event] = []
        while (event := await self._ahead.next(ms)) is not None:
            due.append(event)
            if len(due) > MOST_AT_ONCE:
                return None
        return due

    async def fetch(self, place: Place) -> dict[Stream, list[Event]]:
        """Give what every stream is to show at a place."""
        streams = list(self._live.streams)
        try:
            async with asyncio.TaskGroup() as tasks:
                asked = [tasks.create_task(self._of(stream, place)) for stream in streams]
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        return {stream: task.result() for stream, task in zip(streams, asked, strict=True)}

    async def _of(self, stream: Stream, place: Place) -> list[Event]:
        pages = [page async for page in self._live.backfill.pages(stream, place.offset, place.time)]
        return [event for page in reversed(pages) for event in page]

    def show(self, pasts: dict[Stream, list[Event]], place: Place) -> None:
        """Let every stream show what was fetched for a place that is now the present one."""
        self._ahead.begin(place.offset)
        for stream in self._live.streams:
            if stream in pasts:
                stream.show(pasts[stream])
            else:  # it was opened meanwhile, and asked for another past
                stream.hold(anew=True)
                self._live.backfill.fill(stream)
