"""Columns of tables and logs: what a cell shows, and a width that only grows."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from rich.style import Style

from ...event import Event
from ...filter import compile_expression
from ..drawing.numbers import as_number, clock, decimals, number, size, span
from ..drawing.row import Row
from ..drawing.text import ELLIPSIS, clean, cut, fit, width

GAP = 2
WIDEST, LONGEST_LABEL = 48, 24
MOST_SHOWN = 2000
AUTOMATIC = 6
SPARK, BAR = 12, 16
SHORT_KEY = 12

_FORM = re.compile(r"(spark|bar|bytes)\((.+)\)")
_LABELS = {"spark": "TREND", "bar": ""}
_COORDINATES = ("lat", "latitude", "lon", "lng", "longitude")
_SPECIAL: dict[str, Callable[[Event], Any]] = {
    "key": lambda event: event.key,
    "feed": lambda event: event.feed,
    "type": lambda event: event.type,
    "time": lambda event: event.time,
    "age": lambda event: event.time,
}


class Column:
    """
    One column.

    Args:
        expression: What it shows: a special column, an expression over the event, or one of the forms
            ``spark(…)``, ``bar(…)`` and ``bytes(…)`` of an expression.
        field: Whether it is the name of a payload field instead, as upstream wrote it.

    Raises:
        FilterError: If the expression cannot be understood.

    """

    def __init__(self, expression: str, *, field: bool = False) -> None:
        text = expression if field else expression.strip()
        form = None if field else _FORM.fullmatch(text)
        self.kind = form.group(1) if form else text if text in ("time", "age") else "value"
        self.source = form.group(2).strip() if form else text
        self.value = _reader(self.source, field=field)
        name = self.source if field else self.source.rpartition(".")[2]
        self.label = _LABELS.get(self.kind, cut(clean(name.replace("_", " ")).upper(), LONGEST_LABEL))
        self.numeric: bool | None = True if self.kind == "bytes" else None
        self.places = 0
        self.signed = False
        self.grouped = not (name == "id" or name.endswith(("_id", "year")))
        self._may_sign = name.lower() not in _COORDINATES
        self.width = {"spark": SPARK, "bar": BAR, "time": 8, "age": 4}.get(self.kind, 0)
        self.width = max(self.width, width(self.label))
        self._widest = 4

    @property
    def drawn(self) -> bool:
        """Whether its cells are drawings of a number."""
        return self.kind in ("spark", "bar")

    @property
    def format(self) -> tuple[int, bool]:
        """What all its cells have in common; when it changes, they are to be written anew."""
        return self.places, self.signed

    @property
    def least(self) -> int:
        """The cells it cannot do without: text, trends and labels may be cut, figures, times and short keys not."""
        if self.kind in ("time", "age"):
            return self.width
        if self.source == "key":
            return min(self.width, SHORT_KEY)
        return self._widest if self.right else 0

    @property
    def right(self) -> bool:
        """Whether its cells end at the right."""
        return self.kind == "age" or bool(self.numeric)

    def write(self, value: Any, now: int) -> str:
        """Write a value, and grow to hold it."""
        text = self._write(value, now)
        if self.kind in ("value", "bytes"):
            self._widest = min(max(self._widest, width(text)), WIDEST)
            self.width = max(self.width, self._widest)
        return text

    def _write(self, value: Any, now: int) -> str:
        if self.kind == "time":
            return clock(value) if isinstance(value, int) else ""
        if self.kind == "age":
            return span((now - value) / 1000) if isinstance(value, int) else ""
        amount = as_number(value)
        if self.kind == "bytes":
            return "" if amount is None else size(amount)
        if amount is None:
            if isinstance(value, str) and value:
                self.numeric = False
            return plain(value)
        return self._write_number(amount)

    def _write_number(self, amount: float | int) -> str:
        if self.numeric is None:
            self.numeric = True
        self.signed = self.signed or (amount < 0 and self._may_sign)
        self.places = max(self.places, decimals(amount))
        if not self.grouped:
            return str(amount)
        return number(amount, self.places if isinstance(amount, float) else 0, sign=self.signed and amount > 0)


def _reader(source: str, *, field: bool) -> Callable[[Event], Any]:
    if field:
        return lambda event: event.data.get(source)
    return _SPECIAL.get(source) or compile_expression(source)


def plain(value: Any) -> str:
    """Write any payload value in one line; of a very long one, the beginning, for more is never to be seen."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(_beginning(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)) and (amount := as_number(value)) is not None:
        return number(amount, decimals(amount))
    return clean(_beginning(msgspec.json.encode(value).decode()))


def _beginning(text: str) -> str:
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + ELLIPSIS


def automatic(
    events: Sequence[Event], *, before: Sequence[str] = (), after: Sequence[str] = (), most: int = AUTOMATIC
) -> list[Column]:
    """Choose columns for events nobody chose columns for: their first scalar fields."""
    names: dict[str, None] = {}
    for event in events:
        for name, value in event.data.items():
            if name not in names and _is_scalar(value):
                names[name] = None
    chosen = [name for name in names if name not in _SPECIAL][:most]
    fields = [Column(name, field=True) for name in chosen]
    return [*map(Column, before), *fields, *map(Column, after)]


def _is_scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, (list, dict))


def heading(columns: Sequence[Column], widths: Sequence[int], style: Style) -> Row:
    """Draw the columns' labels."""
    row = Row()
    for column, cells in zip(columns, widths, strict=True):
        if cells:
            row.to(row.cells and row.cells + GAP, style).add(fit(column.label, cells, right=column.right), style)
    return row


def lay_out(columns: Sequence[Column], cells: int, *, fill_last: bool = False) -> list[int]:
    """
    Share `cells` among `columns`.

    Args:
        columns: The columns, from left to right.
        cells: Cells there are.
        fill_last: Whether the last column takes what is left.

    Returns:
        The width of each column, 0 for those that find no place.

    """
    widths = [column.width for column in columns]
    excess = sum(widths) + GAP * (len(widths) - 1) - cells
    for least in (24, 12, 8, 6):
        for index in sorted(range(len(widths)), key=lambda i: -widths[i]):
            taken = max(min(excess, widths[index] - max(least, columns[index].least)), 0)
            widths[index] -= taken
            excess -= taken
    index = len(widths) - 1
    while excess > 0 and index > 0:
        excess -= widths[index] + GAP
        widths[index] = 0
        index -= 1
    if fill_last and excess < 0 and widths and not columns[index].right:
        widths[index] -= excess
    return widths
