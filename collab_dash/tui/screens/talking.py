"""The side of the main screen that people talk on: marks, notes, chat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from ...errors import RequestRefused
from ...event import Event
from ..drawing.text import clean
from ..panes.tapped import Tapped
from ..streams import Stream
from ..talk.references import links, moment_before
from ..talk.talk import Heard
from ..talk.visits import around, event_at, rank, walk
from ..widgets.keys import Keys
from .modal import put_over
from .side import Side

if TYPE_CHECKING:
    from ..panes.base import Pane
    from ..panes.chat import ChatPane
    from ..panes.marks import MarksPane

STAYS = 10.0
MOST_TOASTS = 3


class Talking(Side):
    """A screen with marks and a chat, and the keys of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m", "mark", "Mark"),
        Binding("c", "comment", "Comment", id="talk.comment"),
        Binding("c", "read_notes", "Read notes", id="talk.read"),
        Binding("u", "walk_marks(1)", "Next mark", show=False),
        Binding("U,shift+u", "walk_marks(-1)", "Previous mark", show=False, key_display="U"),
        Binding("C,shift+c", "chat", "Chat", key_display="C"),
    ]

    _walked = ""

    def on_mount(self) -> None:
        """Hear what is said."""
        self.live.talk.on_heard = self._hear
        self.live.talk.on_change = self.talk_changed

    def talk_changed(self) -> None:
        """Show that something was said."""

    def _hear(self, told: Sequence[Heard]) -> None:
        """Ring where we are called by name, and show what is said; of very much at once, the latest."""
        if any(heard.calls for heard in told):
            self.app.bell()
        for heard in told[-MOST_TOASTS:]:
            self.app.notify(heard.text, title=heard.who, timeout=STAYS, markup=False)
        if (more := len(told) - MOST_TOASTS) > 0:
            self.app.notify(f"and {more} more like these", timeout=STAYS, markup=False)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        talk = self.live.talk
        match action:
            case "mark" | "chat":
                return talk.may_speak and self.stage.current is not None
            case "comment":
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

    async def action_chat(self) -> None:
        """Say something in the chat pane that has the focus, or open the chat over the board."""
        from ..panes.chat import ChatPane

        if isinstance(self.stage.current, ChatPane):
            await self.on_chat_pane_say()
            return
        from .speaking import ChatDialog

        put_over(self, ChatDialog(self.live), self._open_links)

    async def on_chat_pane_say(self) -> None:
        """Let something be typed."""
        from ..widgets.saying import SayPrompt

        if self.chat_line is None:
            self.chat_line = SayPrompt(self.live.talk)
            await self.mount(self.chat_line, before=self.query_one(Keys))
        self.chat_line.begin()
        self.refresh_bindings()

    def on_say_prompt_done(self) -> None:
        """Give the keys back to the pane."""
        if self.stage.current is not None:
            self.set_focus(self.stage.current)

    # Going there

    def on_marks_pane_visit(self, message: MarksPane.Visit) -> None:
        """Go where a mark or an alert is."""
        if message.mark:
            self._visit_mark(message.mark)
        elif message.offset is not None:
            self._visit_event(message.offset)
        else:
            self.complain("the event that fired it was not recorded")

    def on_chat_pane_open(self, message: ChatPane.Open) -> None:
        """Go to what a line refers to."""
        self._open_links(message.line)

    def _open_links(self, line: object) -> None:
        from ...doc.entries import ChatLine

        if not isinstance(line, ChatLine):
            return
        for reference in links(line.text)[:1]:
            if reference.kind == "event":
                self._visit_event(int(reference.target))
            else:
                self.live.company.following.stop()
                self.live.travel.seek(moment_before(reference.target, line.at))

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
            self.live.company.following.stop()
            self.live.travel.seek(mark.time)
        else:
            self._visit_event(mark.offset)

    def _visit_event(self, offset: int) -> None:
        self.live.company.following.stop()
        self.run_worker(self.visit(offset), group="visit", exclusive=True)

    async def visit(self, offset: int) -> None:
        """Put the cursor on an event in the pane that shows it best, or show it over the board."""
        try:
            event = self._held(offset) or await event_at(self.live, offset)
            for pane in self._showing(event):
                if await self._reveal(pane, event) and self._go_to_pane(pane):
                    return
        except RequestRefused as error:
            self.complain(str(error))
            return
        if not self.typing:  # whoever began to meanwhile has the keys
            from .dialogs import EventDialog

            put_over(self, EventDialog(self.live, event))

    def _held(self, offset: int) -> Event | None:
        from ..panes.log import LogPane

        panes = (pane for view in self.stage.pages for pane in view.panes if isinstance(pane, LogPane))
        return next((event for pane in panes if (event := pane.held(offset)) is not None), None)

    def _showing(self, event: Event) -> list[Pane]:
        """Give the panes that show an event: those of the open page first, the best view first."""
        found = [
            (index != self.stage.open, rank(pane.spec), index, pane)
            for index, view in enumerate(self.stage.pages)
            for pane in view.panes
            if _shows(pane, event)
        ]
        return [pane for *_, pane in sorted(found, key=lambda item: item[:3])]

    def _go_to_pane(self, pane: Pane) -> bool:
        """Go to a pane on whatever page; tell whether it is still there."""
        for index, view in enumerate(self.stage.pages):
            if pane in view.panes:
                if index != self.stage.open:
                    self.stage.turn(index)
                self.stage.go(view.panes.index(pane))
                return True
        return False

    async def _reveal(self, pane: Pane, event: Event) -> bool:
        if pane.reveal(event):
            return True
        if pane.spec.view != "log" or pane.selection is None or event.offset is None:
            return False
        return pane.reveal(event, await around(self.live, pane.selection, event.offset))


def _shows(pane: Tapped, event: Event) -> bool:
    return pane.selection is not None and bool(Stream(pane.selection).choose([event]))
