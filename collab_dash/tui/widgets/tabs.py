"""The tabs: pages, or at small sizes the panes of the page."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.geometry import Offset
from textual.message import Message

from ..drawing.row import Row
from ..drawing.text import clean, cut
from ..drawing.text import width as cells_of
from ..live import Live
from .drawn import Drawn

LONGEST = 20
PLUS = " + "


class Tabs(Drawn):
    """
    Titles, one of them open, and a `+` behind them.

    Args:
        live: The screen's hold on the session.

    """

    class Chosen(Message):
        """Somebody clicked a tab."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Edited(Message):
        """Somebody clicked a tab twice."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    class Added(Message):
        """Somebody clicked the `+`."""

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self.titles: list[str] = []
        self.open = 0
        self.note = ""
        self._grows = False
        self._aim: int | None = None
        self._spans: list[tuple[int, int]] = []
        self._plus = range(0)

    def show_titles(
        self, titles: list[str], chosen: int, note: str = "", *, grows: bool = False, aim: int | None = None
    ) -> None:
        """
        Show the tabs.

        Args:
            titles: Their titles.
            chosen: Which is open.
            note: What stands at the right.
            grows: Whether there may be one more, by the `+`.
            aim: Onto which something would be dropped.

        """
        self.titles, self.open, self.note, self._grows, self._aim = titles, chosen, note, grows, aim
        self.want_paint()

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw the titles, or those around the open one."""
        labels = [f"{index} {cut(clean(title), LONGEST)}" for index, title in enumerate(self.titles, 1)]
        note = cut(self.note, max(width // 2, 10))
        room = width - cells_of(note) - 2 - len(PLUS) * self._grows
        shown = window([cells_of(label) + 2 for label in labels], self.open, room - 3)
        dim, accent = self.ink("dim"), self.ink("accent")
        row = Row("‹" if shown.start else " ", dim)
        self._spans = []
        for index in shown:
            if index == self.open:
                row.add("[", accent).add(labels[index], self.ink("focus")).add("]", accent)
            else:
                row.add(f" {labels[index]} ", self.ink("select") if index == self._aim else dim)
            self._spans.append((row.cells, index))
        if shown.stop < len(labels):
            row.add("›", dim)
        self._plus = range(row.cells, row.cells + len(PLUS) * self._grows)
        row.add(PLUS * self._grows, accent)
        return [row.to(width - cells_of(note) - 1, dim).add(note, dim)]

    def tab_at(self, at: Offset) -> int | None:
        """Give the index of the tab that is there on the screen."""
        if not self.region.contains_point(at):
            return None
        return next((index for end, index in self._spans if at.x - self.region.x < end), None)

    def on_click(self, event: events.Click) -> None:
        """Open the tab under the mouse; twice, edit it; at the `+`, add one."""
        index = self.tab_at(event.screen_offset)
        if event.x in self._plus:
            self.post_message(self.Added())
        elif index is not None and event.chain <= 2:
            self.post_message(self.Edited(index) if event.chain == 2 else self.Chosen(index))


def window(cells: Sequence[int], chosen: int, room: int) -> range:
    """Give the run of neighbours around `chosen` that fits into `room`, from the first one if that fits."""
    if not cells:
        return range(0)
    start = stop = min(chosen, len(cells) - 1)
    stop += 1
    used = cells[start]
    grown = True
    while grown:
        grown = False
        if start > 0 and used + cells[start - 1] <= room:
            start, used, grown = start - 1, used + cells[start - 1], True
        if stop < len(cells) and used + cells[stop] <= room:
            stop, used, grown = stop + 1, used + cells[stop], True
    return range(start, stop)
