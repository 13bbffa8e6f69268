"""The stretch of time that a timeline shows, and what the hub tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import RequestRefused
from ..wire import DENSITY, HISTORY, Density, History
from .travel import Flag

SPANS = (60, 300, 900, 3600, 14_400, 43_200, 86_400, 604_800, 2_592_000)
USUAL = SPANS.index(900)
MOST_BUCKETS = 500
ALERT_FEEDS = ("alerts", "hub")
MOST_ALERTS = 500

if TYPE_CHECKING:
    from .live import Live


class Seen(NamedTuple):
    """
    What is known of a stretch of time.

    Args:
        left: Where it begins, Unix milliseconds.
        right: Where it ends.
        counts: How many events there were in each equal part of it.
        first: When the first event of the log was received; None if it is empty.
        alerts: What alerts there were.

    """

    left: int
    right: int
    counts: list[int]
    first: int | None
    alerts: list[Flag]

    def column(self, ms: int) -> int | None:
        """Give the part that a moment is in; None if it is not in this stretch."""
        if not self.left <= ms < self.right:
            return None
        return (ms - self.left) * len(self.counts) // (self.right - self.left)

    def end_of(self, column: int) -> int:
        """Give the last millisecond of a part."""
        return self.left + (self.right - self.left) * (column + 1) // len(self.counts) - 1


class Window:
    """
    A stretch of time around the moment that is shown, or up to the present.

    Args:
        live: The screen's hold on the session.

    Attributes:
        seen: What the hub told last; None before it has.

    """

    def __init__(self, live: Live) -> None:
        self.seen: Seen | None = None
        self._live = live
        self._zoom = USUAL
        self._until: int | None = None
        self._asking = False
        self._again = False
        self._columns = 0

    @property
    def settled(self) -> bool:
        """Whether the hub has told what it was asked."""
        return self.seen is not None and not self._asking

    @property
    def whole(self) -> bool:
        """Whether it is the whole recording, longer than any of the lengths there are."""
        return self._zoom >= len(self._spans())

    @property
    def span(self) -> int:
        """How many milliseconds it is long."""
        if not self.whole:
            return SPANS[self._zoom] * 1000
        return max(self._age(), SPANS[USUAL] * 1000)

    @property
    def follows(self) -> bool:
        """Whether it ends at the present."""
        return self._until is None

    def _spans(self) -> list[int]:
        """Give the lengths there are, in seconds: the usual ones, and longer ones that the recording fills."""
        return [*SPANS[: USUAL + 1], *(span for span in SPANS[USUAL + 1 :] if span * 1000 < self._age())]

    def _age(self) -> int:
        """Give how many milliseconds ago the recording began."""
        first = self.seen.first if self.seen is not None else None
        return self._live.state.clock() - first if first is not None else 0

    def zoom(self, by: int) -> None:
        """Show more of time, or less; the moment that is shown stays where it is on the line."""
        before, right, position = self.span, self._right(), self._live.travel.position
        most = len(self._spans()) if self._age() > self._spans()[-1] * 1000 else len(self._spans()) - 1
        self._zoom = min(max(min(self._zoom, most) + by, 0), most)
        if position is None or self.whole:
            self._until = None
        else:
            self._end_at(position + (right - position) * self.span // before)

    def follow(self) -> None:
        """Move on, where the moment that is shown would be outside."""
        position = self._live.travel.position
        if position is None:
            self._until = None
        elif not self._right() - self.span <= position < self._right():
            self._end_at(position + self.span // 2)

    def _end_at(self, ms: int) -> None:
        self._until = ms if ms < self._live.state.clock() else None

    def _right(self) -> int:
        return self._live.state.clock() if self._until is None else self._until

    def edges(self, columns: int) -> tuple[int, int]:
        """Give where it begins and ends, Unix milliseconds, so that bars stay as they are while time goes on."""
        parts = max(columns - self.whole, 1)  # one to spare, so that the first event is in sight
        part = max(-(-self.span // parts), 1)
        right = (self._right() // part + 1) * part
        return max(right - part * columns, 0), right

    async def look(self, columns: int) -> None:
        """Ask the hub again; while it is asked already, once more after that."""
        self._columns, self._again = min(columns, MOST_BUCKETS), True
        if self._asking:
            return
        self._asking = True
        try:
            while self._again:
                self._again = False
                await self._ask(self._columns)
        except RequestRefused:
            pass  # what is known stays; it is asked again soon
        finally:
            self._asking = False

    async def _ask(self, columns: int) -> None:
        left, right = self.edges(columns)
        found = await self._live.ask(DENSITY, {"since": left, "until": right, "buckets": columns}, Density)
        query: dict[str, Any] = {"feeds": list(ALERT_FEEDS), "types": ["alert:*"], "limit": MOST_ALERTS}
        alerts = await self._live.ask(HISTORY, {**query, "before": found.offsets[-1] + 1}, History)
        flags = [Flag(event.received, "!", "error") for event in alerts.events if event.received >= left]
        self.seen = Seen(left, right, found.counts, found.first, flags)

    def flags(self) -> Iterator[Flag]:
        """Give what is to be flagged, the most important last."""
        if self.seen is not None:
            yield from self._live.travel.flags(self.seen.left, self.seen.right)
            yield from self.seen.alerts
