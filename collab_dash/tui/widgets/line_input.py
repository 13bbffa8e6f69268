"""A line to type in."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from ..drawing.text import clean


class LineInput(Input):
    """A line to type in; what is pasted is text, and nothing that a terminal obeys."""

    def _on_paste(self, event: events.Paste) -> None:
        """Take the first line of what is pasted."""
        for line in event.text.splitlines()[:1]:
            self.replace(clean(line), *self.selection)
        event.stop()
        event.prevent_default()
