"""The table: one row for every key, with its latest values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import CollabDashError
from ...event import Event
from ..drawing.numbers import as_number
from ..drawing.row import Row
from ..drawing.text import clean
from .columns import GAP, Column, automatic, heading, lay_out
from .keyed import Keyed
from .pointers import Tag
from .rows import RowsPane

MOST_KEYS = 5000


class TablePane(RowsPane):
    """One row for every key."""

    depth = 1000
    sorts = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._entries: dict[str, Keyed] = {}
        self._columns: list[Column] = []
        self._sparks: list[Column] = []
        self._widths: list[int] = []
        self._order: list[Keyed] | None = None
        self._sort: tuple[int, bool] | None = None
        try:
            self._use([Column(text) for text in self.spec.columns])
        except CollabDashError as error:
            self.fault = str(error)

    def _use(self, columns: list[Column]) -> None:
        self._columns = columns
        first = self.spec.by or "time"
        self._sort = next(((i, True) for i, column in enumerate(columns) if column.source == first), None)
        self._sparks = [column for column in columns if column.kind == "spark"]

    def fold(self, events: Sequence[Event]) -> None:
        """Keep the latest event of every key."""
        if not self._columns:
            keyed = any(event.key is not None for event in events)
            self._use(automatic(events[:50], before=["key"] if keyed else [], after=["age"]))
        entries = self._entries
        for event in events:
            key = _key_of(event)
            entry = entries.get(key)
            if entry is None:
                entry = entries[key] = Keyed(event, len(self._sparks))
            entry.event = event
            if self._sparks:
                entry.trace(self._sparks)
        self._order = None
        if len(entries) > MOST_KEYS:
            self._evict()

    def _evict(self) -> None:
        oldest = sorted(self._entries, key=lambda key: self._entries[key].event.received)
        for key in oldest[: MOST_KEYS // 10]:
            del self._entries[key]

    def forget(self) -> None:
        """Forget every key."""
        self._entries.clear()
        self._order = None

    def count(self) -> int:
        """Count the keys."""
        return len(self._entries)

    def chosen(self) -> Event | None:
        """Give the event under the cursor, or the latest."""
        row = self._row_under_cursor()
        return self.latest if row is None else row.event

    def _row_under_cursor(self) -> Keyed | None:
        """Give the entry that the cursor is on: that of its key, wherever that is, or what is in the key's place."""
        if self.cursor is None:
            return None
        entry, rows = self._entries.get(self._held), self._rows()
        return entry or (rows[self.cursor] if self.cursor < len(rows) else None)

    def marked(self, index: int) -> list[str]:
        """Give the marks of a key's latest event, or else of those before it."""
        event = self._rows()[index].event
        marks = self.live.talk.marks
        return marks.on_event(event.offset) or marks.on_key(event.feed, event.key or "")

    def reveal(self, event: Event, past: Sequence[Event] = ()) -> bool:
        """Put the cursor on an event's key."""
        row = self.row_named(_key_of(event))
        if row is not None:
            self.show_row(row)
        return row is not None

    def tag(self, index: int) -> Tag:
        """Give the key, whatever event it holds by now."""
        event = self._rows()[index].event
        return Tag(event.offset, _key_of(event))

    def name_at(self, index: int) -> str:
        """Give a row's key."""
        return _key_of(self._rows()[index].event)

    def row_named(self, name: str) -> int | None:
        """Give a key's row, of which there may be very many."""
        entry = self._entries.get(name)
        return self._rows().index(entry) if entry is not None else None

    def _rows(self) -> list[Keyed]:
        if self._order is None:
            self._order = list(self._entries.values())
            if self._sort is not None:
                index, down = self._sort
                value = self._columns[index].value
                self._order.sort(key=lambda entry: _rank(value(entry.event)), reverse=down)
        return self._order

    def action_sort(self) -> None:
        """Sort by the next column: down, then up, then as they came."""
        sortable = [i for i, column in enumerate(self._columns) if not column.drawn]
        ways = [None, *((i, down) for i in sortable for down in (True, False))]
        self._sort_by(ways[(ways.index(self._sort) + 1) % len(ways)])

    def _sort_by(self, way: tuple[int, bool] | None) -> None:
        self._sort = way
        self._order = None
        self.want_paint()

    def choose_column(self, x: int) -> None:
        """Sort by the column at `x`; the other way round if it is sorted by already."""
        end = 0
        for index, cells in enumerate(self._widths):
            end += cells + GAP
            if x < end:
                if not self._columns[index].drawn:
                    self._sort_by((index, self._sort != (index, True)))
                return

    def summary(self) -> str:
        """Say how many rows there are and how they are sorted."""
        count = len(self._entries)
        text = f"{count:,} row{'' if count == 1 else 's'}"
        if self._sort is not None:
            index, down = self._sort
            text += f" · sort {self._columns[index].label.lower()} {'▼' if down else '▲'}"
        return text

    def digest(self) -> str:
        """Say the topmost row where rows are sorted, otherwise what changed last."""
        if self.last is None:
            return ""
        entry = self._rows()[0] if self._sort and self._entries else self._entries.get(_key_of(self.last))
        if entry is None:
            return ""
        entry.write(self._columns, self.live.clock())
        parts = zip(self._columns, entry.cells, strict=True)
        return " ".join(text for column, text in parts if text and column.kind in ("value", "bytes"))

    def body(self, width: int, height: int) -> list[Row]:
        """Draw the table."""
        now = self.live.clock()
        rows = self._rows()
        for entry in rows[self.top : self.top + height]:
            entry.write(self._columns, now)
        self._widths = lay_out(self._columns, width)
        return super().body(width, height)

    def header(self, width: int) -> Row:
        """Draw the column names."""
        return heading(self._columns, self._widths, self.ink("dim"))

    def row(self, index: int, width: int) -> Row:
        """Draw one key."""
        entry, now = self._rows()[index], self.live.clock()
        entry.write(self._columns, now)
        return entry.draw(self._columns, self._widths, self.ink, now)


def _key_of(event: Event) -> str:
    """Give what an event's row is known by."""
    return event.key or event.type


def _rank(value: Any) -> tuple[int, float, str]:
    number = as_number(value)
    if number is not None:
        return (1, number, "")
    return (0, 0.0, "") if value is None else (2, 0.0, clean(str(value)))
