"""A mark with its notes."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ...board import Pane as Spec
from ...doc.entries import Note
from ..drawing.numbers import clock, moment
from ..drawing.row import Row
from ..drawing.text import folded
from ..live import Live
from ..talk.authors import called, ink_of
from ..talk.references import DAY
from .spoken import SpokenPane

INDENT = "  "


class ThreadPane(SpokenPane):
    """
    What was marked, and what people say about it.

    Args:
        live: The screen's hold on the session.
        mark: The mark's id.

    """

    class Edit(Message):
        """Somebody wants to say a note otherwise."""

        def __init__(self, id_: str, note: Note) -> None:
            super().__init__()
            self.id_ = id_
            self.note = note

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Edit"),
        Binding("x", "delete", "Delete"),
        Binding("r", "resolve", "Resolve"),
    ]

    def __init__(self, live: Live, mark: str) -> None:
        super().__init__(live, Spec(view="marks"), 0)
        self._mark = mark

    @property
    def name_on_screen(self) -> str:
        """Say what kind of thing was marked, and by whom."""
        mark = self.live.talk.marks.marks.get(self._mark)
        if mark is None:
            return "This mark is gone"
        return f"{mark.feed or 'Moment'} {moment(mark.time)[:19]}Z · ^{called(mark.by)}"

    def summary(self) -> str:
        """Say whether the thread is settled."""
        resolution = self.live.talk.marks.resolved.get(self._mark)
        return f"✓ resolved by {called(resolution.by)}" if resolution is not None else ""

    def spoken(self, width: int) -> list[tuple[str, Row]]:
        """Give what was marked, then the notes."""
        lines = [("", Row(line, self.ink("text"))) for line in folded(self.live.talk.marks.about(self._mark), width)]
        for id_, note in self.live.talk.marks.thread(self._mark):
            lines.append(("", Row()))
            lines.append((id_, self._head(note)))
            lines += [(id_, Row(INDENT).extend(row)) for row in self.told(note.text, width - len(INDENT))]
        return lines

    def _head(self, note: Note) -> Row:
        day = self.live.state.clock() // DAY
        when = clock(note.at) if note.at // DAY == day else moment(note.at)[:19]
        row = Row(called(note.by), self.ink(ink_of(note.by)))
        return row.add(f"  {when}{'  edited' if note.edited else ''}", self.ink("dim"))

    # Keys

    def _chosen_note(self) -> tuple[str, Note] | None:
        """Give the note under the cursor, or our last one, if we may change it."""
        talk, id_ = self.live.talk, self.under_cursor()
        thread = [item for item in talk.marks.thread(self._mark) if talk.may_change(item[1].by)]
        if id_:
            return next((item for item in thread if item[0] == id_), None)
        return next((item for item in reversed(thread) if item[1].by.id == talk.me.id), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        match action:
            case "edit" | "delete":
                return self._chosen_note() is not None
            case "resolve":
                return self.live.talk.may_speak and self._mark in self.live.talk.marks.marks
            case "inspect" | "copy" | "copy_link":
                return False
        return super().check_action(action, parameters)

    def action_edit(self) -> None:
        """Say the note under the cursor otherwise."""
        if (chosen := self._chosen_note()) is not None:
            self.post_message(self.Edit(*chosen))

    def action_delete(self) -> None:
        """Take the note under the cursor back."""
        if (chosen := self._chosen_note()) is not None:
            self.live.talk.remove_note(chosen[0])

    def action_resolve(self) -> None:
        """Settle the thread, or open it again."""
        self.live.talk.resolve(self._mark)
