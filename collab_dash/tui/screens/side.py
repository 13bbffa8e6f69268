"""What every side of the main screen relies on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from ..drawing.text import clean
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

    def say(self, text: str) -> None:
        """Tell the person in front of this screen something that others may have written part of."""
        self.app.notify(clean(text), markup=False)

    def complain(self, text: str) -> None:
        """Tell the person in front of this screen what was not done."""
        self.app.notify(clean(text), severity="warning", markup=False)

    def is_there(self, root: str, id_: str) -> bool:
        """Tell whether a page or a pane is there, of which the screen may be a moment behind; if not, say so."""
        document = self.live.sharing.document
        entry = document.entries[root].get(id_) if document is not None else None
        there = entry is not None and not entry.gone
        if not there:
            self.complain(f"the {root[:-1]} was closed meanwhile")
        return there

    def _line_on_screen(self) -> PromptLine | None:
        lines = (self.question_line, self.time_line, self.chat_line)
        return next((line for line in lines if line is not None and line.display), None)
