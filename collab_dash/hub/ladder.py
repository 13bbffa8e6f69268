"""Which of a feed's ways upstream to take next: pure, told the time."""

from __future__ import annotations

STEADY = 300.0
PATIENCE = 3
CLIMB_FIRST = 60.0
CLIMB_MOST = 1800.0


class Ladder:
    """
    Steps down from a way that does not work to the next one, and climbs back later.

    A way is given up at once when it was never heard of, and after three short lives when it is cut again and again,
    as by a proxy that ends what lasts a minute; a way that was given up before gets one life to prove itself. The best
    way is tried again after one minute, then after two, four and so on, up to half an hour.

    Args:
        ways: How many there are, best first.

    Attributes:
        way: The number of the one to take now, 0 for the best.
        climb_at: When to try the best way again, on the clock of the times given; None on the best way.

    """

    def __init__(self, ways: int) -> None:
        self.way = 0
        self.climb_at: float | None = None
        self._ways = ways
        self._cuts = [0] * ways
        self._patience = [PATIENCE] * ways
        self._given_up: set[int] = set()
        self._climbs = 0

    def ended(self, now: float, lived: float | None) -> bool:
        """
        Take note that a connection ended.

        Args:
            now: The time, in seconds.
            lived: For how long there was any sign of life, in seconds; None if there was none.

        Returns:
            Whether another way, not yet tried since one last worked, can be taken at once.

        """
        if lived is not None:
            self._given_up.clear()
            if self._worth_keeping(lived):
                return False
        self._cuts[self.way] = 0
        self._patience[self.way] = 1
        self._given_up.add(self.way)
        return self._step(now)

    def climb(self) -> None:
        """Go back to the best way."""
        self._climbs += 1
        self._take(0)

    def _worth_keeping(self, lived: float) -> bool:
        if lived >= STEADY:
            self._cuts[self.way] = 0
            self._patience[self.way] = PATIENCE
            if self.way == 0:
                self._climbs = 0
            return True
        self._cuts[self.way] += 1
        return self._cuts[self.way] < self._patience[self.way]

    def _step(self, now: float) -> bool:
        others = (*range(self.way + 1, self._ways), *range(self.way))
        left = next((way for way in others if way not in self._given_up), None)
        if left is None:
            self._given_up.clear()
            self._take(0)
            return False
        self._take(left)
        if self.way and self.climb_at is None:
            self.climb_at = now + min(CLIMB_FIRST * 2.0**self._climbs, CLIMB_MOST)
        return True

    def _take(self, way: int) -> None:
        self.way = way
        if way == 0:
            self.climb_at = None
