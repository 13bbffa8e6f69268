"""What streams show of the time before they were opened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from ..errors import RequestRefused
from ..event import Event
from ..wire import HISTORY, History
from .streams import Stream

PAGE = 1000
MOST_PAGES = 5

if TYPE_CHECKING:
    from .live import Live


class Backfill:
    """
    Fetches the past of streams, as far back as their taps want to see.

    Args:
        live: The screen's hold on the session.

    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._unfilled: set[Stream] = set()

    def fill(self, stream: Stream) -> None:
        """Fetch the past of a stream that holds what comes; if the link breaks meanwhile, once it is back."""
        self._live.spawn(self._fetch(stream, stream.turn))

    def resume(self) -> None:
        """Go on with what a broken link kept from coming."""
        unfilled, self._unfilled = self._unfilled, set()
        for stream in unfilled:
            if stream.holding:
                self.fill(stream)

    def show_present(self) -> None:
        """Let every stream have the latest of the log, and what comes from now on."""
        missed = list(self._live.streams.missed)
        self._live.streams.missed.clear()
        for stream in self._live.streams:
            stream.hold(missed, anew=True)
            self.fill(stream)

    def begin_anew(self) -> None:
        """Show the same of another log."""
        self._unfilled.clear()
        self._live.streams.missed.clear()
        if self._live.travel.position is not None:
            self._live.travel.seek(self._live.travel.position)
            return
        self._live.streams.clear()
        for stream in self._live.streams:
            stream.hold()
            self.fill(stream)

    async def _fetch(self, stream: Stream, turn: int) -> None:
        pages: list[list[Event]] = []
        try:
            async for events in self.pages(stream, self._live.travel.offset, self._live.clock()):
                pages.append(events)  # noqa: PERF401 - what came before a refusal is kept
        except RequestRefused:
            if self._live.cut_off:
                self._unfilled.add(stream)
                return
        stream.release([event for page in reversed(pages) for event in page], turn)

    async def pages(self, stream: Stream, upto: int | None, now: int) -> AsyncIterator[list[Event]]:
        """
        Give pages of a stream's past, latest first.

        Args:
            stream: Whose past.
            upto: The last offset of it; None for the present.
            now: When that was, Unix milliseconds.

        Raises:
            RequestRefused: If the hub refuses or does not answer.

        """
        query = stream.selection.query()
        if upto is not None:
            query["before"] = upto + 1
        since, count = now - stream.reach * 1000, 0
        for _ in range(MOST_PAGES):
            page = await self._live.ask(HISTORY, {**query, "limit": PAGE}, History)
            yield page.events
            count += len(page.events)
            if not page.more or not page.events:
                return
            if count >= stream.depth and page.events[0].received <= since:
                return
            query["before"] = page.events[0].offset
