"""A line to type in."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from ..drawing.text import clean


class LineInput(Input):
    """A line to type in; what is pasted is text, and nothing that a terminal obeys."""

    def pasted(self, text: str) -> str:
        """Give what to take of a text that is pasted: its first line."""
        return next(iter(text.splitlines()), "")

    def _on_paste(self, event: events.Paste) -> None:
        if text := self.pasted(event.text):
            self.replace(clean(text), *self.selection)
        event.stop()
        event.prevent_default()
