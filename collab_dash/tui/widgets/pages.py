"""Pages of panes: a grid of twelve columns, or one pane at a time."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget
from textual.widgets import Static

from ...board import Page
from ..arranging import Rows, slots
from ..drawing.grid import Cell, places
from ..live import Live
from ..panes.base import Pane
from ..panes.make import make_pane


class Grid(Layout):
    """
    The panes of a page in rows; one alone, or what says that there is none, has it all.

    Args:
        page: The page; its panes are placed in its order, whatever order they were mounted in.

    """

    name = "panes"

    def __init__(self, page: PageView) -> None:
        self._page = page

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        """Place what is shown."""
        placed = [(pane, cell) for pane, cell in self._page.places() if pane in children]
        shown: list[Widget] = [pane for pane, _ in placed] or children
        cells = [cell for _, cell in placed] or [Cell(12, 1)] * len(children)
        return [
            WidgetPlacement(Region(*place), NULL_OFFSET, NULL_SPACING, widget)
            for place, widget in zip(places(cells, size.width, size.height), shown, strict=True)
        ]


class PageView(Container):
    """
    One page.

    Args:
        live: The screen's hold on the session.
        page: What is on it.

    Attributes:
        page: What is on it.
        current: The pane that has, or last had, the focus.

    """

    def __init__(self, live: Live, page: Page) -> None:
        super().__init__()
        self.live = live
        self.page = page
        self.panes = [make_pane(live, spec, number) for number, spec in enumerate(page.panes, 1)]
        self.current = 0
        self._sketch: Rows | None = None
        self._grid = Grid(self)

    @property
    def layout(self) -> Layout:
        """How its panes are placed."""
        return self._grid

    def compose(self) -> ComposeResult:
        """Give it its panes."""
        yield from self.panes
        if not self.panes:
            yield _empty()

    async def change(self, page: Page) -> None:
        """Show the page as it is now; panes that go on showing the same go on as they are."""
        chosen = self.panes[self.current] if self.panes else None
        before = {pane.spec.id: pane for pane in self.panes}
        self.page = page
        self._sketch = None
        self.panes = []
        for number, spec in enumerate(page.panes, 1):
            pane = before.get(spec.id)
            if pane is None or not pane.revise(spec, number):
                pane = make_pane(self.live, spec, number)
            self.panes.append(pane)
        self.current = _still(chosen, self.panes, self.current)
        gone = [child for child in self.children if child not in self.panes]
        come = [pane for pane in self.panes if pane not in before.values()]
        await self.mount(*(come if self.panes else [_empty()]))
        if self.panes and self.screen.focused in gone:
            self.screen.set_focus(self.panes[self.current], scroll_visible=False)  # or else it goes to any other
        await self.remove_children(gone)
        self._place_anew()

    def _place_anew(self) -> None:
        for child in self.children:
            child.refresh(layout=True)  # a widget forgets how its children were placed only when one of them asks

    def places(self) -> list[tuple[Pane, Cell]]:
        """Give the panes and how much of the page each has: as the board has it, or as it is sketched."""
        panes = {pane.spec.id: pane for pane in self.panes}
        sketch = slots(self._sketch or [])
        if self._sketch is None or {slot.id for slot in sketch} != panes.keys():
            return [(pane, Cell(pane.spec.width, pane.spec.height)) for pane in self.panes]
        return [(panes[slot.id], Cell(slot.width, slot.height)) for slot in sketch]

    def sketch(self, rows: Rows | None) -> None:
        """Show what the page would be, on this screen alone; None for what it is."""
        if rows != self._sketch:
            self._sketch = rows
            self._place_anew()

    def arrange_panes(self, *, single: bool) -> None:
        """Show all panes, or only the current one."""
        for index, pane in enumerate(self.panes):
            pane.display = not single or index == self.current
            pane.want_paint()

    def hidden(self) -> list[Pane]:
        """Give the panes that are not on screen."""
        return [pane for pane in self.panes if not pane.display]


def _still(chosen: Pane | None, panes: list[Pane], index: int) -> int:
    """Give where the chosen pane is now; where it was, if it is gone."""
    for place, pane in enumerate(panes):
        if chosen is not None and pane.spec.id == chosen.spec.id:
            return place
    return max(min(index, len(panes) - 1), 0)


def _empty() -> Static:
    return Static(Content("This page has no panes. + adds one."), classes="empty")
