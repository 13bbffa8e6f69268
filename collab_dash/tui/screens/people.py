"""The people dialog: who is here, and who would like to be."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from ..drawing.row import Row
from ..drawing.text import clean, fit
from .knocks import KnockDialog


class PeopleDialog(KnockDialog):
    """Who is here."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("c", "app.introduce", "Name and colour")]

    def hints(self) -> list[tuple[str, str]]:
        """Offer to be called otherwise."""
        return [("c", "your name and colour")]

    def heading(self) -> str:
        """Say how many they are."""
        return f"People · {len(self.live.state.people)}"

    def lines(self, width: int) -> list[Row]:
        """Give a line for each."""
        ink, state = self.sheet.ink, self.live.state
        rows = []
        for person in state.people:
            row = Row(fit(state.name_of(person, 16), 16), self.sheet.ink_of(person))
            row.add(f"  {clean(person.role):<8}", ink("dim"))
            where = " › ".join(clean(part) for part in (person.page, person.pane) if part)
            rows.append(row.add(where or "–", ink("text")).add("  you" * state.is_me(person), ink("accent")))
        return [*self.knock_lines(), *(rows or [Row("nobody yet", ink("dim"))])]
