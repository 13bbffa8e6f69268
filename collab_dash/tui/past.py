"""The session as it was: places in the log, and what every stream showed there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import RequestRefused
from ..event import Event
from ..wire import DENSITY, HISTORY, Code, Density, History
from .ahead import PAGE, Ahead
from .streams import Stream

MOST_AT_ONCE = 3000
MOST_PAGES = 5

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

    async def before(self, wanted: Stream, offset: int | None) -> Place:
        """
        Give the place of the last event that belongs to a stream.

        Args:
            wanted: Which events count.
            offset: Only what is before this event; None for the end of the log.

        Raises:
            RequestRefused: If there is none, too.

        """
        selection = wanted.selection
        query: dict[str, Any] = {"feeds": list(selection.feeds), "types": list(selection.types), "limit": PAGE}
        if offset is not None:
            query["before"] = offset
        for _ in range(MOST_PAGES):
            page = await self._live.ask(HISTORY, query, History)
            if chosen := wanted.choose(page.events):
                return Place(chosen[-1].received, chosen[-1].offset or 0)
            if not page.more:
                break
            query["before"] = page.last
        raise RequestRefused("nothing earlier here", code=Code.NOT_FOUND)

    async def up_to(self, wanted: Stream, offset: int) -> list[Event]:
        """
        Give the events after `offset` up to the next one that belongs to a stream, or some thousands of them.

        Raises:
            RequestRefused: If none belongs to it, too.

        """
        passed: list[Event] = []
        while len(passed) < PAGE * MOST_PAGES:
            event = await self._ahead.next()
            if event is None:
                self._ahead.begin(offset)
                raise RequestRefused("nothing later here", code=Code.NOT_FOUND)
            passed.append(event)
            if wanted.choose([event]):
                break
        return passed

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
        pages = [page async for page in self._live.past(stream, place.offset, place.time)]
        return [event for page in reversed(pages) for event in page]

    def show(self, pasts: dict[Stream, list[Event]], place: Place) -> None:
        """Let every stream show what was fetched for a place that is now the present one."""
        self._ahead.begin(place.offset)
        for stream in self._live.streams:
            if stream in pasts:
                stream.show(pasts[stream])
            else:  # it was opened meanwhile, and asked for another past
                stream.hold(anew=True)
                self._live.refill(stream)
