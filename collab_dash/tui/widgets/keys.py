"""The footer: the keys that work here and now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from textual.binding import ActiveBinding, Binding

from ..drawing.row import Row
from ..live import Live
from ..panes.tapped import Tapped
from .drawn import Drawn

_LAST = ("?", "q")
_FIRST = ("travel.", "alert.")  # ids of keys that are there only at times, and then are what matters


def is_ours(binding: Binding) -> bool:
    """Tell whether a key is worth naming: it does something of ours, and that has a name."""
    return bool(binding.description) and not binding.system and not binding.action.startswith("screen.")


def is_command(binding: Binding) -> bool:
    """Tell whether a key's action is worth choosing from a list of names: moving about is not."""
    action = binding.action.partition("(")[0]
    return is_ours(binding) and action not in ("back", "command_palette", "edge", "move", "number", "turn")


def shown_keys(bindings: list[Binding]) -> list[tuple[str, str]]:
    """Give each key that is worth showing with what it does, once."""
    keys = {b.description: (b.key_display or b.key, b.description) for b in reversed(bindings) if b.show}
    pairs = list(reversed(keys.values()))
    first = {b.description for b in bindings if (b.id or "").startswith(_FIRST)}
    return sorted(pairs, key=lambda pair: (pair[0] in _LAST, pair[1] not in first))


def as_it_acts(item: ActiveBinding) -> Binding:
    """Name a key for what it does now: one that stopped a pane lets it go on."""
    if item.binding.action == "pause" and isinstance(item.node, Tapped) and item.node.frozen:
        return replace(item.binding, description="Resume")
    return item.binding


class Keys(Drawn):
    """
    The footer.

    Args:
        live: The screen's hold on the session.
        typing: Whether keys are being typed into the prompt.

    """

    def __init__(self, live: Live, typing: Callable[[], bool]) -> None:
        super().__init__(live)
        self._typing = typing

    def on_mount(self) -> None:
        """Follow the bindings."""
        self.screen.bindings_updated_signal.subscribe(self, lambda screen: self.want_paint())

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw as many keys as there is room for."""
        accent, dim = self.ink("accent"), self.ink("dim")
        if self._typing():
            return [Row(" enter", accent).add(" apply  ", dim).add("Esc", accent).add(" leave as it was", dim)]
        active = [as_it_acts(item) for item in self.screen.active_bindings.values() if item.enabled]
        pairs = shown_keys(active)
        kept = [pair for pair in pairs if pair[0] in _LAST]
        room = width - 1 - sum(len(key) + len(what) + 3 for key, what in kept)
        chosen: list[tuple[str, str]] = []
        for key, what in pairs:
            if (key, what) not in kept and (cells := len(key) + len(what) + 3) <= room:
                chosen.append((key, what))
                room -= cells
        row = Row(" ", dim)
        for key, what in [*chosen, *kept]:
            row.add(key, accent).add(f" {what}  ", dim)
        return [row]
