"""What can be done to the board and has no key: found by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from ..drawing.text import clean
from .editing import Editing


class PageCommands(Provider):
    """By name: the rules; pages to make, rename and close, and where else the pane may go."""

    async def discover(self) -> Hits:
        """Give all of them."""
        for name, run, help_ in self._commands():
            yield DiscoveryHit(Content(name), run, name, _plain(help_))

    async def search(self, query: str) -> Hits:
        """Give those that match."""
        matcher = self.matcher(query)
        for name, run, help_ in self._commands():
            if (score := matcher.match(name)) > 0:
                shown = Content(name) if "[" in name else matcher.highlight(name)  # which takes it for markup
                yield Hit(score, shown, run, name, _plain(help_))

    def _commands(self) -> Iterator[tuple[str, Callable[[], Any], str]]:
        board = self.screen
        if not isinstance(board, Editing):
            return
        yield "Rules", board.action_rules, "when alerts fire, for everybody"
        yield "New page", board.action_new_page, "behind this one, for everybody"
        if board.stage.page is None:
            return
        title = clean(board.stage.page.page.title)
        yield "Rename page", board.action_rename_page, f"now {title}"
        yield "Close page", board.action_close_page, f"{title} and its panes; undo brings it back"
        pane = board.stage.current
        for view in board.stage.pages:
            if pane is not None and view is not board.stage.page:
                id_, name = view.page.id, clean(view.page.title)
                yield f"Move pane to page {name}", partial(board.move_to, id_), clean(pane.name_on_screen)


def _plain(text: str) -> str:
    """Give a text that is no markup, whatever others wrote: the palette takes a string for markup, this for a text."""
    return Content(text)  # type: ignore[return-value]  # what the palette makes of its help takes both
