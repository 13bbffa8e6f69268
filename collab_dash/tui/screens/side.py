"""What every side of the main screen relies on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen

from ..drawing.text import clean
from ..live import Live
from ..widgets.keys import Keys
from ..widgets.stage import Stage

if TYPE_CHECKING:
    from ..widgets.prompt import PromptLine

Line = TypeVar("Line", bound="PromptLine")


class Side(Screen[None]):
    """
    A side of the main screen.

    Args:
        live: The screen's hold on the session.
        stage: Where the pages are.

    """

    def __init__(self, live: Live, stage: Stage) -> None:
        super().__init__()
        self.live = live
        self.stage = stage
        self._lines: list[PromptLine] = []
        self._mounting = asyncio.Lock()

    async def line(self, kind: type[Line], make: Callable[[], Line]) -> Line:
        """Give the line of a kind to type in, made when it is first needed; any other leaves the screen."""
        async with self._mounting:  # a key and a click come in tasks of their own
            line = next((line for line in self._lines if isinstance(line, kind)), None)
            if line is None:
                line = make()
                await self.mount(line, before=self.query_one(Keys))
                self._lines.append(line)
        self.put_aside()
        return line

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
        return next((line for line in self._lines if line.display), None)
