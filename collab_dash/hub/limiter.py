"""What a feed may record a second, and what becomes of the rest."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from ..event import Record
from ..feed import Overflow
from .bucket import Bucket

SPAN = 1.0
MAX_HELD = 10_000

Forward = Callable[[Record, str | None], Awaitable[None]]


class Limit(NamedTuple):
    """
    How much a feed may record.

    Args:
        per_second: Events, in the long run; ten seconds' worth may come at once.
        overflow: What becomes of the rest.
        text: As it is written, ``2000/s``.

    """

    per_second: float
    overflow: Overflow
    text: str


class Limiter:
    """
    Forwards events no faster than its limit, and leaves out what is too much.

    A cursor is forwarded with the event it came with, or with the next one that is.

    Args:
        limit: How fast.
        forward: Takes an event and a cursor; may wait.

    Attributes:
        left_out: How many events were not forwarded.

    """

    def __init__(self, limit: Limit, forward: Forward) -> None:
        self.limit = limit
        self.left_out = 0
        self._forward = forward
        self._clock = asyncio.get_running_loop().time
        self._bucket = Bucket(limit.per_second, self._clock())
        self._cursor: str | None = None

    async def put(self, entry: Record, cursor: str | None) -> None:
        """Forward an event now, later, or not at all."""
        if cursor is not None:
            self._cursor = cursor
        if self._holds(entry) or not self._may_pass():
            await self._exceeded(entry)
        else:
            await self._pass(entry)

    async def run(self) -> None:
        """Forward what was held back, as it may go; cancel to stop."""

    async def flush(self) -> None:
        """Forward what is held back, now."""

    def take_cursor(self) -> str | None:
        """Give the cursor that waits for an event to go with, and forget it."""
        cursor, self._cursor = self._cursor, None
        return cursor

    def _may_pass(self) -> bool:
        return self._bucket.take(self._clock())

    def _holds(self, entry: Record) -> bool:
        return False

    async def _exceeded(self, entry: Record) -> None:
        self.left_out += 1

    async def _pass(self, entry: Record) -> None:
        await self._forward(entry, self.take_cursor())


class Sampling(Limiter):
    """
    Leaves out what is too much, by lot.

    Events often come in bursts, and of a burst not always the first ones are to pass. So once half of what may come at
    once is used up, each event has the same chance, such that about as many pass as may.
    """

    def __init__(self, limit: Limit, forward: Forward) -> None:
        super().__init__(limit, forward)
        self._chance = 1.0
        self._came = 0
        self._counted_from = self._clock()

    def _may_pass(self) -> bool:
        now = self._clock()
        self._came += 1
        if (span := now - self._counted_from) >= SPAN:
            self._chance = min(self.limit.per_second * span / self._came, 1.0)
            self._came, self._counted_from = 0, now
        by_lot = self._bucket.low and random.random() >= self._chance  # noqa: S311 - a sample, not a secret
        return not by_lot and self._bucket.take(now)


class Waiting(Limiter):
    """Slows the source down; nothing is left out."""

    async def _exceeded(self, entry: Record) -> None:
        while True:
            await asyncio.sleep(self._bucket.pause())
            if self._bucket.take(self._clock()):
                await self._pass(entry)
                return


class Conflating(Limiter):
    """Holds back what is too much, at most the latest of each type and key; an event without a key is left out."""

    def __init__(self, limit: Limit, forward: Forward) -> None:
        super().__init__(limit, forward)
        self._held: dict[tuple[str, str], Record] = {}
        self._some = asyncio.Event()

    def _holds(self, entry: Record) -> bool:
        return (entry.type, entry.key) in self._held

    async def _exceeded(self, entry: Record) -> None:
        if entry.key is None or (not self._holds(entry) and len(self._held) >= MAX_HELD):
            self.left_out += 1
            return
        self.left_out += self._holds(entry)
        self._held[entry.type, entry.key] = entry
        self._some.set()

    async def run(self) -> None:
        """Forward what was held back, as it may go; cancel to stop."""
        while True:
            await self._some.wait()
            if self._bucket.take(self._clock()):
                await self._release()
            else:
                await asyncio.sleep(self._bucket.pause())

    async def flush(self) -> None:
        """Forward what is held back, now."""
        while self._held:
            await self._release()

    async def _release(self) -> None:
        oldest = next(iter(self._held), None)
        if oldest is not None:
            await self._pass(self._held.pop(oldest))
        if not self._held:
            self._some.clear()


def limiter(limit: Limit, forward: Forward) -> Limiter:
    """Make the limiter for a limit's overflow."""
    kinds: dict[Overflow, type[Limiter]] = {"wait": Waiting, "sample": Sampling, "conflate": Conflating}
    return kinds[limit.overflow](limit, forward)
