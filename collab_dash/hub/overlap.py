"""Telling apart what two connections upstream both bring."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable

from ..event import Record

REMEMBERED = 4096
LASTS = 120.0


class Overlap:
    """
    Remembers what came lately, so that what comes again by another connection is not taken for new.

    After a connection ended, each event that came before is recognised once, for two minutes: lists and replays tell
    at once what they have, and later the same content may rightly come again.

    Args:
        told: Events recorded before, oldest first.

    """

    def __init__(self, told: Iterable[Record] = ()) -> None:
        self._lately: deque[int] = deque((_identity(entry) for entry in told), maxlen=REMEMBERED)
        self._before: Counter[int] = Counter()
        self._until = 0.0

    def expect_again(self, now: float) -> None:
        """Take what came so far for known, if it comes again; `now` in seconds."""
        self._before = Counter(self._lately)
        self._until = now + LASTS

    def repeats(self, entry: Record, now: float) -> bool:
        """Tell whether an earlier connection brought this; if not, remember it."""
        identity = _identity(entry)
        if self._before:
            if now > self._until:
                self._before.clear()
            elif self._before[identity] > 0:
                self._before[identity] -= 1
                return True
        self._lately.append(identity)
        return False


def _identity(entry: Record) -> int:
    return hash((entry.type, entry.key, entry.data))
