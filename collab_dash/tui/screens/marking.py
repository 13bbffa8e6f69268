"""The side of the main screen that marks are made on, commented on, and walked."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from ...event import Event
from ..drawing.text import clean
from ..talk.visits import walk
from .modal import put_over
from .visiting import Visiting

if TYPE_CHECKING:
    from ..panes.marks import MarksPane


class Marking(Visiting):
    """A screen with marks on what it shows, and the keys of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mark", "Mark"),
        Binding("c", "comment", "Comment", id="talk.comment"),
        Binding("c", "read_notes", "Read notes", id="talk.read"),
        Binding("u", "walk_marks(1)", "Next mark", show=False),
        Binding("U,shift+u", "walk_marks(-1)", "Previous mark", show=False, key_display="U"),
    ]

    _walked = ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        talk = self.live.talk
        match action:
            case "mark" | "comment":
                return talk.may_speak and self.stage.current is not None
            case "read_notes":
                return not talk.may_speak and self.stage.current is not None and bool(self._chosen_thread())
            case "walk_marks":
                return bool(talk.marks.marks)
        return super().check_action(action, parameters)

    def _pinned(self) -> Event | None:
        """Give the event that a mark would be on; None for the moment that is shown."""
        pane = self.stage.current
        if pane is None or (self.live.travel.position is not None and not pane.has_cursor):
            return None
        chosen = pane.chosen()
        return chosen if chosen is not None and chosen.offset is not None else None

    def _marks_pane(self) -> MarksPane | None:
        from ..panes.marks import MarksPane

        return self.stage.current if isinstance(self.stage.current, MarksPane) else None

    def _chosen_thread(self) -> str:
        """Give the mark under the cursor whose thread it is, empty for none."""
        if (pane := self._marks_pane()) is not None:
            return pane.chosen_mark
        marks, event = self.live.talk.marks, self._pinned()
        return marks.speaking(marks.on_event(event.offset)) if event is not None else ""

    def action_mark(self) -> None:
        """Mark what is under the cursor, or take our mark of it away."""
        talk, event = self.live.talk, self._pinned()
        own = self._own_mark(event)
        if own:
            if trouble := talk.unmark(own):
                self.complain(trouble)
        else:
            self._add_mark(event)

    def _own_mark(self, event: Event | None) -> str:
        talk, pane = self.live.talk, self._marks_pane()
        if event is not None:
            return talk.own_mark(event)
        mark = talk.marks.marks.get(pane.chosen_mark) if pane is not None and pane.has_cursor else None
        return pane.chosen_mark if pane is not None and mark is not None and mark.by.id == talk.me.id else ""

    def _add_mark(self, event: Event | None) -> str:
        from ..panes.log import sentence

        if event is None:
            text = ""
        elif self._marks_pane() is not None:
            text = str(event.data["text"])
        else:
            text = f"{clean(event.key or '')}  {sentence(event)}".strip()
        return self.live.talk.mark(event, text) or ""

    def action_comment(self) -> None:
        """Open the thread of what is under the cursor, marking it first if it is not marked."""
        self._open_thread(self._chosen_thread() or self._add_mark(self._pinned()))

    def action_read_notes(self) -> None:
        """Open the thread of what is under the cursor, where we may not write."""
        self._open_thread(self._chosen_thread())

    def _open_thread(self, mark: str) -> None:
        from .speaking import ThreadDialog

        if mark:
            put_over(self, ThreadDialog(self.live, mark))

    # Going there

    def on_marks_pane_visit(self, message: MarksPane.Visit) -> None:
        """Go where a mark or an alert is."""
        if message.mark:
            self._visit_mark(message.mark)
        elif message.offset is not None:
            self.visit_event(message.offset)
        else:
            self.complain("the event that fired it was not recorded")

    def action_walk_marks(self, step: int) -> None:
        """Go to the next mark, or to the one before."""
        order = walk(self.live.talk.marks, [view.page for view in self.stage.pages], self.stage.open)
        here = self._walked_from()
        if here in order:
            self._visit_mark(order[(order.index(here) + step) % len(order)])
        elif order:
            self._visit_mark(order[0 if step > 0 else -1])

    def _walked_from(self) -> str:
        """Give the mark that the cursor is on, of several the one that was walked to; else the last that was."""
        marks, pane = self.live.talk.marks.marks, self.stage.current
        here = self._chosen_thread() if pane is not None and pane.has_cursor else ""
        walked = marks.get(self._walked)
        same = here and walked is not None and walked.offset == marks[here].offset
        return here if here and not same else self._walked

    def _visit_mark(self, id_: str) -> None:
        mark = self.live.talk.marks.marks.get(id_)
        if mark is None:
            return
        self._walked = id_
        if mark.offset is None:
            self.visit_moment(mark.time)
        else:
            self.visit_event(mark.offset)
