"""What may pass in the long run, and what may at once."""

from __future__ import annotations

BURST = 10.0


class Bucket:
    """
    Counts what may pass: so many a second, and after a quiet time several seconds' worth at once.

    Args:
        per_second: How many.
        now: The time, in seconds.
        burst: How many seconds' worth.

    """

    def __init__(self, per_second: float, now: float, *, burst: float = BURST) -> None:
        self._per_second = per_second
        self._most = max(per_second * burst, 1.0)
        self._left = self._most
        self._at = now

    def take(self, now: float) -> bool:
        """Let one pass, if one may."""
        self._left = min(self._left + (now - self._at) * self._per_second, self._most)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

    @property
    def low(self) -> bool:
        """Tell whether less than half of what may come at once is left."""
        return self._left < self._most / 2

    def pause(self) -> float:
        """Give the seconds until the next one may pass, as seen when one was last asked for."""
        return max(1.0 - self._left, 0.0) / self._per_second
