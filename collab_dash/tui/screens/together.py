"""The side of the main screen that others see, and that goes along with them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from ...glance import Glance
from ...places import is_page, is_pane
from ...wire import Person
from ..live import Live
from ..widgets.stage import Stage
from .modal import put_over
from .travelling import Travelling

MOVES = frozenset(("pane", "number", "page", "sideways", "move", "turn", "edge", "live"))
TIME_MOVES = frozenset(("travel", "go_to_time", "step_time", "minute", "play", "halt", "present"))


class Together(Travelling):
    """A screen that tells others where we look, and can follow somebody."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("F,shift+f", "follow", "Follow", key_display="F"),
        Binding("J,shift+j", "accept", "Join", key_display="J", id="together.accept"),
        Binding("J,shift+j", "lead", "Let others join", key_display="J", id="together.lead"),
        Binding("J,shift+j", "lead_no_more", "Travel alone", key_display="J", id="together.alone"),
    ]

    def __init__(self, live: Live, stage: Stage) -> None:
        super().__init__(live, stage)
        live.company.place = self.place
        live.company.following.show = self.show_sight
        live.company.following.say = self.say

    def place(self) -> Glance:
        """Give where on the board we look."""
        page, pane = self.stage.page, self.stage.current
        if page is None or pane is None:
            return Glance()
        glance = Glance(page=page.page.id or page.page.title, pane=pane.spec.id or pane.spot)
        from ..panes.rows import RowsPane

        return pane.point(glance) if isinstance(pane, RowsPane) else glance

    # Following

    def moved(self, action: str) -> None:
        """Follow nobody any longer if an action moves us; a moment is left only by going to another."""
        following = self.live.company.following
        if action in TIME_MOVES or (action in MOVES and following.whole):
            following.stop()

    def moved_by_mouse(self) -> None:
        """Follow nobody any longer, unless it is only a moment that we follow."""
        if self.live.company.following.whole:
            self.live.company.following.stop()

    def show_sight(self, person: Person, whole: bool) -> bool:
        """Show where somebody looks, or the same moment; tell whether that can be done now."""
        if not self.is_attached or self.typing or not self.stage.pages:
            return False
        if whole:
            self._go_to(person)
        follow_in_time(self.live, person.time)
        return True

    def _go_to(self, person: Person) -> None:
        from ..panes.rows import RowsPane

        stage = self.stage
        page = next((i for i, view in enumerate(stage.pages) if is_page(view.page, person.page)), None)
        if page is None:
            return
        if page != stage.open:
            stage.turn(page)
        for index, pane in enumerate(stage.panes):
            if is_pane(pane.spec, pane.number, person.pane):
                if stage.current is not pane:
                    stage.go(index)
                if isinstance(pane, RowsPane):
                    pane.follow(person)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        company = self.live.company
        may_lead = self.live.travel.position is not None and self.live.state.may("editor") and not company.offer
        match action:
            case "follow":
                return self.live.state.joined and bool(self.live.state.others())
            case "accept":
                return bool(company.offer)
            case "lead":
                return may_lead and not company.leads
            case "lead_no_more":
                return may_lead and company.leads
        return super().check_action(action, parameters)

    def action_follow(self) -> None:
        """Follow the only one there is, or choose whom."""
        from .people import FollowDialog

        others = self.live.state.others()
        if len(others) == 1:
            self.live.company.following.begin(others[0])
        elif others:
            put_over(self, FollowDialog(self.live))

    def action_accept(self) -> None:
        """Take what somebody offers."""
        self.live.company.accept()

    def action_lead(self) -> None:
        """Let others travel along."""
        self.live.company.lead()

    def action_lead_no_more(self) -> None:
        """Travel alone."""
        self.live.company.lead()

    def step_back(self) -> bool:
        """Follow nobody any longer, or leave what is on offer; tell whether there was something to undo."""
        return self.live.company.following.stop() or self.live.company.decline()


def follow_in_time(live: Live, time: int | None) -> None:
    """Go to the moment that somebody is at; the one place where following meets travelling."""
    if time is None:
        if live.travel.position is not None:
            live.travel.go_live()
    elif time != live.travel.position:
        live.travel.seek(time)
