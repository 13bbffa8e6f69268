"""The dialog in which people choose what others call them and the colour they are seen in."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from ...people import COLOURS
from ...wire import MAX_NAME
from ..drawing.row import Row
from ..live import Live
from ..widgets.drawn import Drawn
from ..widgets.line_input import LineInput
from .modal import Modal

_NAMES = tuple(COLOURS)


class Swatches(Drawn):
    """
    The colours to choose from, in a row.

    Args:
        live: The screen's hold on the session.
        color: The chosen one.

    """

    def __init__(self, live: Live, color: str) -> None:
        super().__init__(live)
        self.color = color

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw them all, and name the chosen one."""
        row = Row()
        for name in _NAMES:
            row.add("[●]" if name == self.color else " ● ", self.ink(f"person-{name}"))
        return [row.add(f"  {self.color}", self.ink("strong"))]

    def turn(self, step: int) -> None:
        """Choose a neighbour."""
        self.color = _NAMES[(_NAMES.index(self.color) + step) % len(_NAMES)]
        self.paint_now()


class IntroduceDialog(Modal[None]):
    """
    Asks for a name and a colour.

    Args:
        live: The screen's hold on the session.
        name: What to offer.
        color: What to offer.
        chosen: Called with what was chosen.
        first: Whether nothing was ever chosen: then leaving takes what was offered, so that nobody is asked again.

    """

    CSS_PATH = "introduce.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "turn(1)", "Next colour", show=False),
        Binding("up", "turn(-1)", "Previous colour", show=False),
        Binding("escape", "leave", "Leave it as it is", key_display="Esc"),
    ]

    def __init__(
        self, live: Live, name: str, color: str, chosen: Callable[[str, str], None], *, first: bool = False
    ) -> None:
        super().__init__()
        self._offered = name, color
        self._chosen = chosen
        self._first = first
        self._line = LineInput(name, max_length=MAX_NAME, compact=True)
        self._swatches = Swatches(live, color)

    def compose(self) -> ComposeResult:
        """Make the line, the colours and what the keys do."""
        with Vertical(id="introduce"):
            yield Static("What shall others call you?", id="introduce-title")
            yield self._line
            yield self._swatches
            yield Static("enter take it   ↑ ↓ colour   Esc as it is", id="introduce-keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what was chosen; without a name, the one that was offered."""
        event.stop()
        self._take(event.value.strip() or self._offered[0], self._swatches.color)

    def action_turn(self, step: int) -> None:
        """Choose another colour."""
        self._swatches.turn(step)

    def action_leave(self) -> None:
        """Leave things as they were."""
        if self._first:
            self._take(*self._offered)
        else:
            self.dismiss()

    def _take(self, name: str, color: str) -> None:
        self._chosen(name, color)
        self.dismiss()
