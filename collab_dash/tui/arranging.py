"""
How a page changes when somebody moves or resizes a pane: rows of panes in, rows of panes out.

The rows that an edit touches are full afterwards, twelve columns each, so that they stay the rows they are: rows are
filled from left to right, and what has room in one does not begin the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest
from math import gcd
from typing import NamedTuple

from ..board import Pane
from .drawing.grid import COLUMNS, Cell, rows_of, shares

TALLEST = 100
LEAST_HALF = 3


class Slot(NamedTuple):
    """A pane's place: its id, its columns of twelve, and its rows relative to its neighbours."""

    id: str
    width: int
    height: int


Row = list[Slot]
Rows = list[Row]


def rows(panes: Iterable[tuple[str, Pane]]) -> Rows:
    """Give the rows that panes, with their ids, stand in."""
    slots = [Slot(id_, pane.width, pane.height) for id_, pane in panes]
    return [slots[row.start : row.stop] for row in rows_of([Cell(slot.width, slot.height) for slot in slots])]


def slots(page: Rows) -> list[Slot]:
    """Give the panes of all rows, in order."""
    return [slot for row in page for slot in row]


def moved(page: Rows, id_: str, way: str) -> Rows | None:
    """
    Move a pane by one place.

    Args:
        page: The rows it is in.
        id_: The pane.
        way: ``left`` or ``right``, past a neighbour or into the next row; ``up`` or ``down``, into another row, or
            into one of its own beyond the last.

    Returns:
        The rows, or None if there is nowhere to go.

    """
    r, i = _find(page, id_)
    row, slot = page[r], page[r][i]
    step = -1 if way in ("left", "up") else 1
    sideways = way in ("left", "right")
    if sideways and 0 <= i + step < len(row):
        return _replaced(page, r, _swapped(row, i, i + step))
    if 0 <= r + step < len(page):
        if len(page[r + step]) == COLUMNS:
            return None
        place = (len(page[r + step]) if step < 0 else 0) if sideways else _beneath(row, i, page[r + step])
        return _tidy(_left(page, r, i), {r + step: _joined(page[r + step], slot, place)})
    if sideways or len(row) == 1:
        return None
    lone = [slot._replace(width=COLUMNS)]
    left = _tidy(_left(page, r, i), {})
    return _kept([lone, *left] if step < 0 else [*left, lone])


def placed(page: Rows, id_: str, beside: str, *, after: bool) -> Rows | None:
    """Move a pane next to another one; None if that leaves it where it is, or there is no room."""
    if id_ == beside:
        return None
    r, i = _find(page, id_)
    slot, lighter = page[r][i], _left(page, r, i)
    target, place = _find(lighter, beside)
    if len(lighter[target]) == COLUMNS:
        return None
    if target == r:
        row = [other for other in page[r] if other is not slot]
        row.insert(place + after, slot)
        return None if row == page[r] else _replaced(page, r, row)
    return _tidy(lighter, {target: _joined(page[target], slot, place + after)})


def added(page: Rows, id_: str, after: str) -> Rows:
    """Add a pane behind another one, or the last: in half its width, or in its own row where that would be narrow."""
    if not page:
        return [[Slot(id_, COLUMNS, 1)]]
    known = any(slot.id == after for slot in slots(page))
    r, i = _find(page, after) if known else (len(page) - 1, len(page[-1]) - 1)
    row = _full(page[r])
    half = row[i].width // 2
    if half < LEAST_HALF:
        return _kept([*page[: r + 1], [Slot(id_, COLUMNS, _tall(row))], *page[r + 1 :]])
    pair = [row[i]._replace(width=row[i].width - half), Slot(id_, half, row[i].height)]
    return _replaced(page, r, [*row[:i], *pair, *row[i + 1 :]])


def removed(page: Rows, id_: str) -> Rows:
    """Take a pane away; its neighbours share its room."""
    return _tidy(_left(page, *_find(page, id_)), {})


def wider(page: Rows, id_: str, columns: int) -> Rows | None:
    """Give a pane so many columns more of its row, and its neighbour so many less; None if there are none to give."""
    r, i = _find(page, id_)
    if len(page[r]) == 1:
        return None
    left, by = (i, columns) if i + 1 < len(page[r]) else (i - 1, -columns)
    wide = _full(page[r])[left].width + by
    return with_border(page, r, left, wide)


def with_border(page: Rows, r: int, i: int, width: int) -> Rows | None:
    """Let the border at the right of a pane be where the pane has `width` columns; None if one of the two had none."""
    row = _full(page[r])
    both = row[i].width + row[i + 1].width
    if not 0 < width < both:
        return None
    row[i : i + 2] = [row[i]._replace(width=width), row[i + 1]._replace(width=both - width)]
    return _replaced(page, r, row)


def taller(page: Rows, id_: str, by: int) -> Rows | None:
    """Make a pane's row higher or lower, relative to the others; None if it cannot be."""
    r, i = _find(page, id_)
    row, height = page[r], _tall(page[r]) + by
    if len(page) == 1 or not 1 <= height <= TALLEST:
        return None
    if by > 0:
        return _replaced(page, r, [*row[:i], row[i]._replace(height=height), *row[i + 1 :]])
    return _replaced(page, r, [slot._replace(height=min(slot.height, height)) for slot in row])


def with_heights(page: Rows, lines: Sequence[int]) -> Rows:
    """Let the rows be so many lines high, or as near to that as relative heights can be."""
    most = max(lines)
    if most > TALLEST:
        lines = [max(round(line * TALLEST / most), 1) for line in lines]
    divisor = gcd(*lines)
    heights = [line // divisor for line in lines]
    return [[slot._replace(height=height) for slot in row] for row, height in zip(page, heights, strict=True)]


def _find(page: Rows, id_: str) -> tuple[int, int]:
    for r, row in enumerate(page):
        for i, slot in enumerate(row):
            if slot.id == id_:
                return r, i
    raise KeyError(id_)


def _replaced(page: Rows, r: int, row: Row) -> Rows:
    return _kept([*page[:r], row, *page[r + 1 :]])


def _kept(page: Rows) -> Rows:
    """Give the same rows, those full that would otherwise have room for what begins the next one."""
    return [
        _full(row) if below and sum(slot.width for slot in row) + below[0].width <= COLUMNS else row
        for row, below in zip_longest(page, page[1:])
    ]


def _swapped(row: Row, i: int, j: int) -> Row:
    row = list(row)
    row[i], row[j] = row[j], row[i]
    return row


def _left(page: Rows, r: int, i: int) -> Rows:
    """Give the rows without a pane; its own may be empty now, and is as high as it was."""
    row = [*page[r][:i], *page[r][i + 1 :]]
    if row and _tall(row) < _tall(page[r]):
        row[0] = row[0]._replace(height=_tall(page[r]))
    return [*page[:r], _full(row) if row else row, *page[r + 1 :]]


def _joined(row: Row, slot: Slot, place: int) -> Row:
    """Give a row with one more pane, as high as it was; the pane has no more than its share."""
    width = min(slot.width, COLUMNS // (len(row) + 1))
    others = _full(row, COLUMNS - width)
    return [*others[:place], slot._replace(width=width, height=_tall(row)), *others[place:]]


def _tidy(page: Rows, changed: dict[int, Row]) -> Rows:
    """Give the rows, some of them changed, without those that are empty."""
    return _kept([row for r, before in enumerate(page) if (row := changed.get(r, before))])


def _tall(row: Row) -> int:
    return max(slot.height for slot in row)


def _full(row: Row, columns: int = COLUMNS) -> Row:
    """Give a row whose panes have all its columns between them, and one each at least."""
    widths = shares([slot.width for slot in row], columns)
    while 0 in widths:
        widths[widths.index(max(widths))] -= 1
        widths[widths.index(0)] += 1
    return [slot._replace(width=width) for slot, width in zip(row, widths, strict=True)]


def _beneath(row: Row, i: int, other: Row) -> int:
    """Give the place in another row that is nearest to where a pane is in its own."""
    middle = _middles(row)[i]
    return sum(other_middle < middle for other_middle in _middles(other))


def _middles(row: Row) -> list[float]:
    full = _full(row)
    return [sum(slot.width for slot in full[:i]) + slot.width / 2 for i, slot in enumerate(full)]
