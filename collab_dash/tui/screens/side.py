"""What every side of the main screen relies on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from ..live import Live
from ..widgets.stage import Stage

if TYPE_CHECKING:
    from ..widgets.asking import Asking
    from ..widgets.prompt import PromptLine
    from ..widgets.saying import SayPrompt
    from ..widgets.time_prompt import TimePrompt


class Side(Screen[None]):
    """
    A side of the main screen.

    Attributes:
        live: The screen's hold on the session.
        stage: Where the pages are.
        question_line: Where one thing is asked, once it was needed; so with the others.
        time_line: Where a moment is typed.
        chat_line: Where something to say is typed.

    """

    live: Live
    stage: Stage
    question_line: Asking | None = None
    time_line: TimePrompt | None = None
    chat_line: SayPrompt | None = None

    @property
    def typing(self) -> bool:
        """Whether keys are being typed into a line."""
        return self._line_on_screen() is not None

    def put_aside(self) -> None:
        """Type no more, as somebody goes elsewhere."""
        if (line := self._line_on_screen()) is not None:
            line.put_aside()

    def _line_on_screen(self) -> PromptLine | None:
        lines = (self.question_line, self.time_line, self.chat_line)
        return next((line for line in lines if line is not None and line.display), None)
