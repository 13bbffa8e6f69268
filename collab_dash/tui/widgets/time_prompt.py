"""The line where a moment to go to is typed."""

from __future__ import annotations

from textual.message import Message

from ..drawing.numbers import moment
from ..live import Live
from ..when import read_moment
from .prompt import PromptLine


class TimePrompt(PromptLine):
    """
    A line to type a moment in.

    Args:
        live: The screen's hold on the session.

    """

    sign = "T"
    placeholder = "go to a time (UTC), such as  14:18  14:18:03  -5m  2025-11-22T14:18:03Z"

    class Chosen(Message):
        """The line is closed; `ms` is None when nothing shall change."""

        def __init__(self, ms: int | None) -> None:
            super().__init__()
            self.ms = ms

    def __init__(self, live: Live) -> None:
        super().__init__()
        self._live = live

    def done(self, text: str | None) -> None:
        """Give the keys back, and the moment to the screen."""
        self.post_message(self.Chosen(self._read(text) if text and text.strip() else None))

    def judge(self, text: str) -> str:
        """Say which moment that is."""
        return moment(self._read(text)) if text.strip() else ""

    def _read(self, text: str) -> int:
        return read_moment(text, shown=self._live.clock(), now=self._live.state.clock())
