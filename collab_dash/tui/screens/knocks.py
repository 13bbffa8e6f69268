"""The part of a dialog in which a host lets people in."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from ...errors import RequestRefused
from ...wire import LET_IN
from ..doorbell import called
from ..drawing.row import Row
from ..drawing.text import clean
from .dialogs import Dialog


class KnockDialog(Dialog):
    """Shows who waits to be let in, and takes the answer for the first of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "Let in"),
        Binding("n", "no", "Turn away"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to answer only while somebody waits."""
        return bool(self.live.state.knocks) if action in ("yes", "no") else True

    def knock_lines(self) -> list[Row]:
        """Give the keys that answer, and a line for everybody who waits."""
        ink = self.sheet.ink
        keys = Row("at the door  ", ink("warn"))
        for key, what in (("y", " let in  "), ("n", " turn away")):
            keys.add(key, ink("accent")).add(what, ink("dim"))
        rows = [
            Row(f"  {called(knock)}", ink("strong")).add(f"  {clean(knock.role)}  {clean(knock.address)}", ink("dim"))
            for knock in self.live.state.knocks
        ]
        return [keys, *rows, Row()] if rows else []

    def action_yes(self) -> None:
        """Let the first one in."""
        self._answer(yes=True)

    def action_no(self) -> None:
        """Turn the first one away."""
        self._answer(yes=False)

    def _answer(self, *, yes: bool) -> None:
        if knocks := self.live.state.knocks:
            self.order(LET_IN, {"client": knocks[0].client, "yes": yes})

    def order(self, event: str, data: dict[str, Any], done: str = "") -> None:
        """Ask the hub for something, and say what came of it."""
        self.run_worker(self._ordered(event, data, done))

    async def _ordered(self, event: str, data: dict[str, Any], done: str) -> None:
        try:
            await self.live.ask(event, data, object)
        except RequestRefused as error:
            self.notify(clean(str(error)), severity="error", markup=False)
        else:
            if done:
                self.notify(done, markup=False)
            await self.refresh_lines()

    async def refresh_lines(self) -> None:
        """Look again at what is shown."""
        self.fit_sheet()
