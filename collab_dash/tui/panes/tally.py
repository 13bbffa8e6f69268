"""How many events of each kind came of late."""

from __future__ import annotations

from collections import Counter, deque

BUCKETS = 600
MOST_COUNTED = 5000
OTHERS = "others"


class Tally:
    """
    Counts by name over a span of time; of very many names the later ones together.

    Args:
        span: Seconds that count.

    Attributes:
        counts: How many there are of each name; not below zero.

    """

    def __init__(self, span: int) -> None:
        self.counts: Counter[str] = Counter()
        self._span = span
        self._step = max(span // BUCKETS, 1)
        self._buckets: deque[tuple[int, Counter[str]]] = deque()

    def add(self, second: int, name: str) -> str:
        """Count one that came in a second, Unix time; give the name that it is counted under."""
        if not self._buckets or second >= self._buckets[-1][0] + self._step:
            self._buckets.append((second, Counter()))
        if name not in self.counts and len(self.counts) >= MOST_COUNTED:
            name = OTHERS
        self._buckets[-1][1][name] += 1
        self.counts[name] += 1
        return name

    def expire(self, now: int) -> list[str]:
        """Forget what came longer ago than the span; give the names of which nothing is left."""
        oldest, gone = now - self._span, []
        while self._buckets and self._buckets[0][0] + self._step - 1 <= oldest:
            for name, count in self._buckets.popleft()[1].items():
                self.counts[name] -= count
                if not self.counts[name]:
                    del self.counts[name]
                    gone.append(name)
        return gone

    def clear(self) -> None:
        """Forget everything."""
        self.counts.clear()
        self._buckets.clear()
