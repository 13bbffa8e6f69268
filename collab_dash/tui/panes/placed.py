"""The side of a pane that the board knows: its place, what it is called there, and who looks at it."""

from __future__ import annotations

from msgspec.structs import replace

from ...board import Page, name_of
from ...board import Pane as Spec
from ...places import is_page, is_pane, spot_of
from ...wire import Person
from ..live import Live
from .tapped import Tapped


class Placed(Tapped):
    """
    Something that has a place on a page of the board.

    Args:
        live: The screen's hold on the session.
        spec: How the board describes it.
        number: Its place on its page, from 1; 0 for none.

    """

    def __init__(self, live: Live, spec: Spec, number: int) -> None:
        super().__init__(live, spec)
        self.number = number

    @property
    def name_on_screen(self) -> str:
        """What this pane is called."""
        return name_of(self.spec)

    @property
    def spot(self) -> str:
        """What it is called among the panes of its page, of which two may have one title."""
        return spot_of(self.spec, self.number)

    def revise(self, spec: Spec, number: int) -> bool:
        """
        Go on as the board describes it now.

        Returns:
            Whether that is possible: what shows other things, or otherwise, is another pane.

        """
        before = self.spec
        if replace(spec, title=before.title, filter=before.filter, width=before.width, height=before.height) != before:
            return False
        self.spec, self.number = spec, number
        if spec.filter != before.filter:
            self.set_filter(spec.filter)
        self.want_paint()
        return True

    @property
    def page(self) -> Page | None:
        """The page it is on."""
        return getattr(self.parent, "page", None)

    @property
    def page_title(self) -> str:
        """The title of the page it is on."""
        return self.page.title if self.page is not None else ""

    def onlookers(self) -> list[Person]:
        """Give the others who look at it."""
        page = self.page
        return [
            person
            for person in self.live.state.others()
            if is_pane(self.spec, self.number, person.pane) and page is not None and is_page(page, person.page)
        ]
