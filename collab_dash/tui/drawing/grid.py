"""Where the panes of a page are: rows of twelve columns, filled from left to right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

COLUMNS = 12


class Cell(NamedTuple):
    """How much of a page a pane wants: columns of twelve, and rows relative to its neighbours."""

    width: int
    height: int


class Place(NamedTuple):
    """Where something is, in cells of the screen."""

    x: int
    y: int
    width: int
    height: int


def rows_of(cells: Sequence[Cell]) -> Iterator[range]:
    """Give the indices of each row's cells; a cell that does not fit begins a new row."""
    start = used = 0
    for index, cell in enumerate(cells):
        if index > start and used + cell.width > COLUMNS:
            yield range(start, index)
            start, used = index, 0
        used += cell.width
    if start < len(cells):
        yield range(start, len(cells))


def places(cells: Sequence[Cell], width: int, height: int) -> list[Place]:
    """Share a page of `width` by `height` among its panes; every row is full, and so is the page."""
    rows = list(rows_of(cells))
    heights = shares([max(cells[index].height for index in row) for row in rows], height)
    found: list[Place] = []
    y = 0
    for row, tall in zip(rows, heights, strict=True):
        x = 0
        for wide in shares([cells[index].width for index in row], width):
            found.append(Place(x, y, wide, tall))
            x += wide
        y += tall
    return found


def shares(weights: Sequence[int], total: int) -> list[int]:
    """Share out whole numbers by weight."""
    whole, used, before = sum(weights), 0, 0
    shares: list[int] = []
    for weight in weights:
        used += weight
        end = total * used // whole
        shares.append(end - before)
        before = end
    return shares
