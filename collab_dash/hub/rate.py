"""Events per second, over a short window."""

from __future__ import annotations

import time
from collections import deque

WINDOW = 10.0


class Rate:
    """Counts in one-second buckets; reading and adding cost the same however many events there were."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._buckets: deque[list[int]] = deque()

    def add(self, count: int) -> None:
        """Count `count` events now."""
        second = int(time.monotonic())
        if self._buckets and self._buckets[-1][0] == second:
            self._buckets[-1][1] += count
        else:
            self._buckets.append([second, count])
            self._forget()

    def per_second(self) -> float:
        """Give the mean of the last ten seconds, or of as long as there has been."""
        self._forget()
        span = min(max(time.monotonic() - self._started, 1.0), WINDOW)
        return sum(count for _, count in self._buckets) / span

    def _forget(self) -> None:
        oldest = time.monotonic() - WINDOW
        while self._buckets and self._buckets[0][0] < oldest:
            self._buckets.popleft()
