"""The main screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.reactive import Reactive
from textual.widget import Widget
from textual.widgets import Static

from ...board import Board
from ..doorbell import Doorbell
from ..live import Live
from ..widgets.keys import Keys
from ..widgets.offer import OfferLine
from ..widgets.stage import Stage
from ..widgets.tabs import Tabs
from ..widgets.topline import Banner, TopLine
from .editing import Editing
from .inspecting import Inspecting
from .moving import Moving
from .talking import Talking
from .together import Together

if TYPE_CHECKING:
    from ..widgets.digest import Digest

NARROW, SHORT = 100, 30
LEAST = (40, 10)


class BoardScreen(Inspecting, Moving, Editing, Talking, Together):
    """
    Pages of panes with their chrome.

    Args:
        live: The screen's hold on the session.
        page: The title of the page to open first.

    """

    AUTO_FOCUS = ""
    # Panes repaint themselves when the focus moves; the screen need not be repainted as a whole.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "Back", show=False, key_display="Esc")]

    def __init__(self, live: Live, page: str | None) -> None:
        super().__init__(live, Stage(live, self._arranged, lambda: self.typing))
        self._wanted = page
        self._digest: Digest | None = None
        self._doorbell = Doorbell(live.state, self._ring)
        live.board.on_board = self.show_board

    def compose(self) -> ComposeResult:
        """Make the chrome; panes come with the board."""
        yield TopLine(self.live)
        yield Banner(self.live)
        yield Tabs(self.live)
        yield self.stage
        yield Keys(self.live, lambda: self.typing)
        yield OfferLine(self.live)
        yield Static(id="too-small")

    def on_mount(self) -> None:
        """Keep ages and clocks going."""
        self.set_interval(1.0, self._tick)
        self.live.state.watch(self._on_state)

    # The board

    async def show_board(self, board: Board) -> None:
        """Show the session's pages."""
        from ..widgets.digest import Digest

        if self._digest is None:
            self._digest = Digest(self.live, self.stage.hidden)
            await self.mount(self._digest, before=self.query_one(Keys))
        await self.stage.show(board, self._wanted)
        self._wanted = None

    def _arranged(self) -> None:
        stage = self.stage
        if self._digest is not None:
            hidden = len(stage.hidden())
            self._digest.display = stage.cramped and not stage.zoomed and hidden > 0 and self.size.height >= 18
            self._digest.styles.height = min(hidden, max(self.size.height // 4, 2)) + 2
        self.show_tabs()
        self.refresh_bindings()
        self._paint_all()
        self.live.company.tell()

    def talk_changed(self) -> None:
        """Show how much of the chat is not read."""
        if self.is_attached:
            self.show_tabs()

    def on_resize(self, event: events.Resize) -> None:
        """Show one pane at a time where there is no room for more."""
        width, height = event.size
        small = width < LEAST[0] or height < LEAST[1]
        notice = self.query_one("#too-small", Static)
        notice.display = small
        notice.update(Content(f"too small, {width}×{height}; needs {LEAST[0]}×{LEAST[1]}"))
        self.stage.cramped = width < NARROW or height < SHORT
        self.stage.rearrange()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Tell the others where we look; whoever goes to a pane by mouse types no more."""
        page = self.stage.page
        if page is None or event.widget is not self.focused:  # it has moved on since
            return
        for index, pane in enumerate(page.panes):
            if pane is event.widget:
                page.current = index
                self.put_aside()
        self.live.company.tell()

    # Painting

    def _tick(self) -> None:
        """Let ages and clocks go on."""
        self.live.company.tick()
        self.query_one(OfferLine).look()
        self._paint_all()

    def _on_state(self) -> None:
        if self.is_attached:  # the session may speak while the screen is being taken down
            self._doorbell.listen()
            if self.live.state.waiting and self.live.state.board is None:
                self.query_one("#connecting", Static).update(Content("waiting for the host to let you in…"))
            self.show_tabs()
            self._paint_all()
            self.refresh_bindings()

    def _ring(self, text: str) -> None:
        from .knocks import KnockDialog

        if not isinstance(self.app.screen, KnockDialog):  # which shows it already
            self.notify(text, timeout=15, markup=False)

    def _paint_all(self) -> None:
        self.query_one(TopLine).want_paint()
        self.stage.paint()
        if self._digest is not None and self._digest.display:
            self._digest.want_paint()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        return False if self.typing else super().check_action(action, parameters)

    def action_back(self) -> None:
        """Undo the latest of: a drag, following, offer, timeline, zoom, freeze, filter."""
        pane = self.stage.current
        if self.stage.let_go() or self.step_back() or self.close_timeline():
            return
        if self.stage.zoomed:
            self.stage.zoom()
        elif pane is not None and pane.frozen:
            pane.action_live()
        elif pane is not None and pane.filter != pane.spec.filter:
            pane.set_filter(pane.spec.filter)
