"""Pages of panes: a grid of twelve columns, or one pane at a time."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from ...board import Page
from ..live import Live
from ..panes.base import Pane
from ..panes.make import make_pane

COLUMNS = 12


class PageView(Vertical):
    """
    One page.

    Args:
        live: The screen's hold on the session.
        page: What is on it.

    Attributes:
        current: The pane that has, or last had, the focus.

    """

    def __init__(self, live: Live, page: Page) -> None:
        super().__init__(name=page.title)
        self.panes = [make_pane(live, spec, number) for number, spec in enumerate(page.panes, 1)]
        self.current = 0

    def compose(self) -> ComposeResult:
        """Fill rows from left to right."""
        for row in self._rows():
            height = max(pane.spec.height for pane in row)
            line = Horizontal(*row)
            line.styles.height = f"{height}fr"
            for pane in row:
                pane.styles.width = f"{pane.spec.width}fr"
            yield line
        if not self.panes:
            yield Static(Content("This page has no panes."), classes="empty")

    def _rows(self) -> Iterator[list[Pane]]:
        row: list[Pane] = []
        used = 0
        for pane in self.panes:
            if row and used + pane.spec.width > COLUMNS:
                yield row
                row, used = [], 0
            row.append(pane)
            used += pane.spec.width
        if row:
            yield row

    def arrange_panes(self, *, single: bool) -> None:
        """Show all panes, or only the current one."""
        for index, pane in enumerate(self.panes):
            pane.display = not single or index == self.current
            pane.want_paint()
        for row in self.query(Horizontal):
            row.display = any(child.display for child in row.children)

    def hidden(self) -> list[Pane]:
        """Give the panes that are not on screen."""
        return [pane for pane in self.panes if not pane.display]
