"""The log: one line for every event, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.style import Style

from ...errors import CollabDashError
from ...event import REJECTED, Event
from ..drawing.numbers import as_number, clock
from ..drawing.row import Row
from ..drawing.text import clean, fit
from .columns import GAP, Column, heading, lay_out, plain
from .pointers import Tag
from .rows import RowsPane

KEPT = 2000
LEVEL = 7
GAP_TYPE = "feed:skipped"
_TEXTS = ("message", "line", "text", "title", "msg", "name", "place", "value", "reason")
_LEVELS = {"error": "error", "critical": "error", "fatal": "error", "warning": "warn", "warn": "warn"}


class LogPane(RowsPane):
    """One line for every event."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._events: list[Event] = []
        self._columns: list[Column] = []
        self._widths: list[int] = []
        self._aside = False
        try:
            self._columns = [Column(text) for text in self.spec.columns]
        except CollabDashError as error:
            self.fault = str(error)
        self.header_rows = 1 if self._columns else 0

    def fold(self, events: Sequence[Event]) -> None:
        """Keep the latest events."""
        self._events.extend(events[-KEPT:])
        if len(self._events) > 2 * KEPT:
            del self._events[:-KEPT]

    def gap(self, first: int, last: int) -> None:
        """Show that events were not sent."""
        now = self.live.clock()
        self.take([Event(type=GAP_TYPE, time=now, received=now, data={"from": first, "to": last})])

    def forget(self) -> None:
        """Forget every line."""
        self._events.clear()
        self.cursor, self.top = None, 0

    def count(self) -> int:
        """Count the lines."""
        return min(len(self._events), KEPT)

    def chosen(self) -> Event | None:
        """Give the event under the cursor, or the latest."""
        if self.cursor is None or self.cursor >= self.count():
            return self.latest
        return self._events[-1 - self.cursor]

    def tag(self, index: int) -> Tag:
        """Give the event's number."""
        return Tag(self._events[-1 - index].offset)

    def moved(self) -> None:
        """Stand still while somebody reads."""
        if not self.frozen:
            self.freeze("PINNED")

    def marked(self, index: int) -> list[str]:
        """Give the marks of a line."""
        return self.live.talk.marks.on_event(self._events[-1 - index].offset)

    def held(self, offset: int) -> Event | None:
        """Give an event by its offset, if it is here."""
        return next((event for event in reversed(self._events) if event.offset == offset), None)

    def reveal(self, event: Event, past: Sequence[Event] = ()) -> bool:
        """
        Put the cursor on an event.

        Args:
            event: Which one.
            past: What to show instead, where it is not here any more; until somebody goes back to live.

        Returns:
            Whether it is here now.

        """
        row = self._row_of(event)
        if row is None and past:
            self.freeze("PINNED")
            self._events, self._aside = list(past), True
            row = self._row_of(event)
        if row is not None:
            self.show_row(row)
        return row is not None

    def _row_of(self, event: Event) -> int | None:
        shown = self._events[-KEPT:]
        return next((row for row, each in enumerate(reversed(shown)) if each.offset == event.offset), None)

    def clear(self) -> None:
        """Forget every event, those from elsewhere in the log too."""
        self._aside = False
        super().clear()

    def thaw(self) -> None:
        """Be live again; after events from elsewhere in the log the latest are fetched anew."""
        if self._aside:
            self._tap()
            self.refresh_bindings()
        super().thaw()

    def summary(self) -> str:
        """Say how many lines there are."""
        return f"{self.count():,} events" if self.count() != 1 else "1 event"

    def digest(self) -> str:
        """Say the latest line."""
        if self.last is None:
            return ""
        if not self._columns:
            return sentence(self.last)
        now = self.live.clock()
        cells = [c.write(c.value(self.last), now) for c in self._columns if c.kind in ("value", "bytes")]
        return " ".join(cell for cell in cells if cell)

    def body(self, width: int, height: int) -> list[Row]:
        """Draw the latest lines."""
        now = self.live.clock()
        for event in self._events[max(len(self._events) - self.top - height, 0) :][:height]:
            for column in self._columns:
                column.write(column.value(event), now)
        self._widths = lay_out(self._columns, width, fill_last=True)
        return super().body(width, height)

    def header(self, width: int) -> Row:
        """Draw the column names."""
        return heading(self._columns, self._widths, self.ink("dim"))

    def row(self, index: int, width: int) -> Row:
        """Draw one line."""
        event = self._events[-1 - index]
        if event.type == GAP_TYPE:
            missing = event.data["to"] - event.data["from"] + 1
            note = f"┈┈ {missing:,} events were not sent; the log has them ┈┈"
            return Row(note, self.ink("warn"))
        if event.type == REJECTED and self._columns:
            return self._plain(event)
        return self._cells(event) if self._columns else self._plain(event)

    def _cells(self, event: Event) -> Row:
        now = self.live.clock()
        row = Row()
        for column, cells in zip(self._columns, self._widths, strict=True):
            if cells:
                value = column.value(event)
                row.to(row.cells and row.cells + GAP, self.ink("text"))
                row.add(fit(column.write(value, now), cells, right=column.right), self._style(column, value))
        return row

    def _style(self, column: Column, value: Any) -> Style:
        if column.kind in ("time", "age"):
            return self.ink("dim")
        if column.signed and (number := as_number(value)):
            return self.ink("up" if number > 0 else "down")
        if isinstance(value, str) and (level := _LEVELS.get(value.lower())):
            return self.ink(level)
        return self.ink("text")

    def _plain(self, event: Event) -> Row:
        dim = self.ink("dim")
        row = Row(f"{clock(event.time or event.received)}  ", dim)
        if len(self.spec.feeds) > 1 or "*" in self.spec.feeds:
            row.add(fit(clean(event.feed), 10) + "  ", dim)
        if event.key:
            row.add(clean(event.key) + "  ", self.ink("accent"))
        if event.type == REJECTED:
            row.add("rejected ", self.ink("warn"))
        level = event.data.get("level")
        ink = self.ink("text")
        if isinstance(level, str) and level:
            ink = self.ink(_LEVELS.get(level.lower(), "text"))
            row.add(fit(clean(level), LEVEL) + "  ", ink)
        return row.add(sentence(event), ink)


def sentence(event: Event) -> str:
    """Say an event in one line: its text where it has one, otherwise its fields."""
    for name in _TEXTS:
        value = event.data.get(name)
        if isinstance(value, str) and value:
            return plain(value)
    pairs = (f"{clean(str(name))}={plain(value)}" for name, value in list(event.data.items())[:12])
    return "  ".join(pairs)
