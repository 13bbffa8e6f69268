"""The line that says what somebody offers: to look where they look, or to travel along."""

from __future__ import annotations

from ..drawing.row import Row
from ..drawing.text import cut
from ..live import Live
from .drawn import Drawn


class OfferLine(Drawn):
    """A line over the board, above the keys; gone while nothing is on offer."""

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self.display = False
        live.state.watch(self.look)

    def look(self) -> None:
        """Show what is on offer, if anything is."""
        self.display = bool(self.live.company.offer) and self.live.state.joined
        if self.display:
            self.want_paint()

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw it."""
        alert = self.ink("badge")
        keys = " — J joins  Esc leaves it "
        text = cut(f" {self.live.company.offer}", max(width - len(keys), 0))
        return [Row(text + keys, alert).to(width, alert)]
