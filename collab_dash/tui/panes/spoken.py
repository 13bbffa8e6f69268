"""What people said, one below the other, the latest at the bottom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType

from ..drawing.row import Row
from ..drawing.text import clean, folded
from ..talk.references import Reference, references
from .rows import RowsPane

LINK = Style(underline=True)


class SpokenPane(RowsPane):
    """A pane of lines, each of them part of something that has an id."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("L,shift+l,end", "live", "Latest", show=False)]

    header_rows = 0
    of_session = True

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # as every pane
        self._lines: list[tuple[str, Row]] = []
        self._up = 0

    def spoken(self, width: int) -> list[tuple[str, Row]]:
        """Give every line, with the id of what it is part of."""
        raise NotImplementedError

    def body(self, width: int, height: int) -> list[Row]:
        """Draw the lines in the window, the last ones unless somebody moves."""
        before = self._lines
        self._lines = self.spoken(width)
        self.stay(before, self._lines)
        if self.cursor is None:
            self._up = max(min(self._up, self.count() - height), 0)
            self.top = max(self.count() - height - self._up, 0)
        return super().body(width, height)

    def count(self) -> int:
        """Count the lines."""
        return len(self._lines)

    def row(self, index: int, width: int) -> Row:
        """Give one line; it is copied, for a row may be lengthened."""
        return Row().extend(self._lines[index][1])

    def under_cursor(self) -> str:
        """Give the id of what the cursor is on, empty for none."""
        return self._lines[self.cursor][0] if self.cursor is not None and self.cursor < self.count() else ""

    def action_move(self, lines: int) -> None:
        """Move the cursor; at first it is on the last line."""
        self.place(self.count() - 1 if self.cursor is None else self.cursor + lines)

    def action_live(self) -> None:
        """Go back to the latest."""
        self._up = 0
        super().action_live()

    def wheel(self, lines: int) -> None:
        """Move the window."""
        if self.cursor is not None:
            self.action_move(lines)
            return
        self._up = max(self._up - lines, 0)
        self.want_paint()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is, and take the keys."""
        self.focus()
        super().on_click(event)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        if action == "live":
            return self.cursor is not None or bool(self._up)
        return super().check_action(action, parameters)

    # Drawing what somebody wrote

    def told(self, text: str, width: int) -> Iterable[Row]:
        """Draw a text of somebody's in lines of at most `width`, with what it refers to as links."""
        names = self.live.talk.names
        for paragraph in text.splitlines():
            for line in folded(clean(paragraph), width):
                yield self._with_links(line, references(line, names))

    def _with_links(self, line: str, found: list[Reference]) -> Row:
        row, start = Row(), 0
        for reference in found:
            row.add(line[start : reference.start], self.ink("text"))
            style = self.ink("strong") if reference.kind == "person" else self.ink("accent") + LINK
            row.add(line[reference.start : reference.end], style)
            start = reference.end
        return row.add(line[start:], self.ink("text"))
