"""The form of a pane, and what the pane would look like."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace
from textual import events
from textual.widget import Widget

from ...board import Board, Pane, complete, name_of
from ..drawing.text import clean
from ..fields import FIELDS
from ..live import Live
from ..widgets.preview import Preview
from .form import Form

ROOM = 110
_UNSET = Pane()


class PaneForm(Form):
    """
    Edits a pane.

    Args:
        live: The screen's hold on the session.
        board: What feeds there are, and how their plugins would have their panes.
        pane: The pane's id.
        number: Its number on its page.

    """

    root = "panes"
    went = "closed"

    def __init__(self, live: Live, board: Board, pane: str, number: int) -> None:
        super().__init__(live, board, pane, FIELDS, _UNSET)
        self._preview = Preview(live, number)

    def name_of(self, entry: Pane) -> str:
        """Give what stands on its border."""
        return name_of(entry)

    def entry(self) -> Any:
        """Give the pane, if its page is there too."""
        document, entry = self.live.sharing.document, super().entry()
        return entry if document is not None and entry is not None and entry.page in document.pages else None

    def beside(self) -> Iterable[Widget]:
        """Show the pane as it would be."""
        return (self._preview,)

    def on_resize(self, event: events.Resize) -> None:
        """Show what it would look like where there is room."""
        self._preview.display = event.size.width >= ROOM

    def offer(self) -> None:
        """Show what the feed's plugin would have where nothing is typed, and the pane as it would be."""
        spec = self._spec()
        for line in self.lines:
            name = line.field.name
            blank = replace(spec, **{name: getattr(_UNSET, name)})
            whole = complete(blank, self.board.tastes)
            usual = name_of(whole) if name == "title" else ""
            wish = getattr(whole, name) if name not in ("title", "width", "height") else ""
            line.input.placeholder = clean(usual or line.field.write(wish) or line.field.usual)
        self._preview.show(complete(spec, self.board.tastes))

    def _spec(self) -> Pane:
        values: dict[str, Any] = {}
        for line in self.lines:
            try:
                values[line.field.name] = line.read(self.board)
            except ValueError:
                values[line.field.name] = line.value
        return Pane(**values)
