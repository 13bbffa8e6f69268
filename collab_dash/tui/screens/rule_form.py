"""The form of a rule."""

from __future__ import annotations

from typing import Any

from ...board import Board
from ...rules import Rule
from ..live import Live
from ..rule_fields import RULE_FIELDS
from .form import Form

_UNSET = Rule(when="")


class RuleForm(Form):
    """
    Edits a rule, or adds one.

    Args:
        live: The screen's hold on the session.
        board: What feeds there are.
        rule: The rule's id; empty for a new one, whose id stands in `entry_id` once it is added.

    """

    root = "rules"
    went = "taken away"

    def __init__(self, live: Live, board: Board, rule: str = "") -> None:
        super().__init__(live, board, rule, RULE_FIELDS, _UNSET)

    def name_of(self, entry: Rule) -> str:
        """Give its name, or else when it fires."""
        return entry.name or entry.when or "New rule"

    def write(self, changes: dict[str, Any]) -> None:
        """Write what was changed, or the new rule, for everybody."""
        if self.entry_id:
            super().write(changes)
            return
        from ...doc.edits import add_rule

        rule = Rule(**{line.field.name: line.read(self.board) for line in self.lines})
        self.entry_id = self.live.sharing.edit(lambda document: add_rule(document, rule)) or ""
