"""Ending a connection that shows no sign of life, or that a better one is to replace."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

LIFE = 1.0


class Watch:
    """
    Watches one connection; costs nothing per event.

    Args:
        silence: Seconds without a sign of life after which the connection is ended, or None.
        patience: Seconds in which the first sign of life has to come, or None.
        until: When to end it in any case, on the event loop's clock, or None.

    Attributes:
        busy: Set while it is us, and not upstream, who keep the connection waiting.
        first: When the first sign of life came, on the event loop's clock, or None.
        last: When the latest came, or when the watch began.
        verdict: Why the connection was ended: ``until``, or that there was no sign of life, in words; else empty.

    """

    def __init__(self, silence: float | None, patience: float | None = None, until: float | None = None) -> None:
        self.busy = False
        self.first: float | None = None
        self.last = 0.0
        self.verdict = ""
        self._silence = silence
        self._patience = patience
        self._until = until
        self._timer: asyncio.TimerHandle | None = None
        self._silent = False

    def sign(self) -> None:
        """Take note of a sign of life."""
        self.last = asyncio.get_running_loop().time()
        if self.first is None:
            self.first = self.last

    def lived(self, now: float) -> float | None:
        """Give for how many seconds there was life until `now`; None if there was none but at the very start."""
        if self.first is None:
            return None
        if not self._silent:
            return now - self.first
        life = self.last - self.first
        return life if life >= LIFE else None

    @contextmanager
    def over(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """Watch while the block runs; to end it, `deadline` is made to expire."""
        self.last = asyncio.get_running_loop().time()
        self._check(deadline)
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _check(self, deadline: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        limit = self._limit()
        silent_at = None if limit is None else (now if self.busy else self.last) + limit
        if self._until is not None and self._until <= now:
            self.verdict = "until"
        elif silent_at is not None and silent_at <= now:
            self._silent = True
            self.verdict = f"no sign of life for {limit:g} s"
        else:
            due = [at for at in (silent_at, self._until) if at is not None]
            self._timer = loop.call_at(min(due), self._check, deadline) if due else None
            return
        deadline.reschedule(now)

    def _limit(self) -> float | None:
        limits = (self._silence, self._patience if self.first is None else None)
        return min((limit for limit in limits if limit is not None), default=None)
