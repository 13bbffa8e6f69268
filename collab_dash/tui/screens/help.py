"""The help: every key that works here and now."""

from __future__ import annotations

from textual.binding import Binding
from textual.keys import format_key

from ..drawing.row import Row
from ..drawing.text import fit
from ..live import Live
from ..widgets.keys import is_ours
from .dialogs import Dialog

NAMES = 18
_TWINS = {"ctrl+q": "ctrl+q", "ctrl+p": "ctrl+p", "f1": "F1", "ctrl+z": "ctrl+z", "ctrl+y": "ctrl+y"}
_TWINS |= {f"ctrl+{way}": f"ctrl+{way}" for way in ("left", "right", "up", "down")}
_GROUPS = {"BoardApp": "Everywhere", "BoardScreen": "Board"}


class HelpDialog(Dialog):
    """
    Every key that works here and now.

    Args:
        live: The screen's hold on the session.
        keys: Whose key it is, and the binding.

    """

    def __init__(self, live: Live, keys: list[tuple[str, Binding]]) -> None:
        super().__init__(live)
        self._groups: dict[str, dict[str, list[str]]] = {}
        for owner, binding in keys:
            if not is_ours(binding):
                continue
            group = self._groups.setdefault(_GROUPS.get(owner, "This pane"), {})
            names = group.setdefault(binding.description, [])
            name = _TWINS.get(binding.key) or binding.key_display or format_key(binding.key)
            if name not in names:
                names.append(name)
                names.sort(key=lambda name: name in _TWINS.values())

    def heading(self) -> str:
        """Give the title."""
        return "Keys that work here"

    def lines(self, width: int) -> list[Row]:
        """Give them by group."""
        ink = self.sheet.ink
        rows: list[Row] = []
        for group in ("This pane", "Board", "Everywhere"):
            keys = self._groups.get(group)
            if not keys:
                continue
            rows += [Row()] if rows else []
            rows.append(Row(group, ink("strong")))
            across = 2 if width >= 80 else 1
            cells = [
                Row(fit("  " + " ".join(names), NAMES), ink("accent")).add(
                    fit(what, width // across - NAMES), ink("text")
                )
                for what, names in keys.items()
            ]
            down = -(-len(cells) // across)
            for y in range(down):
                row = Row()
                for cell in cells[y::down]:
                    row.extend(cell)
                rows.append(row)
        return rows
