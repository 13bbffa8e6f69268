"""One feed's way into the log: stamped with its name, counted, limited."""

from __future__ import annotations

import asyncio

from ..event import Event, Record, record, unix_ms
from .limiter import Limit, limiter
from .rate import Rate
from .recorder import Arrival, Recorder

LIMITED = "feed:limited"
TELL_EVERY = 10.0


class Intake:
    """
    Takes the events of one configured feed.

    What its limit leaves out is counted, and told in the log by a ``feed:limited`` event at most every ten seconds.

    Args:
        feed: The feed's name in the workspace.
        recorder: Where its events go.
        limit: How much may go there, or None for all.

    Attributes:
        events: How many were recorded.
        last_event: When the last of them came, Unix milliseconds, or None.

    """

    def __init__(self, feed: str, recorder: Recorder, limit: Limit | None = None) -> None:
        self.feed = feed
        self.events = 0
        self.last_event: int | None = None
        self._recorder = recorder
        self._rate = Rate()
        self._limiter = None if limit is None else limiter(limit, self._record)
        self._told = 0
        self._told_at = -TELL_EVERY

    @property
    def per_second(self) -> float:
        """Give the rate of the last ten seconds."""
        return self._rate.per_second()

    @property
    def left_out(self) -> int:
        """Give how many events the limit left out."""
        return 0 if self._limiter is None else self._limiter.left_out

    async def put(self, entry: Record, cursor: str | None) -> None:
        """
        Take an event of this feed, and wait while there is no room for it.

        Args:
            entry: The event.
            cursor: Upstream's position after it, or None to leave the stored one alone.

        """
        if self._limiter is None:
            self._count(entry)
            await self._recorder.put(Arrival(self.feed, entry, cursor))
            return
        await self._limiter.put(entry, cursor)
        if self._limiter.left_out != self._told:
            await self._tell()

    def move(self, cursor: str) -> None:
        """Note that upstream moved on without an event."""
        self._recorder.put_cursor(self.feed, cursor)

    async def run(self) -> None:
        """Record what the limit holds back, as it may go; cancel to stop."""
        if self._limiter is not None:
            await self._limiter.run()

    async def flush(self) -> None:
        """Record what the limit holds back, cursor included, and tell what it left out."""
        if self._limiter is None:
            return
        await self._limiter.flush()
        if self._limiter.left_out != self._told:
            await self._tell(now=True)
        if (cursor := self._limiter.take_cursor()) is not None:
            self.move(cursor)

    def _count(self, entry: Record) -> None:
        self.events += 1
        self.last_event = entry.received
        self._rate.add(1)

    async def _record(self, entry: Record, cursor: str | None) -> None:
        self._count(entry)
        await self._recorder.put(Arrival(self.feed, entry, cursor))

    async def _tell(self, *, now: bool = False) -> None:
        assert self._limiter is not None  # noqa: S101 - for the type checker: only a limiter leaves out
        time = asyncio.get_running_loop().time()
        if not now and time < self._told_at + TELL_EVERY:
            return
        limit, left_out = self._limiter.limit, self._limiter.left_out
        data = {"left_out": left_out - self._told, "limit": limit.text, "overflow": limit.overflow}
        self._told, self._told_at = left_out, time
        await self._record(record(Event(type=LIMITED, data=data), feed=self.feed, received=unix_ms()), None)
