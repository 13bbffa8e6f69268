"""What comes next in the log, read a page at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ..event import Event
from ..wire import HISTORY, History

PAGE = 1000

if TYPE_CHECKING:
    from .live import Live


class Ahead:
    """
    The events after a place in the log, of the feeds that anybody looks at; at most a page of them is kept.

    Args:
        live: The screen's hold on the session.

    """

    def __init__(self, live: Live) -> None:
        self._live = live
        self._events: deque[Event] = deque()
        self._feeds: list[str] | None = None
        self._given = 0
        self._read = 0

    def begin(self, offset: int) -> None:
        """Go on after an offset."""
        self._events.clear()
        self._given = self._read = offset

    async def next(self, until: int | None = None) -> Event | None:
        """
        Give the next event; None if there is none yet.

        Args:
            until: Only one that was received by then, Unix milliseconds.

        Raises:
            RequestRefused: If the hub refuses or does not answer.

        """
        feeds = self._live.streams.feeds()
        if feeds != self._feeds:
            self._feeds = feeds
            self.begin(self._given)
        if not self._events:
            await self._fetch()
        if not self._events or (until is not None and self._events[0].received > until):
            return None
        event = self._events.popleft()
        self._given = event.offset or self._given
        return event

    async def _fetch(self) -> None:
        query: dict[str, Any] = {"feeds": self._feeds, "after": self._read, "limit": PAGE}
        page = await self._live.ask(HISTORY, query, History)
        self._events.extend(page.events)
        self._read = max(self._read, page.last)
