"""Panes that show rows: a cursor, and a window that moves with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from msgspec import structs
from textual import events
from textual.binding import Binding, BindingType

from ...glance import LONGEST, Glance
from ...wire import Person
from ..drawing.row import Row
from .base import Pane
from .pointers import Tag, pointing
from .signs import signs

UNSEEN = 10

Lines = Sequence[tuple[str, Row]]


class RowsPane(Pane):
    """A pane of rows; the cursor shows once it was moved."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("pagedown", "turn(1)", "Page down", show=False),
        Binding("pageup", "turn(-1)", "Page up", show=False),
        Binding("home,g", "edge(0)", "First row", show=False),
        Binding("G,shift+g", "edge(1)", "Last row", show=False, key_display="G"),
        Binding("end", "live", "Live", show=False),
    ]

    header_rows = 1
    cursor: int | None = None
    top = 0
    _held = ""

    def count(self) -> int:
        """Count the rows there are."""
        raise NotImplementedError

    def header(self, width: int) -> Row:
        """Draw the line above the rows."""
        return Row()

    def choose_column(self, x: int) -> None:
        """Do what a click on the header at `x` asks for."""

    def row(self, index: int, width: int) -> Row:
        """Draw one row."""
        raise NotImplementedError

    def body(self, width: int, height: int) -> list[Row]:
        """Draw the header and the rows in the window."""
        space = max(height - self.header_rows, 1)
        count = self.count()
        self.keep_place()
        if self.cursor is not None:
            self.cursor = min(self.cursor, max(count - 1, 0))
            self.top = min(max(self.top, self.cursor - space + 1), self.cursor)
        self.top = max(min(self.top, count - space), 0)
        pointers = pointing(self.onlookers())
        rows = [self._finished(i, width, pointers) for i in range(self.top, min(self.top + space, count))]
        return [self.header(width), *rows] if self.header_rows else rows

    def _finished(self, index: int, width: int, pointers: list[Person]) -> Row:
        row, end = self.row(index, width), self.end_of(index, pointers)
        if 0 < end.cells < width:
            row = row.trimmed().crop(width - end.cells).to(width - end.cells, self.ink("text")).extend(end)
        if index == self.cursor and self.has_focus:
            return row.to(width, self.ink("text")).restyle(self.ink("select"))
        return row

    def end_of(self, index: int, pointers: list[Person]) -> Row:
        """Draw what stands at the end of a row: its marks, and which of `pointers` have the cursor on it."""
        end = Row(" ", self.ink("text")).extend(signs(self, marks)) if (marks := self.marked(index)) else Row()
        return end.extend(self._pointers(self.tag(index), pointers)) if pointers else end

    def marked(self, index: int) -> list[str]:
        """Give the ids of the marks to show on a row."""
        return []

    def name_at(self, index: int) -> str:
        """Give what a row is known by wherever it is sorted to; empty where rows keep their order."""
        return ""

    def row_named(self, name: str) -> int | None:
        """Give the row that is known by a name; None if it is gone."""
        return next((row for row in range(self.count()) if self.name_at(row) == name), None)

    def keep_place(self) -> None:
        """Let the cursor go where its row has gone."""
        if self.cursor is not None and self._held and (row := self.row_named(self._held)) is not None:
            self.cursor = row

    def stay(self, before: Lines, after: Lines) -> None:
        """Keep the cursor on what it was on, where rows are lines of something that has an id."""
        if self.cursor is None or self.cursor >= len(before) or before is after or not before[self.cursor][0]:
            return
        id_ = before[self.cursor][0]
        old, new = ([row for row, line in enumerate(lines) if line[0] == id_] for lines in (before, after))
        if new:
            self.cursor = new[min(old.index(self.cursor), len(new) - 1)]

    @property
    def has_cursor(self) -> bool:
        """Whether somebody chose a row."""
        return self.cursor is not None

    def _pointers(self, tag: Tag, pointers: list[Person]) -> Row:
        """Draw who has the cursor on a row, for its end."""
        names = Row()
        for person in pointers:
            if tag.is_under(person):
                name = self.live.state.name_of(person, 8)
                names.add(f" <{name}", self.ink("dim") if person.away else self.ink_of(person))
        return names

    # What others see of it, and what we see by them

    def tag(self, index: int) -> Tag:
        """Give what a row is known by on every screen; nothing, if it is not."""
        return Tag()

    def point(self, glance: Glance) -> Glance:
        """Add where in it we are to where we look."""
        tag = Tag() if self.cursor is None or self.cursor >= self.count() else self.tag(self.cursor)
        return structs.replace(glance, offset=tag.offset, key=tag.key[:LONGEST], scroll=self.top)

    def follow(self, person: Person) -> None:
        """Go to the row that somebody is at; where they have none, be live, or as far down as they are."""
        if person.offset is None and not person.key:
            if self.cursor is not None or (self.frozen == "PINNED" and not person.scroll):
                self.action_live()
            if person.scroll != self.top:
                self.wheel(person.scroll - self.top)
            return
        row = next((index for index in range(self.count()) if self.tag(index).is_under(person)), None)
        if row is not None and row != self.cursor:
            self.place(row)

    def action_move(self, lines: int) -> None:
        """Move the cursor."""
        self.place(0 if self.cursor is None else self.cursor + lines)

    def action_turn(self, pages: int) -> None:
        """Move the cursor by a windowful."""
        self.place((self.cursor or 0) + pages * max(self.size.height - 2 - self.header_rows, 1))

    def action_edge(self, last: int) -> None:
        """Move the cursor to the first or the last row."""
        self.place(self.count() - 1 if last else 0)

    def action_live(self) -> None:
        """Go back to what comes in."""
        self.cursor, self.top, self._held = None, 0, ""
        super().action_live()
        self.want_paint()
        self.live.company.tell()

    def place(self, index: int) -> None:
        """Put the cursor on a row."""
        if self.count():
            self.cursor = max(min(index, self.count() - 1), 0)
            self.moved()
            self.paint_now()
            self.live.company.tell()

    def show_row(self, index: int) -> None:
        """Put the cursor on a row; with rows around it, where it was not to be seen."""
        space = self.size.height - 2 - self.header_rows if self.size.height else UNSEEN
        if not self.top <= index < self.top + space:
            self.top = max(index - space // 2, 0)
        self.place(index)

    def moved(self) -> None:
        """Stay on this row from now on, wherever it is sorted to."""
        self._held = self.name_at(self.cursor) if self.cursor is not None and self.cursor < self.count() else ""

    def wheel(self, lines: int) -> None:
        """Move the window."""
        if self.cursor is not None:
            self.action_move(lines)
            return
        self.top = max(self.top + lines, 0)
        if self.top:
            self.moved()
        self.want_paint()
        self.live.company.tell()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is."""
        line = event.y - 1 - self.header_rows
        if self.header_rows and event.y == 1:
            self.choose_column(event.x - 2)
        elif 0 <= line < self.size.height - 2 - self.header_rows and self.top + line < self.count():
            self.place(self.top + line)
