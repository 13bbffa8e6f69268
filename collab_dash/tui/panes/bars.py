"""The bars: the largest of several, as horizontal bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...errors import CollabDashError
from ...event import Event
from ...filter import compile_expression
from ...glance import LONGEST
from ..drawing.numbers import as_number, measured, span
from ..drawing.row import Row
from ..drawing.spark import bar
from ..drawing.text import clean, fit
from ..drawing.text import width as cells_of
from .columns import plain
from .parts import Parts
from .pointers import Tag, pointing
from .rows import RowsPane
from .tally import Tally

MOST = 1000
LONGEST_NAME = 24


class BarsPane(RowsPane):
    """The last value of a field by key, or how many events came of each kind."""

    header_rows = 0
    depth = 1000
    usual_span = 60

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._tally = Tally(self.span)
        self._values: dict[str, float] = {}
        self._parts = Parts()
        self._bars: list[tuple[str, float]] = []
        self._most = 1.0
        self._name_cells = 4
        self._end_cells = 0
        self._value_cells = 3
        self._field: Callable[[Event], Any] | None = None
        self._by: Callable[[Event], Any] = lambda event: event.key or event.type
        try:
            if self.spec.by:
                self._by = compile_expression(self.spec.by)
            if self.spec.field:
                self._field = compile_expression(self.spec.field)
        except CollabDashError as error:
            self.fault = str(error)

    def fold(self, events: Sequence[Event]) -> None:
        """Take values, or count."""
        if self._field is not None:
            self._take_values(events)
            return
        for event in events:
            self._parts.take(self._tally.add(event.received // 1000, self._bar_of(event)), event)
        self._expire()

    def _bar_of(self, event: Event) -> str:
        """Give the name of the bar that an event belongs to."""
        return plain(self._by(event))[:LONGEST] or "–"

    def _take_values(self, events: Sequence[Event]) -> None:
        assert self._field is not None  # noqa: S101
        for event in events:
            amount = as_number(self._field(event))
            name = self._bar_of(event)
            if amount is not None and (name in self._values or len(self._values) < MOST):
                self._values[name] = amount
                self._parts.take(name, event)

    def _expire(self) -> None:
        travel = self.live.travel
        now = self.live.state.hub_clock() if travel.at is None else travel.at
        for name in self._tally.expire(now // 1000):
            self._parts.latest.pop(name, None)

    def forget(self) -> None:
        """Forget everything."""
        self._tally.clear()
        self._values.clear()
        self._parts.clear()

    def _rank(self) -> None:
        if self._field is not None:
            items: list[tuple[str, float]] = list(self._values.items())
        else:
            if not self.frozen:
                self._expire()
            items = list(self._tally.counts.items())
        self._bars = sorted(items, key=lambda item: (-item[1], item[0]))

    def count(self) -> int:
        """Count the bars."""
        return len(self._bars)

    def body(self, width: int, height: int) -> list[Row]:
        """Draw the largest."""
        self._rank()
        self._parts.look(self.live.talk.marks, self.spec.feeds)
        self._end_cells = self._widest_end(height)
        self._most = max((abs(value) for _, value in self._bars), default=0) or 1
        for name, value in self._bars[:height]:
            self._name_cells = min(max(self._name_cells, cells_of(name)), LONGEST_NAME, width * 2 // 5)
            self._value_cells = max(self._value_cells, len(self._write(value)))
        return super().body(width, height)

    def _widest_end(self, height: int) -> int:
        """Give how much room bars have to leave, so that no number is hidden by what stands at the end of its row."""
        pointers = pointing(self.onlookers())
        shown = range(self.top, min(self.top + height, self.count()))
        return max((self.end_of(index, pointers).cells for index in shown), default=0)

    def row(self, index: int, width: int) -> Row:
        """Draw one bar."""
        name, value = self._bars[index]
        room = max(width - self._name_cells - self._value_cells - self._end_cells - 4, 1)
        row = Row(fit(name, self._name_cells) + "  ", self.ink("text"))
        row.add(bar(abs(value) / self._most, room), self.ink("accent" if value >= 0 else "down"))
        row.to(self._name_cells + 2 + room + 2, self.ink("text"))
        return row.add(fit(self._write(value), self._value_cells, right=True), self.ink("strong"))

    def _write(self, value: float) -> str:
        return measured(value, clean(self.spec.unit))

    # The bar under the cursor

    def name_at(self, index: int) -> str:
        """Give a bar's name."""
        return self._bars[index][0]

    def chosen(self) -> Event | None:
        """Give the latest event of the bar under the cursor, or else of all."""
        name = self._held
        if self.cursor is not None and self.cursor < self.count() and name not in self._parts.latest:
            name, _ = self._bars[self.cursor]
        return self._parts.latest.get(name, self.latest)

    def tag(self, index: int) -> Tag:
        """Give the bar's name, whatever event was its latest."""
        name, _ = self._bars[index]
        event = self._parts.latest.get(name)
        return Tag(event.offset if event is not None else None, name)

    def marked(self, index: int) -> list[str]:
        """Give the marks of a bar."""
        return self._parts.marked(self._bars[index][0])

    def reveal(self, event: Event, past: Sequence[Event] = ()) -> bool:
        """Put the cursor on an event's bar."""
        self._rank()
        row = self.row_named(self._bar_of(event))
        if row is not None:
            self.show_row(row)
        return row is not None

    # In a line

    def summary(self) -> str:
        """Say what is drawn."""
        if self._field is None:
            return f"count · {span(self.span)} · {sum(value for _, value in self._bars):,.0f} in all"
        return f"{clean(self.spec.field)} · {len(self._bars):,} bars"

    def digest(self) -> str:
        """Say the largest."""
        self._rank()
        return "  ".join(f"{name} {self._write(value)}" for name, value in self._bars[:4])
