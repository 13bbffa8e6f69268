"""Dialogs of lines of which one is chosen."""

from __future__ import annotations

from textual import events

from ..drawing.row import Row
from ..live import Live
from .dialogs import Dialog, Sheet


class ChoiceSheet(Sheet):
    """Lines of which one is chosen: moving goes from line to line, where there is something to choose."""

    def __init__(self, live: Live, dialog: ChoiceDialog) -> None:
        super().__init__(live, dialog)
        self._choice = dialog

    def action_scroll_by(self, lines: int) -> None:
        """Choose another line, and keep it in the window."""
        last = len(self._choice.ids()) - 1
        if last < 0:
            super().action_scroll_by(lines)
            return
        place, space = self._choice.move(lines), self.size.height - 2
        row = self._choice.first_row + place
        at_end = lines > 0 and place == last
        self._top = 1 << 20 if at_end else max(min(self._top, row if place else 0), row - space + 1)
        self.want_paint()

    def on_click(self, event: events.Click) -> None:
        """Choose by mouse."""
        self._choice.choose(self._top + event.y - 1 - self._choice.first_row)
        self.want_paint()


class ChoiceDialog(Dialog):
    """
    A dialog with lines that stand for something each; one of them is chosen.

    Attributes:
        first_row: How many lines stand before those.
        chosen_id: The id of what was chosen; that of nothing that is there stands for the first.

    """

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self.sheet = ChoiceSheet(live, self)
        self.chosen_id = ""
        self.first_row = 0

    def ids(self) -> list[str]:
        """Give the ids of what there is to choose from, line by line."""
        raise NotImplementedError

    @property
    def place(self) -> int:
        """The line of what is chosen."""
        ids = self.ids()
        return ids.index(self.chosen_id) if self.chosen_id in ids else 0

    def move(self, lines: int) -> int:
        """Choose what is so many lines below; give its place."""
        last = len(self.ids()) - 1
        place = max(min(self.place + lines, last), 0)
        self.choose(place)
        return place

    def choose(self, place: int) -> None:
        """Choose what is on that line, if there is something."""
        ids = self.ids()
        if 0 <= place < len(ids):
            self.chosen_id = ids[place]

    def action_step(self, lines: int) -> None:
        """Choose what is so many lines below, and keep it in the window."""
        self.sheet.action_scroll_by(lines)

    def with_choice(self, rows: list[Row], width: int) -> list[Row]:
        """Give the lines with the chosen one to be seen."""
        ink = self.sheet.ink
        return [
            row.to(width, ink("text")).restyle(ink("select")) if place == self.place else row
            for place, row in enumerate(rows)
        ]
