"""The side of the stage that the mouse is for: dragging borders and panes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.containers import Container
from textual.geometry import Offset
from textual.message import Message

from ..live import Live
from .hand import Grip, grip

if TYPE_CHECKING:
    from .pages import PageView


class Dragging(Container):
    """
    A container of pages whose panes can be dragged.

    Args:
        live: The screen's hold on the session.
        arranged: Called when something else is on screen than before.

    Attributes:
        grip: What the mouse holds.

    """

    class Dragged(Message):
        """Somebody dragged a border, or a pane, also onto a tab, and let go of it."""

        def __init__(self, grip: Grip) -> None:
            super().__init__()
            self.grip = grip

    def __init__(self, live: Live, arranged: Callable[[], None]) -> None:
        super().__init__()
        self.live = live
        self.arranged = arranged
        self.grip: Grip | None = None

    @property
    def page(self) -> PageView | None:
        """The page on screen."""
        raise NotImplementedError

    @property
    def single(self) -> bool:
        """Whether one pane is on screen."""
        raise NotImplementedError

    def page_at(self, at: Offset) -> str:
        """Give the id of the other page whose tab is there, empty for none."""
        raise NotImplementedError

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a border or a title."""
        view = self.page
        if view is None or self.single or event.button != 1 or not self.live.sharing.may_edit:
            return
        pane = next((pane for pane in view.panes if pane.region.contains_point(event.screen_offset)), None)
        self.grip = grip(view, pane, event.screen_offset) if pane is not None else None
        if self.grip is not None:
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show what letting go here would do."""
        if self.grip is not None and self.page is self.grip.view:
            self.grip.move(event.screen_offset, self.page_at(event.screen_offset))
            self.arranged()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go; what was made of the page is shown until the board has it."""
        if self.grip is not None and self.page is self.grip.view:
            # moves on the way here may come after this
            self.grip.move(event.screen_offset, self.page_at(event.screen_offset))
        held = self._release()
        if held is not None and (held.page or held.rows is not None):
            self.post_message(self.Dragged(held))

    def on_mouse_release(self) -> None:
        """Leave everything where it was as something else takes the mouse."""
        self.let_go()

    def keep_hold(self) -> None:
        """Let go of what is no longer on screen, or as it was when it was taken hold of."""
        if self.grip is not None and (self.single or self.grip.view is not self.page or self.grip.stale):
            self.let_go()

    def let_go(self) -> bool:
        """Leave everything where it was; tell whether something was held."""
        held = self._release()
        if held is not None:
            held.view.sketch(None)
        return held is not None

    def _release(self) -> Grip | None:
        held, self.grip = self.grip, None
        if held is not None:
            self.release_mouse()
            self.arranged()
        return held
