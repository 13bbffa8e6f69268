"""Dialogs in which something is said: a thread, the chat."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input

from ...board import Pane as Spec
from ..drawing.row import Row
from ..live import Live
from ..panes.chat import ChatPane
from ..panes.spoken import SpokenPane
from ..panes.thread import ThreadPane
from ..widgets.drawn import Drawn
from ..widgets.saying import Saying
from .modal import Modal


class Hints(Drawn):
    """
    The keys of a dialog, in a line.

    Args:
        live: The screen's hold on the session.
        dialog: Whose keys.

    """

    def __init__(self, live: Live, dialog: SpeakingDialog) -> None:
        super().__init__(live)
        self._dialog = dialog

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw them."""
        row = Row()
        for key, what in self._dialog.hints():
            row.add(f"  {key}", self.ink("accent")).add(f" {what}", self.ink("dim"))
        return [row]


class SpeakingDialog(Modal[object]):
    """
    What was said, and a line to say something in.

    Args:
        live: The screen's hold on the session.
        pane: What was said.

    """

    CSS_PATH = "speaking.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", key_display="Esc"),
        Binding("q", "close", show=False),
        Binding("c,C,shift+c,i", "write", "Write", key_display="c"),
    ]

    placeholder = ""

    def __init__(self, live: Live, pane: SpokenPane) -> None:
        super().__init__()
        self.live = live
        self.pane = pane
        self.line = Saying(live.talk, self.placeholder)
        self._hints = Hints(live, self)

    def compose(self) -> ComposeResult:
        """Make the pane, the line and what the keys do."""
        with Vertical(classes="speaking"):
            yield self.pane
            yield self.line
            yield self._hints

    def on_mount(self) -> None:
        """Take the keys at once, and follow the session."""
        self.live.state.watch(self._look)
        self.line.display = self.live.talk.may_speak
        self.set_focus(self.line if self.line.display else self.pane)

    def on_unmount(self) -> None:
        """Follow it no more."""
        self.live.state.unwatch(self._look)

    def _look(self) -> None:
        self.line.display = self.live.talk.may_speak
        self._hints.want_paint()
        self.refresh_bindings()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Show the keys of what has the focus."""
        self._hints.want_paint()

    def on_resize(self) -> None:
        """Fit into the screen."""
        box = self.query_one(".speaking")
        box.styles.width = min(max(self.app.size.width - 4, 10), 96)
        box.styles.height = min(max(self.app.size.height - 4, 5), 32)

    def on_key(self, event: events.Key) -> None:
        """Go from the line up to what was said."""
        if event.key == "up" and self.line.has_focus:
            event.stop()
            self.set_focus(self.pane)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Say what is typed; it stays there if it was not said."""
        event.stop()
        if not (said := self.line.said):
            return
        if trouble := self.speak(said):
            self.notify(trouble, severity="warning", markup=False)
            return
        self.line.fill("")
        self.pane.action_live()

    def speak(self, text: str) -> str:
        """Say a text; give why that was not done, empty if it was."""
        raise NotImplementedError

    def hints(self) -> list[tuple[str, str]]:
        """Give keys and what they do."""
        if self.line.has_focus:
            return [
                ("enter", "send"),
                ("ctrl+j", "new line"),
                ("tab", "complete @name"),
                ("↑", "read"),
                ("Esc", "close"),
            ]
        write = [("c", "write")] if self.live.talk.may_speak else []
        return [*write, ("Esc", "close")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        return self.live.talk.may_speak if action == "write" else True

    def action_write(self) -> None:
        """Go to the line."""
        self.set_focus(self.line)

    def action_close(self) -> None:
        """Leave, or first leave what is being typed."""
        if self.line.has_focus and self.line.value:
            self.line.fill("")
        else:
            self.dismiss(None)


class ThreadDialog(SpeakingDialog):
    """
    A mark with its notes.

    Args:
        live: The screen's hold on the session.
        mark: The mark's id.

    """

    placeholder = "comment"

    def __init__(self, live: Live, mark: str) -> None:
        super().__init__(live, ThreadPane(live, mark))
        self._mark = mark
        self._edited = ""

    def speak(self, text: str) -> str:
        """Comment, or change the note that is being edited."""
        talk, edited, self._edited = self.live.talk, self._edited, ""
        if self._mark not in talk.marks.marks:
            return "the mark was taken away meanwhile"
        if not edited:
            talk.comment(self._mark, text)
        elif any(id_ == edited for id_, _ in talk.marks.thread(self._mark)):
            talk.edit_note(edited, text)
        else:
            return "the note was deleted meanwhile; enter says it anew"
        return ""

    def on_thread_pane_edit(self, message: ThreadPane.Edit) -> None:
        """Let a note be changed in the line."""
        self._edited = message.id_
        self.line.fill(message.note.text)
        self.set_focus(self.line)

    def action_close(self) -> None:
        """Leave, or first leave what is being typed as it was."""
        self._edited = ""
        super().action_close()

    def hints(self) -> list[tuple[str, str]]:
        """Give keys and what they do."""
        if self.line.has_focus or not self.live.talk.may_speak:
            return super().hints()
        settled = self._mark in self.live.talk.marks.resolved
        return [("e", "edit"), ("x", "delete"), ("r", "reopen" if settled else "resolve"), *super().hints()]


class ChatDialog(SpeakingDialog):
    """
    The chat; it ends with the line whose link somebody wants to follow.

    Args:
        live: The screen's hold on the session.

    """

    placeholder = "say something to all; @name calls, #123 is an event, 14:18 a moment"

    def __init__(self, live: Live) -> None:
        super().__init__(live, ChatPane(live, Spec(view="chat"), 0))

    def speak(self, text: str) -> str:
        """Say it to all."""
        return "" if self.live.talk.say(text) else "not said"

    def _look(self) -> None:
        super()._look()
        self.live.talk.read()

    def on_mount(self) -> None:
        """What is said while this is open is read."""
        self.live.talk.read()

    def on_chat_pane_say(self, message: ChatPane.Say) -> None:
        """Go to the line."""
        message.stop()
        self.action_write()

    def on_chat_pane_open(self, message: ChatPane.Open) -> None:
        """End with what is to be opened."""
        message.stop()
        self.dismiss(message.line)

    def hints(self) -> list[tuple[str, str]]:
        """Give keys and what they do."""
        link = [] if self.line.has_focus else [("enter", "open link")]
        return [*link, *super().hints()]
