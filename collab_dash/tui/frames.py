"""The frame clock: whoever changed is painted with the next frame, at most 15 times a second."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Protocol

FRAME = 1 / 15


class Paintable(Protocol):
    """What can be painted."""

    def paint(self) -> None:
        """Bring the screen up to date."""


class Frames:
    """
    Gathers who wants to be painted; idle when nobody does.

    Args:
        later: Calls a function after some seconds.

    """

    def __init__(self, later: Callable[[float, Callable[[], None]], object]) -> None:
        self._later = later
        self._waiting: dict[Paintable, None] = {}
        self._last = 0.0
        self._pending = False

    def want(self, paintable: Paintable) -> None:
        """Paint `paintable` with the next frame."""
        self._waiting[paintable] = None
        if not self._pending:
            self._pending = True
            self._later(max(self._last + FRAME - monotonic(), 0.001), self.flush)

    def now(self, paintable: Paintable) -> None:
        """Paint `paintable` at once: somebody pressed a key and looks for the answer."""
        self._waiting.pop(paintable, None)
        paintable.paint()

    def flush(self) -> None:
        """Paint everybody who waits, now."""
        self._pending = False
        self._last = monotonic()
        waiting, self._waiting = self._waiting, {}
        for paintable in waiting:
            paintable.paint()
