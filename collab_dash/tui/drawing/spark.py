"""Tiny charts of one line."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

# One eighth below the full block, so that rows stay apart.
BLOCKS = "▁▂▃▄▅▆▇"
BAR, SLIVER = "▇", "▎"


class Trend:
    """
    The recent course of one number, at most one sample a second.

    Args:
        size: Samples kept.

    """

    __slots__ = ("samples", "second")

    def __init__(self, size: int = 60) -> None:
        self.samples: deque[float] = deque(maxlen=size)
        self.second = -1

    def add(self, ms: int, value: float) -> None:
        """Take the value at a time in milliseconds; a later value of the same second replaces it."""
        second = ms // 1000
        if second == self.second and self.samples:
            self.samples[-1] = value
        else:
            self.samples.append(value)
            self.second = second

    def draw(self, cells: int) -> str:
        """Draw the course in at most `cells`, see `spark`."""
        return spark(list(self.samples), cells)


def spark(values: Sequence[float], cells: int) -> str:
    """Draw `values` as blocks from lowest to highest; more values than `cells` are averaged."""
    if not values or cells <= 0:
        return ""
    values = _squeeze(values, cells)
    low, high = min(values), max(values)
    if high == low:
        return BLOCKS[3] * len(values)
    highest, whole = len(BLOCKS) - 1, high - low
    return "".join(BLOCKS[round((value - low) / whole * highest)] for value in values)


def _squeeze(values: Sequence[float], cells: int) -> list[float]:
    if len(values) <= cells:
        return list(values)
    squeezed = []
    for cell in range(cells):
        part = values[cell * len(values) // cells : (cell + 1) * len(values) // cells]
        squeezed.append(sum(part) / len(part))
    return squeezed


def bar(share: float, cells: int) -> str:
    """Draw a horizontal bar that fills `share` (0 to 1) of `cells`; only nothing is drawn as nothing."""
    full = round(max(0.0, min(share, 1.0)) * cells)
    return BAR * full or (SLIVER if share > 0 else "")
