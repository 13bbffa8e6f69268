"""The prompt line: a filter is typed here, and judged while it is typed."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from ...filter import FilterError, compile_filter
from ..drawing.text import clean
from ..panes.base import Pane


class Prompt(Horizontal):
    """A line to type a filter in; out of sight until it is opened."""

    class Done(Message):
        """The prompt is closed; `text` is None when nothing shall change."""

        def __init__(self, pane: Pane, text: str | None) -> None:
            super().__init__()
            self.pane = pane
            self.text = text

    def __init__(self) -> None:
        super().__init__(id="prompt")
        self.display = False
        self._pane: Pane | None = None

    def compose(self) -> ComposeResult:
        """Make the line."""
        yield Static("/", id="prompt-sign")
        yield Input(placeholder='filter, such as  mag >= 4.5 and place ~ "alaska"', compact=True)
        yield Static(id="prompt-verdict")

    def open(self, pane: Pane) -> None:
        """Take the keys at once, for the filter of `pane`."""
        self._pane = pane
        self.display = True
        line = self.query_one(Input)
        line.value = pane.filter
        line.cursor_position = len(pane.filter)
        self.screen.set_focus(line)

    def close(self, text: str | None) -> None:
        """Give the keys back, and `text` to whoever opened it."""
        self.display = False
        if self._pane is not None:
            self.post_message(self.Done(self._pane, text))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judge what is typed."""
        self._judge(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the filter, if it is one."""
        event.stop()
        if self._judge(event.value):
            self.close(event.value)

    def on_key(self, event: events.Key) -> None:
        """Leave things as they were."""
        if event.key == "escape":
            event.stop()
            self.close(None)

    def _judge(self, text: str) -> bool:
        verdict = self.query_one("#prompt-verdict", Static)
        try:
            compile_filter(text)
        except FilterError as error:
            what = str(error).partition(f"character {error.position + 1}: ")[2]
            verdict.update(Content(f"✗ character {error.position + 1}: {clean(what)}"))
            verdict.set_class(True, "bad")
            return False
        verdict.update(Content("" if text.strip() else "nothing typed shows everything"))
        verdict.set_class(False, "bad")
        return True
