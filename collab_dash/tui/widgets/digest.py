"""The digest: at small sizes, the latest of every pane that is not on screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..drawing.numbers import clock
from ..drawing.row import Row
from ..drawing.text import clean, cut, fit
from ..drawing.text import width as cells_of
from ..live import Live
from ..panes.frame import frame
from .drawn import Drawn

if TYPE_CHECKING:
    from ..panes.base import Pane

NAME = 18


class Digest(Drawn):
    """
    One line for each pane that is not on screen.

    Args:
        live: The screen's hold on the session.
        hidden: Gives those panes.

    """

    def __init__(self, live: Live, hidden: Callable[[], list[Pane]]) -> None:
        super().__init__(live)
        self._hidden = hidden
        live.travel.on_moved.append(self.want_paint)

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw the panes with the newest events first."""
        panes = sorted(self._hidden(), key=lambda pane: -(pane.last.received if pane.last else 0))
        longest = max((cells_of(clean(pane.name_on_screen)) for pane in panes), default=0)
        rows = [self._line(pane, min(longest, NAME), width - 4) for pane in panes[: height - 2]]
        title = Row("Latest in the other panes", self.ink("dim"))
        below = Row("1-9", self.ink("accent")).add(" go to pane", self.ink("dim"))
        return frame(rows, width, height, (title, Row(), Row(), below), self.ink("frame"), heavy=False)

    def _line(self, pane: Pane, name: int, width: int) -> Row:
        when = clock(pane.last.time or pane.last.received) if pane.last else ""
        row = Row(f"{when:<8}  ", self.ink("dim")).add(f"{pane.number} ", self.ink("accent"))
        row.add(fit(clean(pane.name_on_screen), name) + "  ", self.ink("strong"))
        mark = f"{pane.frozen} +{pane.new:,}" if pane.frozen else "STALE" if pane.stale() else ""
        row.add(cut(pane.digest(), max(width - row.cells - len(mark) - 2, 0)), self.ink("text"))
        return row.to(width - len(mark), self.ink("text")).add(mark, self.ink("warn")) if mark else row
