"""The side of the main screen that goes to an event or a moment, wherever on the board that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import RequestRefused
from ...event import Event
from ..panes.tapped import Tapped
from ..streams import Stream
from ..talk.visits import around, event_at, rank
from .modal import put_over
from .side import Side

if TYPE_CHECKING:
    from ..panes.base import Pane


class Visiting(Side):
    """A screen that puts the cursor on an event, or shows it over the board where no pane does."""

    def visit_moment(self, ms: int) -> None:
        """Travel to a moment, Unix milliseconds."""
        self.live.company.following.stop()
        self.live.travel.seek(ms)

    def visit_event(self, offset: int) -> None:
        """Go to an event."""
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
