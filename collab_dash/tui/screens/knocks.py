"""The part of a dialog in which a host lets people in."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from ...errors import RequestRefused
from ...wire import LET_IN, Knock
from ..doorbell import called
from ..drawing.row import Row
from ..drawing.text import clean
from ..live import Live
from .dialogs import Dialog


class KnockDialog(Dialog):
    """Shows who waits to be let in, and takes the answer for the first of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "yes", "Let in"),
        Binding("n", "no", "Turn away"),
    ]

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self._answered: set[str] = set()

    def _waiting(self) -> list[Knock]:
        """Give those who wait for an answer; the hub may not have said yet that it has ours."""
        knocks = self.live.state.knocks
        self._answered &= {knock.client for knock in knocks}  # whoever went may knock again
        return [knock for knock in knocks if knock.client not in self._answered]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to answer only while somebody waits."""
        return bool(self._waiting()) if action in ("yes", "no") else True

    def knock_lines(self) -> list[Row]:
        """Give the keys that answer, and a line for everybody who waits."""
        ink = self.sheet.ink
        keys = Row("at the door  ", ink("warn"))
        for key, what in (("y", " let in  "), ("n", " turn away")):
            keys.add(key, ink("accent")).add(what, ink("dim"))
        rows = [
            Row(f"  {called(knock)}", ink("strong")).add(f"  {clean(knock.role)}  {clean(knock.address)}", ink("dim"))
            for knock in self._waiting()
        ]
        return [keys, *rows, Row()] if rows else []

    def action_yes(self) -> None:
        """Let the first one in."""
        self._answer(yes=True)

    def action_no(self) -> None:
        """Turn the first one away."""
        self._answer(yes=False)

    def _answer(self, *, yes: bool) -> None:
        if waiting := self._waiting():
            self._answered.add(waiting[0].client)
            self.order(LET_IN, {"client": waiting[0].client, "yes": yes})

    def order(self, event: str, data: dict[str, Any], done: str = "") -> None:
        """Ask the hub for something, and say what came of it."""
        self.run_worker(self._ordered(event, data, done))

    async def _ordered(self, event: str, data: dict[str, Any], done: str) -> None:
        try:
            await self.live.ask(event, data, object)
        except RequestRefused as error:
            self._answered.clear()
            self.notify(clean(str(error)), severity="error", markup=False)
        else:
            if done:
                self.notify(done, markup=False)
            await self.refresh_lines()

    async def refresh_lines(self) -> None:
        """Look again at what is shown."""
        self.fit_sheet()
