"""The picker: a feed, a view, and what they would look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input

from ...board import FEEDLESS, VIEWS, Board, Pane, complete
from ..live import Live
from ..state import GLYPHS, HEALTH
from ..widgets.choices import Choice, Choices
from ..widgets.line_input import LineInput
from ..widgets.preview import Preview
from .modal import Modal

NEW_PAGE = "new page"
ROOM = 110
_ALL = "*"
_USUAL = ""
_VIEW = "view:"


class Narrowing(LineInput):
    """The line that is typed in; it has all the keys, so that they do what they do in the order they were pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "screen.step(1)", "Next", show=False),
        Binding("up", "screen.step(-1)", "Previous", show=False),
        Binding("pagedown", "screen.step(10)", "Ten further", show=False),
        Binding("pageup", "screen.step(-10)", "Ten back", show=False),
        Binding("right,tab", "screen.list(1)", "The views", show=False),
        Binding("left,shift+tab", "screen.list(0)", "The feeds", show=False),
        Binding("enter", "screen.take", "Add it"),
    ]


class PanePicker(Modal[Pane | str | None]):
    """
    Chooses a pane to add; gives it, or `NEW_PAGE`, or None.

    Args:
        live: The screen's hold on the session.
        board: What feeds there are, and how their plugins would have their panes.
        number: What number the pane would have.

    """

    CSS_PATH = "forms.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Leave", key_display="Esc")]

    def __init__(self, live: Live, board: Board, number: int) -> None:
        super().__init__()
        self.live = live
        self._board = board
        self._feed: str | None = None
        self._typed = ""
        self._feeds = Choices(live, "FEEDS, AND VIEWS WITHOUT ONE", self._chosen)
        self._views = Choices(live, "VIEWS", self._chosen)
        self._preview = Preview(live, number)

    def compose(self) -> ComposeResult:
        """Make the lists and the preview."""
        with Vertical(id="picker", classes="framed") as frame:
            frame.border_title = Content("New pane")
            frame.border_subtitle = Content("↑↓ choose · ←→ feed, view · enter add · Esc leave")
            yield Narrowing(placeholder="type to narrow the list", compact=True, select_on_focus=False)
            with Container(id="choosing"):
                with Horizontal(id="lists"):
                    yield self._feeds
                    yield self._views
                yield self._preview

    def on_mount(self) -> None:
        """Begin with the first feed."""
        self.live.state.watch(self._refresh_health)
        self._refresh_health()
        self.action_list(0)

    def on_resize(self, event: events.Resize) -> None:
        """Put the preview beneath the lists where there is no room beside them."""
        self.set_class(event.size.width < ROOM, "narrow")

    def on_unmount(self) -> None:
        """Follow the session no more."""
        self.live.state.unwatch(self._refresh_health)

    def _refresh_health(self) -> None:
        feeds = [
            Choice(feed.feed, feed.feed, GLYPHS.get(feed.state, "?"), HEALTH.get(feed.state, "warn"), feed.plugin)
            for feed in self.live.state.all_feeds()
        ]
        views = [Choice(_VIEW + view, view, "◇", note="of the session") for view in FEEDLESS]
        everything = Choice(_ALL, "all feeds", "∗", note="together")
        self._feeds.fill([*feeds, everything, *views, Choice(NEW_PAGE, NEW_PAGE, "+", "accent", "empty")])

    # Choosing

    @property
    def _active(self) -> Choices:
        return self._views if self._views.active else self._feeds

    def _chosen(self, choices: Choices) -> None:
        self._activate(choices)
        self._follow()

    def _follow(self) -> None:
        """Offer the views that the chosen feed can have, and show what is chosen."""
        feed = self._feeds.chosen.id if self._feeds.chosen is not None else ""
        if feed != self._feed:
            self._feed = feed
            self._views.narrow("")
            self._views.fill(list(self._views_of(feed)), _USUAL)
        pane = self.pane()
        self._preview.show(complete(pane, self._board.tastes) if pane is not None else None)

    def _views_of(self, feed: str) -> Iterator[Choice]:
        if feed and feed != NEW_PAGE and not feed.startswith(_VIEW):
            usual = complete(Pane(feeds=(feed,)), self._board.tastes).view
            yield Choice(_USUAL, usual, note="as usual")
            for view in VIEWS:
                if view not in (*FEEDLESS, usual):
                    yield Choice(view, view)

    def pane(self) -> Pane | None:
        """Give the pane that is chosen; what its feed's plugin would do anyway is left to it."""
        feed, view = self._feeds.chosen, self._views.chosen
        if feed is not None and feed.id.startswith(_VIEW):
            return Pane(view=feed.name)
        return Pane(feeds=(feed.id,), view=view.id) if feed is not None and view is not None else None

    def _activate(self, choices: Choices) -> None:
        if choices.active:
            return
        self._feeds.active, self._views.active = choices is self._feeds, choices is self._views
        self._typed = self.query_one(Input).value = ""
        choices.narrow("")
        self._feeds.want_paint()
        self._views.want_paint()

    # Keys

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list."""
        self._narrow()

    def _narrow(self) -> None:
        """Narrow the list to what is typed; a key may come before the word that something was."""
        typed = self.query_one(Input).value
        if typed != self._typed:
            self._typed = typed
            self._active.narrow(typed)
            self._follow()

    def action_step(self, by: int) -> None:
        """Choose another one of the list."""
        self._narrow()
        self._active.step(by)

    def action_list(self, which: int) -> None:
        """Go to the feeds or to the views."""
        self._narrow()
        if which and self._views.all:
            self._activate(self._views)
        elif not which:
            self._activate(self._feeds)
        self._follow()

    def action_take(self) -> None:
        """Give what is chosen."""
        self._narrow()
        chosen = self._feeds.chosen
        if chosen is not None and chosen.id == NEW_PAGE:
            self.dismiss(NEW_PAGE)
        elif (pane := self.pane()) is not None:
            self.dismiss(pane)
