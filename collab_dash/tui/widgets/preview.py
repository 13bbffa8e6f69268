"""A pane as it would be, live, before anybody else has it."""

from __future__ import annotations

from textual.containers import Container
from textual.timer import Timer

from ...board import Pane as Spec
from ..live import Live
from ..panes.base import Pane
from ..panes.make import make_pane

PATIENCE = 0.1


class Preview(Container):
    """
    A pane on trial; out of the reach of keys.

    Args:
        live: The screen's hold on the session.
        number: What number it would have.

    Attributes:
        pane: The pane; None where there is nothing to show.

    """

    def __init__(self, live: Live, number: int) -> None:
        super().__init__()
        self.live = live
        self.number = number
        self.pane: Pane | None = None
        self._spec: Spec | None = None
        self._timer: Timer | None = None

    def show(self, spec: Spec | None) -> None:
        """Show a pane, once nobody has asked for another one for a moment: its past is fetched from the hub."""
        if spec == self._spec:
            return
        self._spec = spec
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(PATIENCE, self._replace)

    async def _replace(self) -> None:
        spec = self._spec
        if spec is not None and self.pane is not None and self.pane.revise(spec, self.number):
            return
        await self.remove_children()
        self.pane = None
        if spec is not None:
            self.pane = make_pane(self.live, spec, self.number)
            self.pane.can_focus = False
            await self.mount(self.pane)
