"""A list to choose from, beside others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from textual import events

from ..drawing.row import Row
from ..drawing.text import clean, cut, fit
from ..drawing.text import width as cells_of
from ..live import Live
from .drawn import Drawn

LONGEST = 24


class Choice(NamedTuple):
    """Something to choose: what it is, its name, a sign before it and the sign's ink, and a note behind it."""

    id: str
    name: str
    sign: str = " "
    ink: str = "dim"
    note: str = ""


class Choices(Drawn):
    """
    A list of which one is chosen.

    Args:
        live: The screen's hold on the session.
        title: What stands above it.
        chosen: Called when another one is chosen.

    Attributes:
        all: What there is.
        active: Whether keys and typing are for this list.

    """

    def __init__(self, live: Live, title: str, chosen: Callable[[Choices], None]) -> None:
        super().__init__(live)
        self.all: Sequence[Choice] = ()
        self.active = False
        self._title = title
        self._tell = chosen
        self._shown: list[Choice] = []
        self._index = 0
        self._top = 0
        self._typed = ""

    @property
    def chosen(self) -> Choice | None:
        """What is chosen; None if nothing matches what was typed."""
        return self._shown[self._index] if self._shown else None

    def fill(self, choices: Sequence[Choice], first: str = "") -> None:
        """Offer other things; what was chosen stays chosen if it is among them, otherwise `first` is."""
        self.all = choices
        self._show(first or self._chosen_id)

    def narrow(self, typed: str) -> None:
        """Offer only what contains what was typed, in its name or note; names that begin with it come first."""
        self._typed = typed.strip().casefold()
        self._show("" if self._typed else self._chosen_id)

    @property
    def _chosen_id(self) -> str:
        return self.chosen.id if self.chosen is not None else ""

    def _show(self, id_: str) -> None:
        typed = self._typed
        found = [choice for choice in self.all if typed in f"{choice.name} {choice.note}".casefold()]
        self._shown = sorted(found, key=lambda choice: not choice.name.casefold().startswith(typed))
        ids = [choice.id for choice in self._shown]
        self._index = ids.index(id_) if id_ in ids else 0
        self.want_paint()

    def step(self, by: int) -> None:
        """Choose the one so many lines further, from the last to the first."""
        if self._shown:
            self._choose((self._index + by) % len(self._shown))

    def _choose(self, index: int) -> None:
        self._index = index
        self.want_paint()
        self._tell(self)

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw the title and the lines around the chosen one."""
        space = max(height - 1, 1)
        self._top = max(min(self._top, self._index, len(self._shown) - space), self._index - space + 1, 0)
        rows = [Row(self._title, self.ink("accent" if self.active else "dim"))]
        longest = max((cells_of(clean(choice.name)) for choice in self.all), default=0)
        for index, choice in enumerate(self._shown[self._top : self._top + space], self._top):
            rows.append(self._line(choice, min(longest, LONGEST), width, chosen=index == self._index))
        if self.all and not self._shown:
            rows.append(Row("  nothing matches", self.ink("dim")))
        return rows

    def _line(self, choice: Choice, name: int, width: int, *, chosen: bool) -> Row:
        row = Row("› " if chosen else "  ", self.ink("accent")).add(f"{choice.sign} ", self.ink(choice.ink))
        row.add(fit(clean(choice.name), name), self.ink("strong" if chosen else "text"))
        row.add("  " + cut(clean(choice.note), max(width - row.cells - 2, 0)), self.ink("dim"))
        return row.to(width, self.ink("text")).restyle(self.ink("select")) if chosen and self.active else row

    def on_click(self, event: events.Click) -> None:
        """Choose what is under the mouse."""
        index = self._top + event.y - 1
        if event.y > 0 and index < len(self._shown):
            self._choose(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Choose the next one."""
        self.step(1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Choose the one before."""
        self.step(-1)
