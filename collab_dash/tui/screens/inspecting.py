"""The side of the main screen that looks into things: people, links and alerts, an event, a feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from .modal import put_over
from .side import Side

if TYPE_CHECKING:
    from ..panes.base import Pane
    from ..panes.feeds import FeedsPane


class Inspecting(Side):
    """A screen that puts over itself what somebody wants to see whole."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("P,shift+p", "people", "People", key_display="P"),
        Binding("S,shift+s", "share", "Share", key_display="S"),
        Binding("exclamation_mark", "alerts", "Alerts", key_display="!"),
        Binding("a", "acknowledge", "Acknowledge", id="alert.acknowledge"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        state = self.live.state
        match action:
            case "people" | "share" | "alerts":
                return state.joined
            case "acknowledge":
                return state.joined and state.may("editor") and bool(state.alerts)
        return super().check_action(action, parameters)

    def action_people(self) -> None:
        """Show who is here."""
        from .people import PeopleDialog

        put_over(self, PeopleDialog(self.live))

    def action_share(self) -> None:
        """Show the links that others can join by."""
        from .share import ShareDialog

        put_over(self, ShareDialog(self.live))

    def action_alerts(self) -> None:
        """Show what is firing, and what was."""
        from .alerts import AlertsDialog

        put_over(self, AlertsDialog(self.live))

    def action_acknowledge(self) -> None:
        """Acknowledge the newest alert."""
        from .alerts import acknowledge

        self.run_worker(acknowledge(self.app, self.live, self.live.state.alerts[-1]))

    # What panes ask for

    def on_pane_inspect(self, message: Pane.Inspect) -> None:
        """Show an event whole."""
        from .dialogs import EventDialog

        put_over(self, EventDialog(self.live, message.event))

    def on_feeds_pane_report(self, message: FeedsPane.Report) -> None:
        """Show all about a feed."""
        from .dialogs import FeedDialog

        put_over(self, FeedDialog(self.live, message.feed))
