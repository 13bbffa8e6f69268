"""The side of the main screen that goes from pane to pane and page to page, and gives one pane the whole screen."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from .side import Side


class Moving(Side):
    """A screen of pages and panes that somebody moves among."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Keys that move the focus go first: the key after them is for where it moved to.
        Binding("tab", "pane(1)", "Next", key_display="tab", priority=True),
        Binding("shift+tab", "pane(-1)", "Previous", show=False, priority=True),
        Binding("l", "pane(1)", "Next", show=False, priority=True),
        Binding("h", "pane(-1)", "Previous", show=False, priority=True),
        *(Binding(str(n), f"number({n})", "Pane", key_display="1-9", priority=True) for n in range(1, 10)),
        Binding("right_square_bracket", "page(1)", "Next page", key_display="]", priority=True),
        Binding("left_square_bracket", "page(-1)", "Previous page", show=False, key_display="[", priority=True),
        Binding("z", "zoom", "Zoom", priority=True),
        Binding("p", "pause_all", "Pause all", show=False),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        match action:
            case "pane" | "number":
                return len(self.stage.panes) > 1
            case "zoom" | "pause_all":
                return self.stage.current is not None
            case "page":
                return len(self.stage.pages) > 1
        return super().check_action(action, parameters)

    def action_pane(self, step: int) -> None:
        """Go to the next or the previous pane."""
        self.stage.step(step)

    def action_number(self, number: int) -> None:
        """Go to a pane by its number."""
        self.stage.go(number - 1)

    def action_page(self, step: int) -> None:
        """Turn the page."""
        self.stage.turn((self.stage.open + step) % len(self.stage.pages))

    def action_zoom(self) -> None:
        """Give one pane the whole screen, or take it back."""
        self.stage.zoom()

    def action_pause_all(self) -> None:
        """Let every pane of the page stand still, or go on."""
        self.stage.pause()
