"""The one writer: everything that happened goes through here, in one order, to disk first."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from ..errors import LogUnavailable
from ..event import HUB_FEED, Event, Record, record, unix_ms
from ..store.log import Log
from ..wire import Recording

MAX_BATCH = 1000
MAX_QUEUED = 4096
MAX_QUEUED_BYTES = 32 << 20
HOLD = 0.002
RETRY_WRITE = 1.0
GAP = "log:gap"

_log = logging.getLogger("collab_dash.hub")


class Arrival(NamedTuple):
    """
    What waits to be written.

    Args:
        feed: The feed it came from.
        record: The event, or None when only the cursor moved.
        cursor: Upstream's position after it, or None to leave the stored one alone.
        written: Completed with the event's offset, or with `LogUnavailable`, once its batch was written.

    """

    feed: str
    record: Record | None
    cursor: str | None = None
    written: asyncio.Future[int] | None = None


Deliver = Callable[[int | None, Sequence[Record]], None]


class Recorder:
    """
    Takes arrivals on one bounded queue, appends what is there in one transaction, and then delivers it.

    When the disk refuses, delivery goes on without offsets, and once a second a write is tried again; the first
    batch that succeeds is preceded by a ``log:gap`` event that says what is missing.

    Args:
        log: The open log.
        deliver: Called after each batch with the first offset (None if it could not be recorded) and the records.
        hold: Seconds that at least pass between two transactions under load.

    """

    def __init__(self, log: Log, deliver: Deliver, *, hold: float = HOLD) -> None:
        self.log = log
        self.recording = Recording()
        self.written = 0
        self._deliver = deliver
        self._hold = hold
        self._arrivals: deque[Arrival] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._writing = asyncio.Lock()
        self._next_try = 0.0

    async def put(self, arrival: Arrival) -> None:
        """Queue an arrival; waits while the queue is full, so that a flood slows the flooding feed."""
        while len(self._arrivals) >= MAX_QUEUED or self._bytes >= MAX_QUEUED_BYTES:
            self._room.clear()
            await self._room.wait()
        self._arrivals.append(arrival)
        if arrival.record is not None:
            self._bytes += len(arrival.record.data)
        self._idle.clear()
        self._arrived.set()

    def put_cursor(self, feed: str, cursor: str) -> None:
        """Queue that upstream moved on without an event; at most one for each connection, so it never waits."""
        self._arrivals.append(Arrival(feed, None, cursor))
        self._idle.clear()
        self._arrived.set()

    async def publish(self, entry: Record) -> int:
        """
        Queue one event and wait until it is on disk.

        Returns:
            Its offset.

        Raises:
            LogUnavailable: If it could not be recorded (it was delivered all the same).

        """
        written: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        await self.put(Arrival(entry.feed, entry, None, written))
        return await written

    def follow(self, entry: Record) -> asyncio.Future[int]:
        """
        Queue what follows from an event that was just delivered; whoever calls bounds how much that is.

        It never waits, since the writer itself is what waits for nobody.

        Returns:
            Its offset, once it is on disk and delivered; as exception `LogUnavailable`, if it is only delivered.

        """
        written: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._arrivals.append(Arrival(entry.feed, entry, None, written))
        self._bytes += len(entry.data)
        self._idle.clear()
        self._arrived.set()
        return written

    async def drained(self) -> None:
        """Wait until everything queued so far has been written and delivered."""
        await self._idle.wait()

    async def switch(self, log: Log, switched: Callable[[], None]) -> None:
        """Write to another log from the next batch on; `switched` is called between the two."""
        async with self._writing:
            self.log = log
            self._next_try = 0.0
            switched()

    async def run(self) -> None:
        """Write for ever."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._something_to_do()
            started = clock()
            async with self._writing:
                await self._write(self._take())
            if self._arrivals and (pause := started + self._hold - clock()) > 0:
                await asyncio.sleep(pause)

    async def _something_to_do(self) -> None:
        """Wait for arrivals; while recording is suspended, at most until the next try."""
        if self._arrivals:
            return
        self._idle.set()
        self._arrived.clear()
        until = None if self.recording.state == "on" else self._next_try
        try:
            async with asyncio.timeout_at(until):
                await self._arrived.wait()
        except TimeoutError:
            pass

    def _take(self) -> list[Arrival]:
        queue = self._arrivals
        batch = [queue.popleft() for _ in range(min(len(queue), MAX_BATCH))]
        self._bytes -= sum(len(arrival.record.data) for arrival in batch if arrival.record is not None)
        self._room.set()
        return batch

    async def _write(self, batch: list[Arrival]) -> None:
        records = [arrival.record for arrival in batch if arrival.record is not None]
        cursors = {arrival.feed: arrival.cursor for arrival in batch if arrival.cursor is not None}
        first, error = await self._append(records, cursors)
        if records:
            self.written += len(records)
            self._deliver(first, records)
        offset = first
        for arrival in batch:
            if arrival.written is not None and not arrival.written.done():
                if offset is None:
                    arrival.written.set_exception(error or LogUnavailable("recording is suspended"))
                else:
                    arrival.written.set_result(offset)
            if offset is not None and arrival.record is not None:
                offset += 1

    async def _append(
        self, records: list[Record], cursors: Mapping[str, str | None]
    ) -> tuple[int | None, LogUnavailable | None]:
        now = asyncio.get_running_loop().time()
        suspended = self.recording.state != "on"
        if suspended and now < self._next_try:
            self._count_missed(len(records))
            return None, None
        try:
            if suspended:
                gap = self._gap()
                first = await self.log.append([gap, *records], cursors)
                self._resume(first, gap)
                return first + 1, None
            return await self.log.append(records, cursors), None
        except LogUnavailable as error:
            self._next_try = now + RETRY_WRITE
            self._suspend(str(error))
            self._count_missed(len(records))
            return None, error

    def _suspend(self, reason: str) -> None:
        if self.recording.state == "on":
            _log.warning("recording suspended: %s", reason)
            self.recording = Recording(state="suspended", reason=reason, since=unix_ms())

    def _resume(self, first: int, gap: Record) -> None:
        _log.warning("recording resumed; %d events were not recorded", self.recording.missed)
        self.recording = Recording()
        self._deliver(first, [gap])

    def _count_missed(self, count: int) -> None:
        self.recording = msgspec.structs.replace(self.recording, missed=self.recording.missed + count)

    def _gap(self) -> Record:
        now = unix_ms()
        lost = self.recording
        data = {"missed": lost.missed, "since": lost.since, "until": now, "reason": lost.reason}
        return record(Event(type=GAP, data=data), feed=HUB_FEED, received=now)
