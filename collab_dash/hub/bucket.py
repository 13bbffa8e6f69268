"""What may pass in the long run, and what may at once."""

from __future__ import annotations

import asyncio
from time import monotonic

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

    @property
    def per_second(self) -> float:
        """How many may pass in the long run."""
        return self._per_second

    def take(self, now: float, weight: float = 1.0) -> bool:
        """Let one pass, if one may; it counts as `weight`, or as all that may come at once where that is less."""
        self._left = min(self._left + max(now - self._at, 0.0) * self._per_second, self._most)
        self._at = now
        weight = min(weight, self._most)
        if self._left < weight:
            return False
        self._left -= weight
        return True

    @property
    def low(self) -> bool:
        """Tell whether less than half of what may come at once is left."""
        return self._left < self._most / 2

    def pause(self, weight: float = 1.0) -> float:
        """Give the seconds until the next one of a weight may pass, as seen when one was last asked for."""
        return max(min(weight, self._most) - self._left, 0.0) / self._per_second


async def turn(bucket: Bucket, weight: float = 1.0) -> None:
    """Wait until one of a weight may pass, by the monotonic clock."""
    while not bucket.take(monotonic(), weight):  # noqa: ASYNC110 - time itself
        await asyncio.sleep(bucket.pause(weight))
