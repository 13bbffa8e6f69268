"""The bars: the largest of several, as horizontal bars."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Any

from ...errors import CollabDashError
from ...event import Event
from ...filter import compile_expression
from ..drawing.numbers import as_number, decimals, number, size, span
from ..drawing.row import Row
from ..drawing.spark import bar
from ..drawing.text import fit
from ..drawing.text import width as cells_of
from .columns import plain
from .rows import RowsPane

MOST = 1000
LONGEST_NAME = 24


class BarsPane(RowsPane):
    """The last value of a field by key, or how many events came of each kind."""

    header_rows = 0
    depth = 1000
    usual_span = 60

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._counts: Counter[str] = Counter()
        self._buckets: deque[tuple[int, Counter[str]]] = deque()
        self._values: dict[str, float] = {}
        self._bars: list[tuple[str, float]] = []
        self._most = 1.0
        self._name_cells = 4
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
            second = event.received // 1000
            if not self._buckets or second > self._buckets[-1][0]:
                self._buckets.append((second, Counter()))
            name = plain(self._by(event)) or "–"
            self._buckets[-1][1][name] += 1
            self._counts[name] += 1
        self._expire()

    def _take_values(self, events: Sequence[Event]) -> None:
        assert self._field is not None  # noqa: S101
        for event in events:
            amount = as_number(self._field(event))
            name = plain(self._by(event))
            if amount is not None and (name in self._values or len(self._values) < MOST):
                self._values[name] = amount

    def _expire(self) -> None:
        oldest = self.live.clock() // 1000 - self.span
        while self._buckets and self._buckets[0][0] <= oldest:
            self._counts.subtract(self._buckets.popleft()[1])
        if len(self._counts) > MOST:
            self._counts = +self._counts

    def forget(self) -> None:
        """Forget everything."""
        self._counts.clear()
        self._buckets.clear()
        self._values.clear()

    def _rank(self) -> None:
        if self._field is not None:
            items: list[tuple[str, float]] = list(self._values.items())
        else:
            if not self.frozen:
                self._expire()
            items = [(name, count) for name, count in self._counts.items() if count > 0]
        self._bars = sorted(items, key=lambda item: (-item[1], item[0]))

    def count(self) -> int:
        """Count the bars."""
        return len(self._bars)

    def body(self, width: int, height: int) -> list[Row]:
        """Draw the largest."""
        self._rank()
        self._most = max((abs(value) for _, value in self._bars), default=0) or 1
        for name, value in self._bars[:height]:
            self._name_cells = min(max(self._name_cells, cells_of(name)), LONGEST_NAME, width * 2 // 5)
            self._value_cells = max(self._value_cells, len(self._write(value)))
        return super().body(width, height)

    def row(self, index: int, width: int) -> Row:
        """Draw one bar."""
        name, value = self._bars[index]
        room = max(width - self._name_cells - self._value_cells - 4, 1)
        row = Row(fit(name, self._name_cells) + "  ", self.ink("text"))
        row.add(bar(abs(value) / self._most, room), self.ink("accent" if value >= 0 else "down"))
        row.to(self._name_cells + 2 + room + 2, self.ink("text"))
        return row.add(fit(self._write(value), self._value_cells, right=True), self.ink("strong"))

    def _write(self, value: float) -> str:
        if self.spec.unit == "bytes":
            return size(value)
        written = number(value, decimals(value))
        return f"{written} {self.spec.unit}" if self.spec.unit else written

    def summary(self) -> str:
        """Say what is drawn."""
        if self._field is None:
            return f"count · {span(self.span)} · {sum(value for _, value in self._bars):,.0f} in all"
        return f"{self.spec.field} · {len(self._bars):,} bars"

    def digest(self) -> str:
        """Say the largest."""
        self._rank()
        return "  ".join(f"{name} {self._write(value)}" for name, value in self._bars[:4])
