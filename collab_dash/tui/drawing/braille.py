"""A canvas of braille dots: two across and four down in every cell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BLANK = 0x2800


class Canvas:
    """
    Dots, drawn cell by cell.

    Args:
        width: Cells across.
        height: Cells down.

    """

    def __init__(self, width: int, height: int) -> None:
        self.width = max(width, 0)
        self.height = max(height, 0)
        self.masks = [bytearray(self.width) for _ in range(self.height)]

    def set(self, x: int, y: int) -> None:
        """Set the dot at `x`, `y`, counted from the top left; outside is ignored."""
        if 0 <= x < self.width * 2 and 0 <= y < self.height * 4:
            self.masks[y >> 2][x >> 1] |= _DOTS[x & 1][y & 3]

    def column(self, x: int, top: int, bottom: int) -> None:
        """Set the dots of one column from `top` to `bottom`, both included."""
        for y in range(max(top, 0), min(bottom, self.height * 4 - 1) + 1):
            self.set(x, y)

    def stroke(self, points: list[tuple[int, int]]) -> None:
        """Connect `points`, each further right than the one before, without gaps; however far outside they are."""
        for (x0, y0), (x1, y1) in pairwise(points):
            steps = max(x1 - x0, 1)
            first = max(1, -x0)
            previous = y0 + round((y1 - y0) * (first - 1) / steps)
            for step in range(first, min(steps, self.width * 2 - x0) + 1):
                y = y0 + round((y1 - y0) * step / steps)
                low, high = (previous + 1, y) if y > previous else (y, previous - 1)
                self.column(x0 + step, min(low, y), max(high, y))
                previous = y
        if points:
            self.set(*points[0])

    def row(self, y: int) -> str:
        """Give one row of cells as text, blanks where there are no dots."""
        return "".join(chr(_BLANK + mask) if mask else " " for mask in self.masks[y])


def area(values: Sequence[float], width: int, height: int) -> list[str]:
    """Draw the last of `values` from lowest to highest, filled below, one dot across for each."""
    canvas = Canvas(width, height)
    shown = values[-width * 2 :]
    low, high = min(shown, default=0.0), max(shown, default=0.0)
    bottom = height * 4 - 1
    for x, value in enumerate(shown):
        share = (value - low) / (high - low) if high > low else 0.5
        canvas.column(x, round((1 - share) * bottom), bottom)
    return [canvas.row(y) for y in range(height)]
