"""The people: everybody who is here."""

from __future__ import annotations

from ..company import doing
from ..drawing.row import Row
from ..drawing.text import clean, fit
from ..drawing.text import width as cells_of
from .rows import RowsPane


class PeoplePane(RowsPane):
    """Everybody who is here, and where they look."""

    header_rows = 0
    of_session = True
    _name_cells = 6

    def count(self) -> int:
        """Count the people."""
        return len(self.live.state.people)

    def body(self, width: int, height: int) -> list[Row]:
        """Draw them, their names in one column."""
        state = self.live.state
        longest = max((cells_of(state.name_of(person)) for person in state.people), default=0)
        self._name_cells = min(max(longest, 6), 20)
        return super().body(width, height)

    def row(self, index: int, width: int) -> Row:
        """Draw one person: name, role, where they look."""
        state, cells = self.live.state, self._name_cells
        person = state.people[index]
        dim = self.ink("dim")
        row = Row(fit(state.name_of(person, cells), cells), self.ink_of(person))
        row.add(f"  {clean(person.role):<6}  ", dim)
        place = state.where(person.page, person.pane, but=self.page_title)
        row.add("you · " if state.is_me(person) else "", dim).add(place or "–", self.ink("text"))
        said = doing(state, person)
        return row if said == "live" else row.add(f" · {said}", dim)

    def digest(self) -> str:
        """Say who is here."""
        return ", ".join(map(self.live.state.name_of, self.live.state.people))
