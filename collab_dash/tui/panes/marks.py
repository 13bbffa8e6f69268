"""Notes and alerts: every mark, that of the latest event first."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ..drawing.numbers import clock, moment
from ..drawing.row import Row
from ..drawing.text import clean, cut, fit
from ..talk.references import DAY
from .rows import RowsPane

NAME, FEED = 9, 12


class MarksPane(RowsPane):
    """Every mark of the session with the first thing that was said about it."""

    class Visit(Message):
        """Somebody wants to go where a mark is."""

        def __init__(self, mark: str) -> None:
            super().__init__()
            self.mark = mark

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "visit", "Go there", key_display="enter")]

    header_rows = 0

    @property
    def name_on_screen(self) -> str:
        """What this pane is called."""
        return self.spec.title or "Notes & alerts"

    def on_mount(self) -> None:
        """Watch the session."""
        self.live.state.watch(self.want_paint)

    def on_unmount(self) -> None:
        """Watch it no more."""
        self.live.state.unwatch(self.want_paint)

    @property
    def chosen_mark(self) -> str:
        """The id of the mark under the cursor, or of the topmost; empty for none."""
        newest = self.live.talk.marks.newest
        index = self.cursor or 0
        return newest[index] if index < len(newest) else ""

    def count(self) -> int:
        """Count the marks."""
        return len(self.live.talk.marks.newest)

    def body(self, width: int, height: int) -> list[Row]:
        """Draw those in the window."""
        if not self.count():
            row = Row("Nothing is marked yet. ", self.ink("dim"))
            if self.live.talk.may_speak:
                row.add("m", self.ink("accent")).add(" marks an event", self.ink("dim"))
            return [row]
        return super().body(width, height)

    def row(self, index: int, width: int) -> Row:
        """Draw one mark: when, who, what, what was said first, and how many answered."""
        talk = self.live.talk
        id_ = talk.marks.newest[index]
        mark, thread = talk.marks.marks[id_], talk.marks.thread(id_)
        dim, text = self.ink("dim"), self.ink("text")
        today = mark.time // DAY == self.live.state.clock() // DAY
        row = Row(f"{clock(mark.time) if today else moment(mark.time)[5:16]}  ", dim)
        sign = talk.sign(id_)
        row.add(fit(sign.glyph, NAME) + "  ", self.ink(sign.ink))
        row.add(fit(clean(mark.feed) or "moment", FEED) + "  ", dim)
        tail = _replies(len(thread))
        room = max(width - row.cells - len(tail) - 2, 0)
        said = talk.first_note(id_, room // 2)
        row.add(cut(talk.about(id_) if mark.feed else clean(mark.text), max(room - len(said) - 2, 0)), text)
        if said:
            row.add("  ", text).add(said, self.ink("strong"))
        row = row.crop(width - len(tail)).to(width - len(tail), text).add(tail, dim)
        return row.plain(dim) if id_ in talk.marks.resolved else row

    def summary(self) -> str:
        """Say how many there are, and how many are settled."""
        settled = self.live.talk.marks.settled
        count = self.count()
        return f"{count:,} mark{'' if count == 1 else 's'}" + (f" · {settled:,} resolved" if settled else "")

    def digest(self) -> str:
        """Say the latest."""
        newest = self.live.talk.marks.newest
        return f"{self.live.talk.sign(newest[0]).glyph} {self.live.talk.about(newest[0])}" if newest else ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        if action == "visit":
            return bool(self.chosen_mark)
        return super().check_action(action, parameters)

    def action_visit(self) -> None:
        """Go where the mark under the cursor is."""
        if mark := self.chosen_mark:
            self.post_message(self.Visit(mark))


def _replies(notes: int) -> str:
    """Count the notes that followed the first."""
    if notes < 2:
        return ""
    return "1 reply" if notes == 2 else f"{notes - 1} replies"
