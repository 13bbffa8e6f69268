"""The prompt line: something is typed here, and judged while it is typed."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Static

from ..drawing.text import clean
from .line_input import LineInput


class PromptLine(Horizontal):
    """
    A line to type in; out of sight until it is opened.

    Attributes:
        sign: What stands before it.
        placeholder: What stands there while nothing is typed.

    """

    sign = ":"
    placeholder = ""

    def __init__(self) -> None:
        super().__init__()
        self.display = False

    def compose(self) -> ComposeResult:
        """Make the line."""
        yield Static(self.sign, classes="prompt-sign")
        yield self.line()
        yield Static(classes="prompt-verdict")

    def line(self) -> Input:
        """Make the line to type in."""
        return LineInput(placeholder=self.placeholder, compact=True)

    def begin(self, text: str = "") -> None:
        """Take the keys at once; `text`, which others may have written, is there to be changed."""
        self.display = True
        line = self.query_one(Input)
        line.value = clean(text)
        line.cursor_position = len(line.value)
        self.screen.set_focus(line)

    def judge(self, text: str) -> str:
        """
        Say something about what is typed.

        Raises:
            ValueError: If it cannot be used; its text says why.

        """
        raise NotImplementedError

    def done(self, text: str | None) -> None:
        """Give the keys back, and `text` to whoever opened it; None when nothing shall change."""
        raise NotImplementedError

    def leave(self) -> None:
        """Give the keys back, and leave things as they were."""
        self._close(None)

    def put_aside(self) -> None:
        """Give the keys back as somebody went elsewhere."""
        self.leave()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judge what is typed."""
        self._judge(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take what is typed, if it can be used."""
        event.stop()
        if self._judge(event.value):
            self._close(event.value)

    def on_key(self, event: events.Key) -> None:
        """Leave things as they were."""
        if event.key == "escape":
            event.stop()
            self.leave()

    def _close(self, text: str | None) -> None:
        self.display = False
        self.done(text)

    def _judge(self, text: str) -> bool:
        verdict = self.query_one(".prompt-verdict", Static)
        try:
            said = self.judge(text)
        except ValueError as error:
            verdict.update(Content(f"✗ {clean(str(error))}"))
            verdict.set_class(True, "bad")
            return False
        verdict.update(Content(said))
        verdict.set_class(False, "bad")
        return True
