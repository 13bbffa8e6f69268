"""How marks are drawn on rows and under charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..drawing.row import Row
from ..drawing.text import cut
from ..drawing.text import width as cells_of

if TYPE_CHECKING:
    from ..widgets.drawn import Drawn


QUOTED = 30


def signs(pane: Drawn, marks: Sequence[str]) -> Row:
    """
    Draw the marks of one thing in a few cells: whose, how many notes, how many more marks.

    Args:
        pane: Who draws.
        marks: Their ids, oldest first.

    """
    pinned = pane.live.talk.marks
    id_ = pinned.speaking(marks)
    sign = pinned.sign(id_)
    notes, more = pinned.count(id_), len(marks) - 1
    text = sign.glyph + (f" {notes}" if notes else "") + (f" +{more}" if more else "")
    return Row(text, pane.ink(sign.ink))


def under_chart(pane: Drawn, marks: Sequence[str], left: int, right: int, cells: int) -> Row:
    """
    Draw the line under a chart: each mark at its time, with what was said first; of crowded ones, the latest.

    Args:
        pane: Who draws.
        marks: Their ids, earliest first.
        left: The chart's left edge, Unix milliseconds.
        right: Its right edge.
        cells: How wide it is.

    """
    parts: list[tuple[int, str, str]] = []
    end = cells
    for id_ in reversed(marks):
        label, ink = _label(pane, id_)
        at = (pane.live.talk.marks.marks[id_].time - left) * (cells - 1) // max(right - left, 1)
        start = max(min(at, cells - cells_of(label)), 0) if not parts else at
        if at >= 0 and start < end - 1:
            parts.append((start, cut(label, end - start - (1 if parts else 0)), ink))
            end = start
    row = Row()
    for start, text, ink in reversed(parts):
        row.to(start, None).add(text, pane.ink(ink))
    return row


def _label(pane: Drawn, id_: str) -> tuple[str, str]:
    pinned = pane.live.talk.marks
    sign = pinned.sign(id_)
    return f"{sign.glyph} {pinned.first_note(id_, QUOTED)}".rstrip(), sign.ink
