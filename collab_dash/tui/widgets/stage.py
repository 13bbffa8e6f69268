"""The pages of a board, one of them on screen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Offset
from textual.widgets import Static

from ...board import Board, Page
from ..live import Live
from .dragging import Dragging
from .tabs import Tabs

if TYPE_CHECKING:
    from ..panes.base import Pane
    from .pages import PageView


class Stage(Dragging):
    """
    Where the pages are.

    Args:
        live: The screen's hold on the session.
        arranged: Called when other panes are on screen than before.
        typing: Whether keys are being typed into a line, which they then stay in.

    Attributes:
        pages: All of them, in the order of their tabs.
        open: Which one is on screen.
        zoomed: Whether one pane has it all, by somebody's wish.
        cramped: Whether there is room for one pane only.

    """

    def __init__(self, live: Live, arranged: Callable[[], None], typing: Callable[[], bool]) -> None:
        super().__init__(live, arranged)
        self._typing = typing
        self.pages: list[PageView] = []
        self.open = 0
        self.zoomed = False
        self.cramped = False
        self._sought = self._sought_on = ""

    def compose(self) -> ComposeResult:
        """Say what is being waited for."""
        yield Static(Content("connecting…"), id="connecting")

    async def show(self, board: Board, first: str | None) -> None:
        """
        Show a board; what panes are made of is imported only now, after the first paint.

        Args:
            board: What to show.
            first: The title of the page to open, None for the one that is open.

        """
        before = {view.page.id: view for view in self.pages}
        views = [await self._view(before.get(page.id), page) for page in board.pages]
        open_id = self.page.page.id if self.page is not None else ""  # asked now: somebody may have turned the page
        titles = [page.title for page in board.pages]
        ids = [page.id for page in board.pages]
        if first in titles:
            self.open = titles.index(first)
        elif open_id in ids:
            self.open = ids.index(open_id)
        self.open = max(min(self.open, len(views) - 1), 0)
        self.pages = views
        for index, view in enumerate(views):
            view.display = index == self.open
        await self.remove_children([child for child in self.children if child not in views])
        await self.mount(*(view for view in views if not view.is_attached))
        if not views:
            await self.mount(
                Static(Content("This session has no pages. + adds a pane, and a page for it."), classes="empty")
            )
        self._find()
        self.rearrange()

    async def _view(self, view: PageView | None, page: Page) -> PageView:
        from .pages import PageView

        if view is None:
            return PageView(self.live, page)
        if view.page != page:
            await view.change(page)
        return view

    @property
    def page(self) -> PageView | None:
        """The page on screen."""
        return self.pages[self.open] if self.pages else None

    @property
    def panes(self) -> list[Pane]:
        """The panes of the page on screen."""
        return self.page.panes if self.page is not None else []

    @property
    def current(self) -> Pane | None:
        """The pane that keys go to."""
        return self.panes[self.page.current] if self.page is not None and self.panes else None

    @property
    def single(self) -> bool:
        """Whether one pane is on screen."""
        return self.cramped or self.zoomed

    def page_at(self, at: Offset) -> str:
        """Give the id of the other page whose tab is there, empty for none."""
        index = self.screen.query_one(Tabs).tab_at(at)
        others = {place: view.page.id for place, view in enumerate(self.pages) if place != self.open}
        return "" if index is None else others.get(index, "")

    def hidden(self) -> list[Pane]:
        """Give the panes of the page that are not on screen."""
        return self.page.hidden() if self.page is not None else []

    def rearrange(self) -> None:
        """Show what is to be shown."""
        for index, page in enumerate(self.pages):
            page.display = index == self.open
            page.arrange_panes(single=self.single)
        self.keep_hold()
        self.arranged()
        self.focus_current()

    def focus_current(self) -> None:
        """Let the keys go to the current pane, unless they are being typed."""
        if (pane := self.current) is not None and not self._typing():
            self.screen.set_focus(pane, scroll_visible=False)  # at once: the next key is for this pane

    def go(self, index: int) -> None:
        """Go to a pane of the page; nothing happens if there is none."""
        if self.page is None or not 0 <= index < len(self.panes):
            return
        self.page.current = index
        if self.single:
            self.rearrange()
        else:
            self.focus_current()

    def step(self, panes: int) -> None:
        """Go so many panes on, round and round."""
        if self.page is not None and self.panes:
            self.go((self.page.current + panes) % len(self.panes))

    def turn(self, index: int) -> None:
        """Turn to a page; nothing happens if there is none."""
        if 0 <= index < len(self.pages):
            self.open = index
            self.rearrange()

    def seek(self, id_: str, page: str = "") -> None:
        """Go to a page or a pane by its id, now or as soon as it is there; `page` is where a pane is to be."""
        self._sought, self._sought_on = id_, page
        if self._find():
            self.rearrange()

    def _find(self) -> bool:
        for place, view in enumerate(self.pages):
            ids = [pane.spec.id for pane in view.panes]
            if self._sought and self._sought in (view.page.id, *ids) and self._sought_on in ("", view.page.id):
                self.open = place
                view.current = ids.index(self._sought) if self._sought in ids else view.current
                self._sought = ""
                return True
        return False

    def zoom(self) -> None:
        """Give one pane the whole screen, or take it back."""
        self.zoomed = not self.zoomed
        self.rearrange()

    def pause(self) -> None:
        """Let every pane of the page stand still, or go on where all do."""
        panes = [pane for pane in self.panes if pane.spec.feeds]
        frozen = all(pane.frozen for pane in panes)
        for pane in panes:
            if frozen:
                pane.action_live()
            else:
                pane.freeze("PAUSED")

    def paint(self) -> None:
        """Let the panes on screen draw themselves anew."""
        for pane in self.panes:
            if pane.display:
                pane.want_paint()
