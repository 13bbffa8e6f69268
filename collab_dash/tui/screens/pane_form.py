"""The form of a pane: its fields, judged while they are typed, and what they would look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from msgspec.structs import replace
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ...board import Board, Pane, complete, name_of
from ..drawing.text import clean
from ..fields import FIELDS, LONGEST, Field, write
from ..live import Live
from ..widgets.preview import Preview

if TYPE_CHECKING:
    from ...doc.document import Changed
    from ...doc.entries import PaneEntry

ROOM = 110
_UNSET = Pane()


class Line(Horizontal):
    """
    One field.

    Args:
        field: Which.
        value: What it is.

    Attributes:
        value: What it is for everybody.
        overtaken: Whether somebody else changed it while it was being typed.

    """

    def __init__(self, field: Field, value: Any) -> None:
        super().__init__(id=f"field-{field.name}")
        self.field = field
        self.value = value
        self.overtaken = False
        self.input = Input(write(value, field.name), compact=True, max_length=LONGEST, select_on_focus=False)

    def compose(self) -> ComposeResult:
        """Make the label and the line."""
        yield Static(Content(self.field.name), classes="label")
        yield self.input
        yield Static(classes="mark")

    @property
    def touched(self) -> bool:
        """Whether something was typed that is not what everybody has."""
        return self.input.value.strip() != write(self.value, self.field.name)

    def follow(self, value: Any) -> None:
        """Take what somebody else made of it; what was typed here stays."""
        if value == self.value:
            return
        mine = self.touched
        self.value = value
        self.overtaken = mine and self.touched
        if not mine:
            self.input.value = write(value, self.field.name)

    def read(self, board: Board) -> Any:
        """
        Give what is typed.

        Raises:
            ValueError: If it means nothing.

        """
        return self.field.read(self.input.value, board) if self.touched else self.value

    def judge(self, board: Board) -> tuple[bool, str]:
        """Tell whether what is typed can be used, and what there is to say of it."""
        good, said = True, self.field.hint
        try:
            self.read(board)
        except ValueError as error:
            good, said = False, str(error)
        if good and self.overtaken:
            said = f"somebody made it {write(self.value, self.field.name) or 'empty'} meanwhile"
        mark = self.query_one(".mark", Static)
        mark.update(Content("✗" if not good else "!" if self.overtaken else "•" if self.touched else " "))
        mark.set_class(not good, "bad")
        return good, said


class PaneForm(ModalScreen[None]):
    """
    Edits a pane; only what was changed here is written.

    Args:
        live: The screen's hold on the session.
        board: What feeds there are, and how their plugins would have their panes.
        pane: The pane's id.
        number: Its number on its page.

    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # These move the focus and go first: what is typed after them is for another line.
        Binding("down,tab", "app.focus_next", "Next field", show=False, priority=True),
        Binding("up,shift+tab", "app.focus_previous", "Previous field", show=False, priority=True),
        Binding("enter", "save", "Save"),  # which the lines tell of once they have what was typed before it
        Binding("escape", "dismiss", "Leave it as it was", key_display="Esc"),
    ]

    def __init__(self, live: Live, board: Board, pane: str, number: int) -> None:
        super().__init__()
        self.live = live
        self._board = board
        self._pane = pane
        self._gone = False
        entry = self._entry()
        self._called = name_of(entry) if entry is not None else ""
        self._lines = [Line(field, getattr(entry or _UNSET, field.name)) for field in FIELDS]
        self._preview = Preview(live, number)

    def compose(self) -> ComposeResult:
        """Make the lines and the preview."""
        with Vertical(id="pane-form", classes="framed") as frame:
            frame.border_title = Content(clean(f"Edit {self._called}"))
            frame.border_subtitle = Content("↑↓ field · enter save · Esc leave it as it was")
            with Horizontal():
                with Vertical(id="fields"):
                    yield from self._lines
                    yield Static(id="verdict")
                yield self._preview

    def on_mount(self) -> None:
        """Follow what others do to the pane."""
        self.live.sharing.watchers.append(self._on_change)
        self._lines[0].input.focus()
        self._judge()

    def on_unmount(self) -> None:
        """Follow it no more."""
        self.live.sharing.watchers.remove(self._on_change)

    def on_resize(self, event: events.Resize) -> None:
        """Show what it would look like where there is room."""
        self._preview.display = event.size.width >= ROOM

    # What others do

    def _entry(self) -> PaneEntry | None:
        document = self.live.sharing.document
        entry = document.panes.get(self._pane) if document is not None else None
        return entry if document is not None and entry is not None and entry.page in document.pages else None

    def _on_change(self, changed: Changed | None) -> None:
        if self.live.sharing.document is None:
            return  # it is being fetched anew
        entry = self._entry()
        self._gone = entry is None
        if entry is not None:
            for line in self._lines:
                line.follow(getattr(entry, line.field.name))
        self._judge()

    # Typing

    def on_input_changed(self, event: Input.Changed) -> None:
        """Judge what is typed."""
        self._judge()

    def on_input_submitted(self) -> None:
        """Save."""
        self.action_save()

    def on_descendant_focus(self) -> None:
        """Say what may be typed here."""
        self._judge()

    def _judge(self) -> bool:
        """Judge every line, and say something about the one that is being typed."""
        good, verdict = True, self.query_one("#verdict", Static)
        for line in self._lines:
            fine, said = line.judge(self._board)
            good = good and fine
            if line.input.has_focus and not self._gone:
                verdict.update(Content(clean(said)))
                verdict.set_class(not fine, "bad")
        if self._gone:
            verdict.update(Content(f"{clean(self._called)} was closed meanwhile: there is nothing to save"))
            verdict.set_class(True, "bad")
        self._offer()
        return good and not self._gone

    def _offer(self) -> None:
        """Show what the feed's plugin would have where nothing is typed, and the pane as it would be."""
        spec = self._spec()
        for line in self._lines:
            name = line.field.name
            blank = replace(spec, **{name: getattr(_UNSET, name)})
            usual = name_of(complete(blank, self._board.tastes)) if name == "title" else ""
            wish = (
                getattr(complete(blank, self._board.tastes), name) if name not in ("title", "width", "height") else ""
            )
            line.input.placeholder = clean(usual or write(wish, name) or line.field.usual)
        self._preview.show(complete(spec, self._board.tastes))

    def _spec(self) -> Pane:
        values: dict[str, Any] = {}
        for line in self._lines:
            try:
                values[line.field.name] = line.read(self._board)
            except ValueError:
                values[line.field.name] = line.value
        return Pane(**values)

    def action_save(self) -> None:
        """Write what was changed, for everybody."""
        if not self._judge():
            self._go_to_fault()
            return
        changes = {line.field.name: line.read(self._board) for line in self._lines if line.touched}
        if changes:
            from ...doc.edits import change

            self.live.sharing.edit(lambda document: change(document, "panes", self._pane, **changes))
        self.dismiss()

    def _go_to_fault(self) -> None:
        for line in self._lines:
            if not line.judge(self._board)[0]:
                line.input.focus()
                return
