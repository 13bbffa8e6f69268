"""How long those rest who cost the hub much with what may not stand, on whatever link they come back."""

from __future__ import annotations


class Rests:
    """Until when an address rests; times are of one clock, in seconds."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def until(self, address: str) -> float:
        """Give until when, 0 for not at all."""
        return self._until.get(address, 0.0)

    def note(self, address: str, until: float, *, now: float) -> None:
        """Let an address rest; those that have rested are forgotten."""
        self._until = {each: end for each, end in self._until.items() if end > now}
        self._until[address] = max(until, self._until.get(address, 0.0))
