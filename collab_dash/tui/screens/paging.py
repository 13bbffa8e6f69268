"""The side of the main screen that shows pages as tabs, and changes them for everybody, with undo."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.command import Provider

from ..drawing.text import clean, cut
from ..widgets.tabs import Tabs
from .filtering import Filtering

if TYPE_CHECKING:
    from ...board import Page
    from ...doc.document import Document
    from ..panes.base import Pane

T = TypeVar("T")
TITLE = 14


def _commands() -> type[Provider]:
    from .page_commands import PageCommands

    return PageCommands


class Paging(Filtering):
    """A screen whose pages can be changed, for everybody, with undo."""

    COMMANDS: ClassVar = {_commands}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "move_page(-1)", "Move page left", show=False),
        Binding("B,shift+b", "move_page(1)", "Move page right", show=False, key_display="B"),
        Binding("backspace,ctrl+z", "undo", "Undo", show=False),
        Binding("R,shift+r,ctrl+y", "redo", "Redo", show=False, key_display="R"),
    ]

    def on_mount(self) -> None:
        """Say what cannot be done."""
        self.live.sharing.on_trouble = self.complain

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what changes the board only to whom may."""
        match action:
            case "undo" | "redo":
                return self.live.sharing.may_edit
            case "move_page":
                return self.live.sharing.may_edit and len(self.stage.pages) > 1
        return super().check_action(action, parameters)

    # What all edits share

    def edit(self, change: Callable[[Document], T]) -> T | None:
        """Change the board for everybody."""
        return self.live.sharing.edit(change)

    def action_undo(self) -> None:
        """Take back our own latest edit."""
        self._step(self.live.sharing.undo, "undone")

    def action_redo(self) -> None:
        """Do again what was taken back."""
        self._step(self.live.sharing.redo, "done again")

    def _step(self, step: Callable[[], None], what: str) -> None:
        from ..undone import seen_through

        if happened := seen_through(self.live.sharing, step):
            self.say(f"{what}: {happened}")

    # Pages

    def show_tabs(self) -> None:
        """Show the titles of the pages; where there is little room, those of the panes."""
        tabs, stage, grows = self.query_one(Tabs), self.stage, self.live.sharing.may_edit
        page = stage.page
        if page is not None and stage.cramped:
            note = f"page {stage.open + 1}/{len(stage.pages)}" if len(stage.pages) > 1 else ""
            titles = [self._tab(pane.name_on_screen, [pane]) for pane in stage.panes]
            tabs.show_titles(titles, page.current, self._notes(note), grows=grows)
        else:
            note = "zoomed" if stage.zoomed else ""
            titles = [self._tab(view.page.title, view.panes) for view in stage.pages]
            tabs.show_titles(titles, stage.open, self._notes(note), grows=grows, aim=self._aim())

    def _tab(self, title: str, panes: Iterable[Pane]) -> str:
        """Give a title, and how much of the chat is not read, where that is among the panes."""
        unread = self.live.talk.chat.unread
        if unread and any(pane.spec.view == "chat" for pane in panes):
            return f"{cut(clean(title), TITLE)} ({unread})"
        return title

    def _notes(self, note: str) -> str:
        held, room = self.stage.grip, self.live.state.room_filter
        aim = self._aim()
        onto = f" to {self.stage.pages[aim].page.title}" if aim is not None else ""
        says = f"{held.says}{onto} · Esc leaves it" if held is not None else f"room filter: {room}" if room else ""
        return " · ".join(clean(part) for part in (says, note) if part)

    def _aim(self) -> int | None:
        """Give the place of the page that what is dragged would be dropped onto."""
        held = self.stage.grip
        ids = [view.page.id for view in self.stage.pages]
        return ids.index(held.page) if held is not None and held.page in ids else None

    def on_tabs_chosen(self, message: Tabs.Chosen) -> None:
        """Go where the mouse says."""
        self.put_aside()
        if self.stage.cramped:
            self.stage.go(message.index)
        else:
            self.stage.turn(message.index)

    def _open_page(self) -> Page | None:
        """Give the page on screen, if it is still there and we may change it."""
        view = self.stage.page
        return (
            view.page
            if view is not None and self.live.sharing.granted() and self.is_there("pages", view.page.id)
            else None
        )

    async def action_new_page(self) -> None:
        """Add a page behind the one on screen."""
        from ...doc import edits
        from ..widgets.asking import Question, judge_title

        after = self.stage.page.page.id if self.stage.page is not None else ""

        def done(title: str) -> None:
            page = self.edit(lambda document: edits.add_page(document, title.strip(), after=after))
            if page:
                self.stage.seek(page)

        if self.live.sharing.granted():
            await self.ask(Question("new page", "its title", "", judge_title, done))

    async def action_rename_page(self) -> None:
        """Give the page on screen another title."""
        from ...doc import edits
        from ..widgets.asking import Question, judge_title

        if (page := self._open_page()) is None:
            return

        def done(title: str) -> None:
            if self.is_there("pages", page.id):
                self.edit(lambda document: edits.change(document, "pages", page.id, title=title.strip()))

        await self.ask(Question("page title", "its title", page.title, judge_title, done))

    def action_close_page(self) -> None:
        """Take the page on screen off the board."""
        from ...doc import edits

        if (page := self._open_page()) is not None:
            now = self.live.state.clock()
            self.edit(lambda document: edits.close(document, "pages", page.id, now=now))
            self.say(f"closed page {page.title} · ctrl+z brings it back")

    def action_move_page(self, step: int) -> None:
        """Move the page on screen by one place among the tabs."""
        from ...doc import edits

        if self._open_page() is None:
            return
        ids = [view.page.id for view in self.stage.pages]
        id_ = ids.pop(self.stage.open)
        place = self.stage.open + step
        if 0 <= place <= len(ids):
            after = ids[place - 1] if place else ""
            self.edit(lambda document: edits.move_page(document, id_, after=after))
