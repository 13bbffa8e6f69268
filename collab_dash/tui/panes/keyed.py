"""What a table holds of one key, written once for each event and drawn as a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.style import Style

from ...event import Event
from ..drawing.numbers import as_number
from ..drawing.row import Row
from ..drawing.spark import Trend, bar
from ..drawing.text import fit
from .columns import GAP, Column

FLASH = 1500


class Keyed:
    """
    The latest event of one key, and what it did to the key's numbers.

    Args:
        event: The first event of the key.
        trends: How many columns draw a trend.

    """

    __slots__ = ("_format", "_numbers", "_turned", "_turned_at", "_written", "cells", "event", "trends")

    def __init__(self, event: Event, trends: int) -> None:
        self.event = event
        self.cells: list[str] = []
        self.trends = [Trend() for _ in range(trends)]
        self._written: Event | None = None
        self._format: list[tuple[int, bool]] = []
        self._numbers: list[float | None] = []
        self._turned: list[int] = []
        self._turned_at = 0

    def trace(self, sparks: Iterable[Column]) -> None:
        """Add the event to the trends, a column each."""
        ms = self.event.time or self.event.received
        for column, trend in zip(sparks, self.trends, strict=True):
            amount = as_number(column.value(self.event))
            if amount is not None:
                trend.add(ms, amount)

    def write(self, columns: Sequence[Column], now: int) -> None:
        """Write the cells, where the event, or the columns' format, is another than when they were last written."""
        if self._written is self.event and self._format == [column.format for column in columns]:
            return
        before = self._numbers or [None] * len(columns)
        values = [column.value(self.event) for column in columns]
        self.cells = [
            "" if column.drawn or column.kind == "age" else column.write(value, now)
            for column, value in zip(columns, values, strict=True)
        ]
        self._numbers = [as_number(value) for value in values]
        if self._written is not self.event:
            self._turned = [_direction(a, b) for a, b in zip(before, self._numbers, strict=True)]
            self._turned_at = now
        self._written = self.event
        self._format = [column.format for column in columns]

    def draw(self, columns: Sequence[Column], widths: Sequence[int], ink: Callable[[str], Style], now: int) -> Row:
        """Draw the cells, written before, in columns of these widths."""
        row, trends = Row(), iter(self.trends)
        for index, (column, cells) in enumerate(zip(columns, widths, strict=True)):
            shown = self.cells[index]
            if column.kind == "spark":
                shown = next(trends).draw(cells)
            elif column.kind == "age":
                shown = column.write(column.value(self.event), now)
            elif column.kind == "bar":
                shown = bar((self._numbers[index] or 0.0) / 100, cells)
            if cells:
                row.to(row.cells and row.cells + GAP, ink("text"))
                row.add(fit(shown, cells, right=column.right), ink(self._ink_of(column, index, now)))
        return row

    def _ink_of(self, column: Column, index: int, now: int) -> str:
        if column.kind in ("age", "time"):
            return "dim"
        if column.drawn:
            return "accent"
        direction = self._turned[index]
        if column.signed:
            direction = _direction(0.0, self._numbers[index])
        elif now - self._turned_at > FLASH:
            direction = 0
        if direction:
            return "up" if direction > 0 else "down"
        return "strong" if index == 0 else "text"


def _direction(before: float | None, after: float | None) -> int:
    if before is None or after is None:
        return 0
    return int(after > before) - int(after < before)
