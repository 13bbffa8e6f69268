"""What the mouse holds while it drags: a border between two panes, or a pane by its title."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Offset, Region

from .. import arranging
from ..arranging import Rows
from ..drawing.grid import COLUMNS

if TYPE_CHECKING:
    from ..panes.base import Pane
    from .pages import PageView

LOWEST = 3


class Grip:
    """
    What is held.

    Args:
        view: The page it is on.
        pane: The pane it belongs to.

    Attributes:
        rows: What the page would be if it were let go now; None for what it is.
        moved: The id of the pane that would be elsewhere; empty for none.
        page: The id of the other page that it would be on; empty for none.
        says: What is being done, for a person.

    """

    moved = ""
    page = ""

    def __init__(self, view: PageView, pane: Pane) -> None:
        self.view = view
        self.says = f"resizing {pane.name_on_screen}"
        self.rows: Rows | None = None
        self.before = _rows(view)

    @property
    def stale(self) -> bool:
        """Whether the page is arranged otherwise than when this was taken hold of."""
        return _rows(self.view) != self.before

    def move(self, at: Offset, page: str) -> None:
        """Follow the mouse, with a pane also onto the tab of another page, and show what would be."""
        self.page = page if self.moved else ""
        rows = self.at(at)
        self.rows = rows if rows != self.before else None
        self.view.sketch(self.rows)

    def at(self, at: Offset) -> Rows | None:
        """Give the page for a place of the mouse."""
        raise NotImplementedError


class Side(Grip):
    """The border at the right of the pane that is `i`-th in row `r`."""

    def __init__(self, view: PageView, pane: Pane, r: int, i: int) -> None:
        super().__init__(view, pane)
        self._r, self._i = r, i
        self._start = _region(view, self.before[r][i].id).x

    def at(self, at: Offset) -> Rows | None:
        """Let the border be at the nearest of the twelve columns."""
        width = round((at.x + 1 - self._start) * COLUMNS / self.view.region.width)
        return arranging.with_border(self.before, self._r, self._i, width) or self.rows


class Bottom(Grip):
    """The border beneath row `r`."""

    def __init__(self, view: PageView, pane: Pane, r: int) -> None:
        super().__init__(view, pane)
        self._r = r
        self._lines = [_region(view, row[0].id).height for row in self.before]
        self._start = _region(view, self.before[r][0].id).y

    def at(self, at: Offset) -> Rows | None:
        """Let the border be at a line."""
        lines = list(self._lines)
        both = lines[self._r] + lines[self._r + 1]
        lines[self._r] = max(min(at.y + 1 - self._start, both - LOWEST), LOWEST)
        lines[self._r + 1] = both - lines[self._r]
        return arranging.with_heights(self.before, lines) if lines != self._lines else None


class Title(Grip):
    """A whole pane."""

    def __init__(self, view: PageView, pane: Pane) -> None:
        super().__init__(view, pane)
        self.moved = pane.spec.id
        self.says = f"moving {pane.name_on_screen}"
        self._regions = {pane.spec.id: pane.region for pane in view.panes}

    def at(self, at: Offset) -> Rows | None:
        """Let it stand before or behind the pane under the mouse, whichever half of that is nearer."""
        for id_, region in self._regions.items():
            if region.contains_point(at):
                return arranging.placed(self.before, self.moved, id_, after=at.x >= region.x + region.width // 2)
        return None


def grip(view: PageView, pane: Pane, at: Offset) -> Grip | None:
    """Give what a mouse button takes hold of there: a pane's title, its right or left border, or its bottom one."""
    rows = _rows(view)
    r, i = next((r, i) for r, row in enumerate(rows) for i, slot in enumerate(row) if slot.id == pane.spec.id)
    x, y = at - pane.region.offset
    if y == 0:
        return Title(view, pane)
    if x >= pane.region.width - 1 and i + 1 < len(rows[r]):
        return Side(view, pane, r, i)
    if x == 0 and i > 0:
        return Side(view, pane, r, i - 1)
    if y == pane.region.height - 1 and r + 1 < len(rows):
        return Bottom(view, pane, r)
    return None


def _rows(view: PageView) -> Rows:
    return arranging.rows((pane.spec.id, pane.spec) for pane in view.panes)


def _region(view: PageView, id_: str) -> Region:
    return next(pane.region for pane in view.panes if pane.spec.id == id_)
