"""Forms: the fields of one entry of the shared document, judged while they are typed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from ...board import Board
from ..drawing.text import clean
from ..fields import LONGEST, Field
from ..live import Live
from ..widgets.line_input import LineInput
from .modal import Modal

if TYPE_CHECKING:
    from ...doc.document import Changed


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
        self.input = LineInput(
            self._written,
            placeholder=clean(field.usual),
            compact=True,
            max_length=LONGEST,
            select_on_focus=False,
        )

    def compose(self) -> ComposeResult:
        """Make the label and the line."""
        yield Static(Content(self.field.label or self.field.name), classes="label")
        yield self.input
        yield Static(classes="mark")

    @property
    def touched(self) -> bool:
        """Whether something was typed that is not what everybody has."""
        return self.input.value.strip() != self._written.strip()

    @property
    def _written(self) -> str:
        """What everybody has as it stands in the line: others wrote it, and a terminal might obey it."""
        return clean(self.field.write(self.value))

    def follow(self, value: Any) -> None:
        """Take what somebody else made of it; what was typed here stays."""
        if value == self.value:
            return
        mine = self.touched
        self.value = value
        self.overtaken = mine and self.touched
        if not mine:
            self.input.value = self._written

    def read(self, board: Board) -> Any:
        """
        Give what is typed.

        Raises:
            ValueError: If it means nothing.

        """
        if self.touched or self.field.required:
            return self.field.read(self.input.value, board)
        return self.value

    def judge(self, board: Board) -> tuple[bool, str]:
        """Tell whether what is typed can be used, and what there is to say of it."""
        good, said = True, self.field.hint
        try:
            said = self.field.remark(self.read(board), board) or said
        except ValueError as error:
            good, said = False, str(error)
        if good and self.overtaken:
            said = f"somebody made it {self.field.write(self.value) or 'empty'} meanwhile"
        mark = self.query_one(".mark", Static)
        mark.update(Content("✗" if not good else "!" if self.overtaken else "•" if self.touched else " "))
        mark.set_class(not good, "bad")
        return good, said


class Form(Modal[None]):
    """
    Edits an entry; only what was changed here is written.

    Args:
        live: The screen's hold on the session.
        board: What feeds there are.
        id_: The entry's id; empty for one that is not there yet.
        fields: What can be edited of it.
        unset: What the fields are in a new one.

    Attributes:
        root: Where in the document such entries are.
        went: What happened to one that is gone.
        lines: One for each field.

    """

    CSS_PATH = "forms.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        # These move the focus and go first: what is typed after them is for another line.
        Binding("down,tab", "app.focus_next", "Next field", show=False, priority=True),
        Binding("up,shift+tab", "app.focus_previous", "Previous field", show=False, priority=True),
        Binding("enter", "save", "Save"),  # which the lines tell of once they have what was typed before it
        Binding("escape", "dismiss", "Leave it as it was", key_display="Esc"),
    ]

    root: ClassVar[str]
    went: ClassVar[str]

    def __init__(self, live: Live, board: Board, id_: str, fields: Sequence[Field], unset: Any) -> None:
        super().__init__()
        self.live = live
        self.board = board
        self.entry_id = id_
        self._gone = False
        entry = self.entry() or unset
        self._called = self.name_of(entry)
        self.lines = [Line(field, getattr(entry, field.name)) for field in fields]

    def compose(self) -> ComposeResult:
        """Make the lines, and what is beside them."""
        with Vertical(id="form", classes="framed") as frame:
            frame.border_title = Content(clean(f"Edit {self._called}" if self.entry_id else self._called))
            frame.border_subtitle = Content("↑↓ field · enter save · Esc leave it as it was")
            with Horizontal():
                with Vertical(id="fields"):
                    yield from self.lines
                    yield Static(id="verdict")
                yield from self.beside()

    def on_mount(self) -> None:
        """Follow what others do to the entry."""
        self.live.sharing.watchers.append(self._on_change)
        self.lines[0].input.focus()
        self._judge()

    def on_unmount(self) -> None:
        """Follow it no more."""
        self.live.sharing.watchers.remove(self._on_change)

    # What kinds of forms differ in

    def name_of(self, entry: Any) -> str:
        """Give what to call the entry."""
        raise NotImplementedError

    def entry(self) -> Any:
        """Give the entry as everybody has it, None if it is not there."""
        document = self.live.sharing.document
        entry = document.entries[self.root].get(self.entry_id) if document is not None else None
        return None if entry is None or entry.gone else entry

    def beside(self) -> Iterable[Widget]:
        """Give what stands beside the lines."""
        return ()

    def offer(self) -> None:
        """Show what would come of what is typed."""

    def write(self, changes: dict[str, Any]) -> None:
        """Write what was changed, for everybody."""
        from ...doc.edits import change

        self.live.sharing.edit(lambda document: change(document, self.root, self.entry_id, **changes))

    # What others do

    def _on_change(self, changed: Changed | None) -> None:
        if self.live.sharing.document is None or not self.entry_id:
            return  # it is being fetched anew, or nobody else has it
        entry = self.entry()
        self._gone = entry is None
        if entry is not None:
            for line in self.lines:
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
        for line in self.lines:
            fine, said = line.judge(self.board)
            good = good and fine
            if line.input.has_focus and not self._gone:
                verdict.update(Content(clean(said)))
                verdict.set_class(not fine, "bad")
        if self._gone:
            verdict.update(Content(f"{clean(self._called)} was {self.went} meanwhile: there is nothing to save"))
            verdict.set_class(True, "bad")
        self.offer()
        return good and not self._gone

    def action_save(self) -> None:
        """Write what was changed, unless something of it means nothing."""
        if not self._judge():
            self._go_to_fault()
            return
        changes = {line.field.name: line.read(self.board) for line in self.lines if line.touched}
        if changes and not self.live.sharing.granted():
            return  # what was typed stays
        if changes:
            self.write(changes)
        self.dismiss()

    def _go_to_fault(self) -> None:
        for line in self.lines:
            if not line.judge(self.board)[0]:
                line.input.focus()
                return
