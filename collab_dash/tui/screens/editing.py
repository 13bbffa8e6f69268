"""The side of the main screen that adds, edits, closes, moves and resizes panes, for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from textual.binding import Binding, BindingType

from .. import arranging
from ..arranging import Rows
from ..widgets.dragging import Dragging
from ..widgets.tabs import Tabs
from .modal import put_over
from .paging import Paging

if TYPE_CHECKING:
    from ...board import Pane as Spec
    from ...doc.document import Document
    from ..panes.base import Pane

_RESIZES = {"wider": (1, 0), "narrower": (-1, 0), "taller": (0, 1), "shorter": (0, -1)}


class Editing(Paging):
    """A screen whose panes can be changed, for everybody."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # These open a dialog and go first: what is typed after them is for the dialog.
        Binding("plus", "add_pane", "New pane", key_display="+", priority=True),
        Binding("e", "edit_pane", "Edit", priority=True),
        Binding("x", "close_pane", "Close", show=False),
        Binding("shift+left", "move_pane('left')", "Move pane left", show=False, key_display="shift+left"),
        Binding("shift+right", "move_pane('right')", "Move pane right", show=False, key_display="shift+right"),
        Binding("shift+up", "move_pane('up')", "Move pane up", show=False, key_display="shift+up"),
        Binding("shift+down", "move_pane('down')", "Move pane down", show=False, key_display="shift+down"),
        Binding("w,ctrl+right", "resize_pane('wider')", "Wider", show=False),
        Binding("W,shift+w,ctrl+left", "resize_pane('narrower')", "Narrower", show=False, key_display="W"),
        Binding("v,ctrl+down", "resize_pane('taller')", "Taller", show=False),
        Binding("V,shift+v,ctrl+up", "resize_pane('shorter')", "Shorter", show=False, key_display="V"),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what can be done to the pane, by whom may."""
        stage, may = self.stage, self.live.sharing.may_edit
        match action:
            case "add_pane":
                return may
            case "edit_pane" | "close_pane":
                return may and stage.current is not None
            case "move_pane":
                return may and len(stage.panes) > 1
            case "resize_pane":
                return may and len(stage.panes) > 1 and not stage.single
        return super().check_action(action, parameters)

    # What the tabs are clicked for: they stand for pages, or where there is little room for panes

    async def on_tabs_edited(self, message: Tabs.Edited) -> None:
        """Rename the page that was just opened, or edit the pane."""
        if message.index != self.query_one(Tabs).open or not self.live.sharing.may_edit:
            return
        if self.stage.cramped:
            self.action_edit_pane()
        else:
            await self.action_rename_page()

    async def on_tabs_added(self) -> None:
        """Make a page, or choose a pane to add."""
        self.put_aside()
        if self.stage.cramped:
            self.action_add_pane()
        else:
            await self.action_new_page()

    # Coming and going

    def action_add_pane(self) -> None:
        """Choose a feed and a view, and add a pane of it."""
        from .picker import PanePicker

        board = self.live.state.board
        if board is not None and self.live.sharing.granted():
            picker = PanePicker(self.live, board, len(self.stage.panes) + 1)
            put_over(self, picker, self._picked)

    async def _picked(self, pane: Spec | str | None) -> None:
        if isinstance(pane, str):
            await self.action_new_page()
        elif pane is not None:
            self.add(pane)

    def add(self, pane: Spec) -> None:
        """Add a pane behind the current one, and a page for it if there is none."""
        from ...doc import edits

        view, current = self.stage.page, self.stage.current
        if view is not None and not self.is_there("pages", view.page.id):
            return
        page = arranging.added(self._rows(), "", current.spec.id if current is not None else "")
        slots = arranging.slots(page)
        place = next(place for place, slot in enumerate(slots) if not slot.id)
        sized = replace(pane, width=slots[place].width, height=slots[place].height)
        after = slots[place - 1].id if place else ""

        def change(document: Document) -> str:
            edits.arrange(document, slots)
            page_id = view.page.id if view is not None else edits.add_page(document, "Page 1")
            return edits.add_pane(document, page_id, sized, after=after)

        if id_ := self.edit(change):
            self.stage.seek(id_)

    def action_edit_pane(self) -> None:
        """Change what the current pane shows."""
        from .pane_form import PaneForm

        pane, board = self._chosen(), self.live.state.board
        if pane is not None and board is not None:
            put_over(self, PaneForm(self.live, board, pane.spec.id, pane.number))

    def action_close_pane(self) -> None:
        """Take the current pane off the board."""
        from ...doc import edits

        if (pane := self._chosen()) is not None:
            now, left = self.live.state.clock(), arranging.removed(self._rows(), pane.spec.id)

            def change(document: Document) -> None:
                edits.close(document, "panes", pane.spec.id, now=now)
                edits.arrange(document, arranging.slots(left))

            self.edit(change)
            self.say(f"closed {pane.name_on_screen} · ctrl+z brings it back")

    def action_rules(self) -> None:
        """Show the rules, to be edited."""
        from .rules import RulesDialog

        put_over(self, RulesDialog(self.live))

    # Moving and resizing

    def action_move_pane(self, way: str) -> None:
        """Move the current pane by one place, or to another row."""
        if (pane := self._chosen()) is not None:
            self._arrange(arranging.moved(self._rows(), pane.spec.id, way), moved=pane.spec.id)

    def action_resize_pane(self, how: str) -> None:
        """Make the current pane wider or narrower, or its row taller or shorter."""
        if (pane := self._chosen()) is None:
            return
        columns, lines = _RESIZES[how]
        resize, by = (arranging.wider, columns) if columns else (arranging.taller, lines)
        rows = resize(self._rows(), pane.spec.id, by)
        if rows is None:
            self.complain(f"{pane.name_on_screen} cannot be made {how}")
        self._arrange(rows)

    def move_to(self, page: str) -> None:
        """Move the current pane to another page, behind what is there, and go there with it."""
        if (pane := self._chosen()) is not None:
            self._move_pane(pane.spec.id, page)

    def _move_pane(self, id_: str, page: str) -> None:
        from ...doc import edits

        if not self._is_here(id_):
            self.complain("the pane was closed or moved meanwhile")
            return
        if not self.is_there("pages", page):
            return
        left = arranging.removed(self._rows(), id_)

        def change(document: Document) -> None:
            edits.move_pane(document, id_, after=edits.last_on(document, page), page=page)
            edits.arrange(document, arranging.slots(left))

        self.edit(change)
        self.stage.seek(id_, page)

    def on_dragging_dragged(self, message: Dragging.Dragged) -> None:
        """Let everybody have what the mouse made of the page."""
        grip = message.grip
        if not self.live.sharing.may_edit:
            grip.view.sketch(None)
        elif grip.page:
            self._move_pane(grip.moved, grip.page)
        else:
            self._arrange(grip.rows, moved=grip.moved)

    # What is changed is the document, of which the screen may be a moment behind.

    def _chosen(self) -> Pane | None:
        """Give the current pane, if it is still where it is seen and we may change it."""
        pane = self.stage.current
        return pane if self.live.sharing.granted() and pane is not None and self._is_here(pane.spec.id) else None

    def _is_here(self, id_: str) -> bool:
        """Tell whether a pane is on the page on screen."""
        view, document = self.stage.page, self.live.sharing.document
        entry = document.panes.get(id_) if document is not None else None
        return entry is not None and view is not None and entry.page == view.page.id

    def _rows(self) -> Rows:
        from ...doc.edits import on_page

        view, document = self.stage.page, self.live.sharing.document
        return arranging.rows(on_page(document, view.page.id).items()) if document is not None and view else []

    def _arrange(self, rows: Rows | None, *, moved: str = "") -> None:
        from ...doc import edits

        if rows is not None:
            self.edit(lambda document: edits.arrange(document, arranging.slots(rows), moved=moved))
