"""Dialogs: a sheet of lines over the board."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ...event import Event
from ..drawing.numbers import moment, rate
from ..drawing.row import Row
from ..drawing.text import clean
from ..live import Live
from ..panes.frame import frame
from ..panes.json import event_lines
from ..state import DOWN, GLYPHS
from ..widgets.drawn import Drawn
from .modal import Modal


class Sheet(Drawn, can_focus=True):
    """
    Lines in a frame that can be scrolled.

    Args:
        live: The screen's hold on the session.
        dialog: Gives title, lines and hints.

    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_by(1)", "Down", show=False),
        Binding("up,k", "scroll_by(-1)", "Up", show=False),
        Binding("pagedown,space", "scroll_by(20)", "Page down", show=False),
        Binding("pageup", "scroll_by(-20)", "Page up", show=False),
        Binding("home,g", "scroll_by(-10000)", "Top", show=False),
        Binding("end,G,shift+g", "scroll_by(10000)", "Bottom", show=False),
    ]

    def __init__(self, live: Live, dialog: Dialog) -> None:
        super().__init__(live)
        self._dialog = dialog
        self._top = 0

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw the lines in the window."""
        lines = self._dialog.lines(width - 4)
        space = height - 2
        self._top = max(min(self._top, len(lines) - space), 0)
        shown = [Row().extend(row) for row in lines[self._top : self._top + space]]
        title = Row(self._dialog.heading(), self.ink("focus"))
        more = len(lines) - self._top - space
        below = Row(f"{more} more below" if more > 0 else "", self.ink("dim"))
        beside = Row()
        for key, what in (*self._dialog.hints(), ("Esc", "close")):
            beside.add(f"{'  ' if beside.cells else ''}{key}", self.ink("accent")).add(f" {what}", self.ink("dim"))
        return frame(shown, width, height, (title, Row(), below, beside), self.ink("focus"), heavy=True)

    def action_scroll_by(self, lines: int) -> None:
        """Move the window, at most to the end: keys may come before the next frame."""
        end = len(self._dialog.lines(self.size.width - 4)) - (self.size.height - 2)
        self._top = max(min(self._top + lines, end), 0)
        self.want_paint()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll with the wheel."""
        self.action_scroll_by(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll with the wheel."""
        self.action_scroll_by(-3)


class Dialog(Modal[None]):
    """
    A sheet over the board.

    Args:
        live: The screen's hold on the session.

    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss", "Close", key_display="Esc")]

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.live = live
        self.sheet = Sheet(live, self)

    def compose(self) -> ComposeResult:
        """Make the sheet."""
        yield self.sheet

    def on_mount(self) -> None:
        """Follow the session."""
        self.live.state.watch(self.fit_sheet)

    def on_unmount(self) -> None:
        """Follow it no more."""
        self.live.state.unwatch(self.fit_sheet)

    def on_resize(self) -> None:
        """Be as tall as the lines need."""
        self.fit_sheet()

    def fit_sheet(self) -> None:
        """Be as tall as the lines need, within the screen."""
        if not self.sheet.is_styled:
            return
        width = min(max(self.app.size.width - 4, 10), 96)
        self.sheet.styles.width = width
        self.sheet.styles.height = min(len(self.lines(width - 4)) + 2, max(self.app.size.height - 2, 3))
        self.sheet.want_paint()

    def heading(self) -> str:
        """Give the title."""
        raise NotImplementedError

    def lines(self, width: int) -> list[Row]:
        """Give the lines."""
        raise NotImplementedError

    def hints(self) -> list[tuple[str, str]]:
        """Give keys and what they do."""
        return []


class EventDialog(Dialog):
    """One event, whole."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "dismiss", show=False),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, live: Live, event: Event) -> None:
        super().__init__(live)
        self._event = event

    def heading(self) -> str:
        """Give the event's type."""
        return clean(self._event.type)

    def lines(self, width: int) -> list[Row]:
        """Give the event's fields and payload."""
        return event_lines(self._event, self.sheet.ink)

    def hints(self) -> list[tuple[str, str]]:
        """Offer to copy it."""
        return [("y", "copy")]

    def action_copy(self) -> None:
        """Copy it as JSON."""
        self.app.copy_to_clipboard(msgspec.json.encode(self._event).decode())
        self.notify("copied one event as JSON")


class FeedDialog(Dialog):
    """All about one feed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "reconnect", "Reconnect")]

    def __init__(self, live: Live, feed: str) -> None:
        super().__init__(live)
        self._feed = feed

    def heading(self) -> str:
        """Give the feed's name."""
        return clean(self._feed)

    def lines(self, width: int) -> list[Row]:
        """Give everything that is known of it."""
        status = self.live.state.feed(self._feed)
        facts = {
            "state": f"{GLYPHS.get(status.state, '?')} {status.state}",
            "since": moment(status.since),
            "why": status.reason,
            "what to do": status.hint,
            "next try": moment(status.retry_at) if status.retry_at else "",
            "tries": str(status.attempt) if status.attempt else "",
            "note": status.note,
            "plugin": status.plugin,
            "transport": status.transport,
            "not by": status.fallback,
            "events": f"{status.events:,}, {rate(status.rate)} now",
            "left out": f"{status.left_out:,}, above its rate limit" if status.left_out else "",
            "last event": moment(status.last_event) if status.last_event else "none yet",
        }
        dim, text = self.sheet.ink("dim"), self.sheet.ink("text")
        return [Row(f"{name:<12}", dim).add(clean(value), text) for name, value in facts.items() if value]

    def _may_reconnect(self) -> bool:
        state = self.live.state
        return state.joined and state.may("editor") and state.feed(self._feed).state in DOWN

    def hints(self) -> list[tuple[str, str]]:
        """Offer to try again."""
        return [("r", "reconnect")] if self._may_reconnect() else []

    def action_reconnect(self) -> None:
        """Let the feed try again now."""
        if self._may_reconnect():
            self.live.reconnect([self._feed])
