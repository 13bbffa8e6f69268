"""The rules: everybody's, as they are edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from ...rules import Rule
from ..drawing.row import Row
from ..drawing.text import clean
from ..rule_fields import rule_row
from .choosing import ChoiceDialog
from .modal import put_over
from .rule_form import RuleForm

if TYPE_CHECKING:
    from ...doc.document import Changed


class RulesDialog(ChoiceDialog):
    """The rules of the session; one is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Two of these open a form and go first: what is typed after them is for the form. The others keep in step.
        Binding("plus", "add", "New rule", key_display="+", priority=True),
        Binding("enter,e", "edit", "Edit the rule", priority=True),
        Binding("space", "switch", "On or off", priority=True),
        Binding("x", "remove", "Take the rule away", priority=True),
        Binding("backspace,ctrl+z", "undo", "Undo", priority=True),
        Binding("down,j", "step(1)", "Down", show=False, priority=True),
        Binding("up,k", "step(-1)", "Up", show=False, priority=True),
    ]

    def on_mount(self) -> None:
        """Follow the rules."""
        self.live.sharing.watchers.append(self._on_change)

    def on_unmount(self) -> None:
        """Follow them no more."""
        self.live.sharing.watchers.remove(self._on_change)

    def _on_change(self, changed: Changed | None) -> None:
        self.fit_sheet()

    # What is shown

    def rules(self) -> list[Rule]:
        """Give the rules, in order."""
        document = self.live.sharing.document
        return document.rules if document is not None else []

    def ids(self) -> list[str]:
        """Give the rules' ids."""
        return [rule.id for rule in self.rules()]

    def heading(self) -> str:
        """Say how many there are."""
        return f"Rules · {len(self.rules())}"

    def lines(self, width: int) -> list[Row]:
        """Give a line for each rule."""
        ink, rules = self.sheet.ink, self.rules()
        if self.live.sharing.document is None:
            return [Row("there is no shared document here, which the rules are in", ink("dim"))]
        if not rules:
            return [Row(f"no rules{' yet; + makes one' if self.live.sharing.may_edit else ''}", ink("dim"))]
        return self.with_choice([rule_row(rule, width, ink) for rule in rules], width)

    def hints(self) -> list[tuple[str, str]]:
        """Offer what can be done, to those who may."""
        if not self.live.sharing.may_edit:
            return []
        one = [("enter", "edit"), ("space", "on or off"), ("x", "take away")] if self.rules() else []
        return [("+", "new"), *one]

    # Keys

    def _chosen(self) -> Rule | None:
        """Give the chosen rule, if we may change it."""
        rules = self.rules()
        return rules[self.place] if rules and self.live.sharing.may_edit else None

    def action_add(self) -> None:
        """Type a new rule."""
        if self.live.sharing.may_edit:
            self._open("")

    def action_edit(self) -> None:
        """Edit the chosen rule."""
        if (rule := self._chosen()) is not None:
            self._open(rule.id)

    def _open(self, rule: str) -> None:
        board = self.live.state.board
        if board is not None:
            form = RuleForm(self.live, board, rule)
            put_over(self, form, lambda _: self._choose_rule(form.entry_id))

    def _choose_rule(self, rule: str) -> None:
        self.chosen_id = rule or self.chosen_id
        self.fit_sheet()

    def action_switch(self) -> None:
        """Let the chosen rule be looked at, or not."""
        from ...doc.edits import change

        if (rule := self._chosen()) is not None:
            self.live.sharing.edit(lambda document: change(document, "rules", rule.id, enabled=not rule.enabled))

    def action_remove(self) -> None:
        """Take the chosen rule away."""
        from ...doc.edits import close

        if (rule := self._chosen()) is None:
            return
        ids, place, now = self.ids(), self.place, self.live.state.clock()
        self.live.sharing.edit(lambda document: close(document, "rules", rule.id, now=now))
        self.choose(min(place, len(ids) - 2))
        self.notify(f"took away {clean(rule.title)} · ctrl+z brings it back", markup=False)

    def action_undo(self) -> None:
        """Take back our own latest edit, of a rule or of something else."""
        from ..undone import seen_through

        sharing = self.live.sharing
        if sharing.may_edit and (happened := seen_through(sharing, sharing.undo)):
            self.notify(f"undone: {clean(happened)}", markup=False)
