"""The share dialog: the links, a code of one of them, and who is here."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType

from ...errors import RequestRefused
from ...wire import LINKS, REMOVE, RENEW, Person
from ..drawing.qr import qr_lines
from ..drawing.row import Row
from ..drawing.text import clean, wrap
from ..live import Live
from .choosing import ChoiceDialog
from .knocks import KnockDialog

_ROLES = (("editor", "may change the board"), ("viewer", "may only look"))
_LOCAL = ("//127.0.0.1", "//localhost", "//[::1]")
LEAST_TEXT = 30


class ShareDialog(KnockDialog, ChoiceDialog):
    """The links that others can join by, and those who did."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "copy('editor')", "Copy the editor link"),
        Binding("v", "copy('viewer')", "Copy the viewer link"),
        Binding("down,j", "step(1)", "Next person", show=False, priority=True),
        Binding("up,k", "step(-1)", "Previous person", show=False, priority=True),
        Binding("x", "remove", "Remove"),
        Binding("n", "no", "Turn away, or new links"),
        Binding("enter", "renew", "Make new links"),
    ]

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self._links: dict[str, str | None] = {}
        self._trouble = ""
        self._shown = "viewer"
        self._renewing = False
        self._joined = True

    def on_mount(self) -> None:
        """Follow the session, and ask for the links; again when a lost link is back."""
        self.live.state.watch(self._look)
        self.run_worker(self.refresh_lines())

    def on_unmount(self) -> None:
        """Follow it no more."""
        self.live.state.unwatch(self._look)

    def _look(self) -> None:
        before, self._joined = self._joined, self.live.state.joined
        if self._joined and not before:
            self.run_worker(self.refresh_lines())

    async def refresh_lines(self) -> None:
        """Ask for the links, which may be new ones."""
        try:
            self._links, self._trouble = await self.live.ask(LINKS, {}, dict[str, str | None]), ""
        except RequestRefused as error:
            self._links, self._trouble = {}, str(error)
        self.fit_sheet()

    # What is shown

    def heading(self) -> str:
        """Give the title."""
        return f"Share {clean(self.live.state.name)}"

    def lines(self, width: int) -> list[Row]:
        """Give links and people on the left, and a code on the right where there is room."""
        ink = self.sheet.ink
        if not (self._trouble or self._links):
            return [Row("asking the hub…", ink("dim"))]
        code = self._code(width)
        room = width - len(code[0]) - 2 if code else width
        above = [*self.knock_lines(), *self._link_lines(room), *self._notes(room, code), Row()]
        self.first_row = len(above)
        left = [*above, *self._people(room)]
        rows = []
        for y in range(max(len(left), len(code))):
            row = left[y].crop(room) if y < len(left) else Row()
            rows.append(row.to(room + 2, ink("text")).add(code[y], self._on_paper) if y < len(code) else row)
        return rows

    @property
    def _on_paper(self) -> Style:
        ansi = self.app.current_theme.ansi
        return Style.parse("bright_white on black" if ansi else "#ffffff on #000000")

    def _code(self, width: int) -> list[str]:
        """Draw the shown link's code; nothing where it does not fit beside the text."""
        link = self._links.get(self._shown)
        for border in (2, 1):
            code = qr_lines(link, border=border) if link else []
            if code and len(code[0]) + LEAST_TEXT <= width and len(code) <= self.app.size.height - 4:
                return code
        return []

    def _link_lines(self, width: int) -> list[Row]:
        ink = self.sheet.ink
        rows = [Row(clean(self._trouble), ink("error"))] if self._trouble else []
        for role, what in _ROLES:
            if link := self._links.get(role):
                shown = clean(link)
                rows.append(Row(f"{role}  ", ink("strong")).add(what, ink("dim")))
                rows += [Row(shown[start : start + width], ink("accent")) for start in range(0, len(shown), width)]
        return rows

    def _notes(self, width: int, code: list[str]) -> list[Row]:
        if not self._links:
            return []
        link = self._links.get(self._shown) or ""
        notes = ["others join with: collab-dash join LINK"]
        if any(local in link for local in _LOCAL):
            notes.append("it leads to this machine alone")
        notes.append(f"the code is the {self._shown} link" if code else "no room here for a QR code of it")
        return [Row(line, self.sheet.ink("dim")) for note in notes for line in wrap(note, width)]

    def _people(self, width: int) -> list[Row]:
        """Give those who can be chosen, the others, before ourselves."""
        state, ink = self.live.state, self.sheet.ink
        others = [self._person(person) for person in state.others()]
        mine = [self._person(person).add("  you", ink("accent")) for person in state.people if state.is_me(person)]
        return [*(self.with_choice(others, width) if self.ids() else others), *mine]

    def _person(self, person: Person) -> Row:
        row = Row(self.live.state.name_of(person, 16), self.sheet.ink_of(person))
        return row.add(f"  {clean(person.role)}", self.sheet.ink("dim"))

    def ids(self) -> list[str]:
        """Give the clients of those whom a host can remove."""
        return [person.client for person in self.live.state.others()] if self.live.state.may("host") else []

    def hints(self) -> list[tuple[str, str]]:
        """Offer what can be done."""
        if self._renewing:
            return [("enter", "new links: the old ones stop at once")]
        copies = [(role[0], f"copy {role}") for role, _ in _ROLES if self._links.get(role)]
        if not self.live.state.may("host"):
            return copies
        removing = [("x", "remove")] if self.ids() else []
        renewing = [] if self.live.state.knocks else [("n", "new links")]
        return [*copies, *removing, *renewing]

    # What is done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a host's keys to hosts."""
        host = self.live.state.may("host")
        if action == "no":
            return host
        if action in ("remove", "step"):
            return bool(self.ids())
        if action == "renew":
            return self._renewing
        return super().check_action(action, parameters)

    def action_copy(self, role: str) -> None:
        """Copy a link, and show its code."""
        self._renewing = False
        if link := self._links.get(role):
            self._shown = role
            self.app.copy_to_clipboard(link)
            self.notify(f"copied the {role} link")
            self.fit_sheet()

    def choose(self, place: int) -> None:
        """Choose whom to remove."""
        self._renewing = False
        super().choose(place)

    def action_remove(self) -> None:
        """Remove the chosen person."""
        self._renewing = False
        for person in self.live.state.others()[self.place :][:1]:
            name = self.live.state.name_of(person)
            self.order(REMOVE, {"client": person.client}, f"removed {name}; n makes links they do not know")

    def action_no(self) -> None:
        """Turn the first one away who waits; where nobody does, ask whether to make new links."""
        if self.live.state.knocks:
            super().action_no()
        else:
            self._renewing = True
            self.fit_sheet()

    def action_renew(self) -> None:
        """Make new links."""
        self._renewing = False
        self.order(RENEW, {}, "these are new links; the old ones let nobody in any more")
