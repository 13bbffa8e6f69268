"""The feeds: one line for each, with its health in figures and words."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ...board import Pane as Spec
from ...wire import FeedStatus
from ..drawing.numbers import clock, rate, size, span
from ..drawing.row import Row
from ..drawing.text import clean, fit
from ..drawing.text import width as cells_of
from ..live import Live
from ..state import DOWN, GLYPHS, HEALTH, TRANSPORTS, brief, next_try, why_stale
from .face import asides
from .rows import RowsPane


class FeedsPane(RowsPane):
    """Every feed of the session."""

    class Report(Message):
        """Somebody wants to know all about a feed."""

        def __init__(self, feed: str) -> None:
            super().__init__()
            self.feed = feed

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "report", "Feed", key_display="enter")]

    header_rows = 0
    of_session = True

    def __init__(self, live: Live, spec: Spec, number: int) -> None:
        super().__init__(live, spec, number)
        self._name_cells = 8
        self._lines: list[tuple[str, Row]] = []

    def body(self, width: int, height: int) -> list[Row]:
        """Draw the feeds, and below them the recording where there is room."""
        statuses, before = self.live.state.all_feeds(), self._lines
        longest = max((cells_of(clean(status.feed)) for status in statuses), default=0)
        self._name_cells = min(max(self._name_cells, longest), 18)
        self._lines = [line for status in statuses for line in self._feed(status, width)]
        store = self._store()
        if height > len(self._lines) + len(store):
            self._lines += [("", Row())] + [("", row) for row in store]
        self.stay(before, self._lines)
        return super().body(width, height)

    def _feed(self, status: FeedStatus, width: int) -> list[tuple[str, Row]]:
        now = self.live.state.clock()
        dim, text = self.ink("dim"), self.ink("text")
        row = Row(f"{GLYPHS.get(status.state, '?')} ", self.ink(HEALTH.get(status.state, "warn")))
        row.add(fit(clean(status.feed), self._name_cells) + "  ", text)
        age = span((now - status.last_event) / 1000) if status.last_event else "–"
        transport = clean(TRANSPORTS.get(status.transport, status.transport))
        row.add(f"{rate(status.rate):>6} ", text).add(f"{age:>5}  ", dim).add(f"{transport:<5} ", dim)
        lines = [(status.feed, row)]
        if status.state in DOWN or status.reason:
            retry = f"{next_try(status.retry_at, now)} · " if status.retry_at else ""
            why = f"  {retry}{brief(status.reason) or status.state}"
            lines.append((status.feed, Row(why, self.ink("error" if status.state == "failed" else "warn"))))
        elif told := " · ".join(asides([status])):
            lines.append((status.feed, Row(f"  {told}", self.ink("warn"))))
        elif (note := clean(status.note)) and row.cells + 1 + cells_of(note) > width:
            lines.append((status.feed, Row(f"  {note}", dim)))
        elif note:
            row.add(f" {note}", dim)
        elif status.state != "live":
            row.add(f" {status.state}", dim)
        return lines

    def _store(self) -> list[Row]:
        status = self.live.state.status
        if status is None:
            return []
        dim, text = self.ink("dim"), self.ink("text")
        head = f"{'store':<{self._name_cells + 4}}"
        rows = [Row(head, dim).add(f"{rate(status.rate):>6} ", text).add(f" {size(status.db_bytes)}", text)]
        rows.append(Row(" " * len(head), dim).add(f"{status.offset:>6,} events", dim))
        if status.recording.state != "on":
            since = clock(status.recording.since)
            rows.append(Row(f"not recording since {since}", self.ink("error")))
        if self.live.state.skipped:
            rows.append(Row(f"{'not sent to this screen':<{len(head)}}", dim))
            rows[-1].add(f" {self.live.state.skipped:,}", self.ink("warn"))
        return rows

    def count(self) -> int:
        """Count the lines."""
        return len(self._lines)

    def row(self, index: int, width: int) -> Row:
        """Give one line."""
        return self._lines[index][1]

    def _under_cursor(self) -> str:
        if self.cursor is not None and self.cursor < len(self._lines):
            return self._lines[self.cursor][0]
        down = [s.feed for s in self.live.state.all_feeds() if s.state in DOWN]
        return down[0] if down else ""

    def statuses(self) -> list[FeedStatus]:
        """Give how every feed is doing."""
        return self.live.state.all_feeds()

    def stale(self) -> str:
        """Say that there is no link; a feed that is down is what this pane is there to show."""
        return why_stale(self.live.state, ())

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        if action == "report":
            return bool(self._under_cursor())
        return super().check_action(action, parameters)

    def action_report(self) -> None:
        """Show all about a feed."""
        self.post_message(self.Report(self._under_cursor()))

    def action_reconnect(self) -> None:
        """Let the feed under the cursor, or every one that is down, try again now."""
        name = self._under_cursor() if self.cursor is not None else ""
        down = [status.feed for status in self.statuses() if status.state in DOWN]
        self.live.reconnect(feed for feed in down if name in ("", feed))

    def digest(self) -> str:
        """Say what is wrong, or that nothing is."""
        for status in self.live.state.all_feeds():
            if status.state in DOWN:
                return f"{GLYPHS[status.state]} {clean(status.feed)} {brief(status.reason)}"
        return "all feeds live"
