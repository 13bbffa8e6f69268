"""The dialogs about the people: who is here, who would like to be, and whom to follow."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from ...wire import Person
from ..company import doing
from ..drawing.row import Row
from ..drawing.text import clean, fit
from ..live import Live
from .choosing import ChoiceDialog
from .dialogs import Dialog
from .knocks import KnockDialog


class PeopleDialog(KnockDialog):
    """Who is here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "introduce", "Name and colour"),
        Binding("F,shift+f", "follow", "Follow", key_display="F"),
        Binding("B,shift+b", "bring", "Bring everyone here", key_display="B"),
    ]

    def hints(self) -> list[tuple[str, str]]:
        """Offer to be called otherwise, to follow, and to bring everybody."""
        hints = [("c", "your name and colour")]
        hints += [("F", "follow")] if self.check_action("follow", ()) else []
        return hints + ([("B", "bring everyone here")] if self.check_action("bring", ()) else [])

    def heading(self) -> str:
        """Say how many they are."""
        return f"People · {len(self.live.state.people)}"

    def lines(self, width: int) -> list[Row]:
        """Give a line for each."""
        ink, state = self.sheet.ink, self.live.state
        rows = [line_of(self.live, person, self) for person in state.people]
        return [*self.knock_lines(), *(rows or [Row("nobody yet", ink("dim"))])]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer to follow and to bring only where there is somebody, and to bring only to editors."""
        state = self.live.state
        match action:
            case "follow":
                return state.joined and bool(state.others())
            case "bring":
                return state.joined and state.may("editor") and bool(state.others())
        return super().check_action(action, parameters)

    async def action_introduce(self) -> None:
        """Choose another name and colour."""
        await self.app.run_action("introduce")

    def action_follow(self) -> None:
        """Choose whom to follow."""
        self.dismiss()
        self.app.call_later(self.app.run_action, "follow", self.app.screen_stack[0])

    def action_bring(self) -> None:
        """Ask everybody to look where we look."""
        self.live.company.bring()
        self.dismiss()
        self.notify("asked everyone to come here", markup=False)


def line_of(live: Live, person: Person, dialog: Dialog) -> Row:
    """Say who somebody is, what they do and where they look."""
    ink, state = dialog.sheet.ink, live.state
    row = Row(fit(state.name_of(person, 16), 16), dialog.sheet.ink_of(person))
    row.add(f"  {clean(person.role):<6}  ", ink("dim")).add(fit(doing(state, person), 22) + "  ", ink("dim"))
    row.add(state.where(person.page, person.pane) or "–", ink("text"))
    return row.add("  you" * state.is_me(person), ink("accent"))


class FollowDialog(ChoiceDialog):
    """Whom to follow."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "step(1)", "Next", show=False, priority=True),
        Binding("up,k", "step(-1)", "Previous", show=False, priority=True),
        Binding("enter", "take", "Follow", priority=True),
        *(Binding(str(n), f"take({n})", "Follow that one", key_display="1-9", priority=True) for n in range(1, 10)),
    ]

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self.chosen_id = self.ids()[0]

    def ids(self) -> list[str]:
        """Give the clients of those who can be followed."""
        return [person.client for person in self.live.state.others()]

    def heading(self) -> str:
        """Ask."""
        return "Follow whom?"

    def hints(self) -> list[tuple[str, str]]:
        """Offer to follow the chosen one."""
        return [("↑↓", "choose"), ("enter", "follow")]

    def lines(self, width: int) -> list[Row]:
        """Give a line for each."""
        ink, rows = self.sheet.ink, []
        for number, person in enumerate(self.live.state.others(), 1):
            row = Row(f"{number if number < 10 else ' '} ", ink("accent"))
            rows.append(row.extend(line_of(self.live, person, self)).crop(width))
        return self.with_choice(rows, width) or [Row("nobody else is here", ink("dim"))]

    def action_take(self, number: int = 0) -> None:
        """Follow the chosen one, or the one of that number, if there is one."""
        others = self.live.state.others()
        place = number - 1 if number else self.place
        if place < len(others):
            self.dismiss()
            self.live.company.following.begin(others[place])
