"""What all panes have in common on screen: a frame, keys, and honesty about what is not live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from ...event import Event
from ...wire import FeedStatus
from ..drawing.row import Row
from ..drawing.text import clean, wrap
from ..state import DOWN, why_stale
from . import face
from .frame import frame
from .placed import Placed


class Pane(Placed, can_focus=True):
    """
    One window on one or more feeds.

    Args:
        live: The screen's hold on the session.
        spec: How the board describes it.
        number: Its place on its page, from 1.

    """

    class Inspect(Message):
        """Somebody wants to see an event whole."""

        def __init__(self, event: Event) -> None:
            super().__init__()
            self.event = event

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "reconnect", "Reconnect"),
        Binding("L,shift+l", "live", "Live", key_display="L"),
        Binding("space", "pause", "Pause", key_display="space"),
        Binding("s", "sort", "Sort"),
        Binding("enter", "inspect", "Detail", key_display="enter"),
        Binding("y", "copy", "Copy"),
        Binding("Y,shift+y", "copy_link", "Copy link", key_display="Y", show=False),
    ]

    sorts = False

    # Drawing

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw the frame and what is in it."""
        stale = self.stale()
        body = self._body(max(width - 4, 0), max(height - 2, 0))
        if stale:
            body = [row.plain(self.ink("dim")) for row in body]
        borders = (face.title(self), face.marks(self, stale), face.below(self, stale), face.beside(self))
        style = self.ink("focus" if self.has_focus else "frame")
        return frame(body, width, height, borders, style, heavy=self.has_focus)

    def _body(self, width: int, height: int) -> list[Row]:
        if fault := self.fault or self.filter_fault:
            return [Row(line, self.ink("error")) for line in wrap(clean(fault), width)]
        if self.last is None and self.spec.feeds:
            return face.empty(self, width, height)
        return self.body(width, height)

    def body(self, width: int, height: int) -> list[Row]:
        """Draw what is within the frame."""
        raise NotImplementedError

    def summary(self) -> str:
        """Say how much is shown, for the bottom border."""
        return ""

    def digest(self) -> str:
        """Say the latest in one line."""
        return ""

    @property
    def news(self) -> str:
        """What is new here, said beside the title."""
        return ""

    # Health

    def statuses(self) -> list[FeedStatus]:
        """Give how its feeds are doing."""
        if "*" in self.spec.feeds:
            return self.live.state.all_feeds()
        return [self.live.state.feed(name) for name in self.spec.feeds]

    def stale(self) -> str:
        """Say why what is shown is not live, through no wish of ours; empty when it is."""
        if self.live.travel.position is not None:
            return ""  # it shows what was, and that is as it was
        return why_stale(self.live.state, self.statuses())

    @property
    def may_reconnect(self) -> bool:
        """Whether trying again now is to be offered."""
        state = self.live.state
        down = any(status.state in DOWN for status in self.statuses())
        return state.lost is not None or (state.joined and state.may("editor") and down)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        match action:
            case "pause":
                return bool(self.spec.feeds)
            case "sort":
                return self.sorts
            case "inspect" | "copy":
                return self.chosen() is not None
            case "copy_link":
                chosen = self.chosen()
                return chosen is not None and chosen.offset is not None
            case "reconnect":
                return self.may_reconnect
            case "live":
                return bool(self.frozen)
        return True

    def chosen(self) -> Event | None:
        """Give the event that enter and y are about."""
        return self.latest

    @property
    def has_cursor(self) -> bool:
        """Whether somebody chose an event here."""
        return False

    def reveal(self, event: Event, past: Sequence[Event] = ()) -> bool:
        """
        Let an event be seen here.

        Args:
            event: Which one.
            past: Events around it, for panes that show events one below the other.

        Returns:
            Whether it is to be seen now.

        """
        return False

    def action_pause(self) -> None:
        """Stand still, or go on."""
        if self.frozen:
            self.action_live()
            return
        self.freeze("PAUSED")

    def action_live(self) -> None:
        """Go back to what comes in."""
        self.thaw()

    def action_sort(self) -> None:
        """Sort by the next column."""

    def action_inspect(self) -> None:
        """Show an event whole."""
        if event := self.chosen():
            self.post_message(self.Inspect(event))

    def action_copy(self) -> None:
        """Copy an event as JSON."""
        if event := self.chosen():
            self.app.copy_to_clipboard(msgspec.json.encode(event).decode())
            self.notify("copied one event as JSON")

    def action_copy_link(self) -> None:
        """Copy what names an event in a chat."""
        if event := self.chosen():
            self.app.copy_to_clipboard(f"#{event.offset}")
            self.notify(f"copied #{event.offset}")

    def action_reconnect(self) -> None:
        """Let what is down try again now: the link to the hub, or the feeds."""
        self.live.reconnect(status.feed for status in self.statuses() if status.state in DOWN)

    def on_focus(self) -> None:
        """Show that keys go here."""
        self.paint_now()

    def on_blur(self) -> None:
        """Show that keys go elsewhere."""
        self.paint_now()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.wheel(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll with the wheel."""
        event.stop()
        self.wheel(-3)

    def wheel(self, lines: int) -> None:
        """Move what is shown; not every view can."""
