"""One task per upstream: connect, take events, and when it breaks, know whether, when and how to try again."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import cast

from ..errors import FeedBroken, FeedError, FeedFailed
from ..event import Event, record_or_reject, unix_ms
from ..feed import FeedContext
from ..retry import backoff
from ..wire import FeedStatus
from .condition import Condition
from .intake import Intake
from .watch import Watch
from .ways import Ways

SETTLED = 10.0

_log = logging.getLogger("collab_dash.hub")


class _Climb(Exception):
    """The connection was ended to try a better way."""


class Runner:
    """
    Keeps one upstream going for as long as the hub lives.

    Args:
        condition: What is told of it.
        ways: How to go upstream.
        intakes: Where its events go: one for each configured feed that wants the same of the same source.
        folder: The workspace's folder.

    """

    def __init__(
        self,
        condition: Condition,
        ways: Ways,
        intakes: Sequence[Intake],
        *,
        folder: Path,
    ) -> None:
        self.intakes = intakes
        self._ways = ways
        self._folder = folder
        self._again = asyncio.Event()
        self._watch = Watch(None)
        self._cursor_due = False
        self._condition = condition

    @property
    def name(self) -> str:
        """Give the name of the first feed it runs."""
        return self.intakes[0].feed

    def status_of(self, feed: str) -> FeedStatus:
        """Give how one of its feeds is doing now."""
        return self._condition.of(feed)

    def reconnect(self) -> None:
        """Try again now, if it is waiting or has failed."""
        self._again.set()

    async def run(self) -> None:
        """Run for as long as the hub lives; cancel to stop it."""
        clock = asyncio.get_running_loop().time
        delays = backoff()
        while True:
            self._climb_if_due()
            self._condition.enter("connecting")
            started = clock()
            pause: float | None = None
            try:
                await self._connect_once()
                self._condition.enter("stopped", reason="the source has ended")
            except _Climb:
                continue
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it must not end the hub
                if clock() - started > SETTLED:
                    delays = backoff()
                if self._goes_on_at_once(error, started):
                    continue
                pause = self._broken(error, delays)
            await self._wait(pause)

    def _climb_if_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._ways.climb_at is not None and self._ways.climb_at <= now:
            self._ways.climb(now)

    def _goes_on_at_once(self, error: Exception, started: float) -> bool:
        """Tell whether to connect again without a pause: by another way, or after an end that was planned."""
        now = asyncio.get_running_loop().time()
        if self._ways.ended(now, self._watch.lived(now), error):
            _log.warning("feed %s: %s; trying another way", self.name, error)
            return True
        return isinstance(error, FeedBroken) and error.planned and now - started > SETTLED

    def _broken(self, error: Exception, delays: Iterator[float]) -> float | None:
        """Say what is wrong, and give the seconds to wait; None for as long as nobody says try again."""
        if isinstance(error, FeedFailed) and self._ways.hopeless:
            self._condition.enter("failed", reason=str(error), hint=error.hint)
            return None
        pause = next(delays)
        if isinstance(error, FeedError):
            if isinstance(error, FeedBroken):
                pause = max(pause, error.retry_after or 0.0)
            self._condition.enter("waiting", reason=str(error), hint=error.hint, pause=pause)
        else:
            _log.error("feed %s: its plugin raised", self.name, exc_info=error)
            reason = f"the plugin raised {type(error).__name__}: {error}"
            self._condition.enter("waiting", reason=reason, hint="see the hub's log", pause=pause)
        return pause

    async def _wait(self, pause: float | None) -> None:
        self._again.clear()
        try:
            async with asyncio.timeout(pause):
                await self._again.wait()
            self._ways.retry()
        except TimeoutError:
            pass

    async def _connect_once(self) -> None:
        ways = self._ways
        context = FeedContext(
            name=self.name,
            cursor=ways.way_cursor,
            folder=self._folder,
            environ=os.environ,
            log=logging.getLogger(f"collab_dash.feed.{self.name}"),
            note=self._note,
        )
        self._watch = Watch(ways.feed.silence, ways.patience, ways.climb_at)
        try:
            async with asyncio.timeout(None) as deadline:
                with self._watch.over(deadline):
                    async with aclosing(cast("AsyncGenerator[Event, None]", ways.feed.events(context))) as events:
                        await self._take(context, events)
        except TimeoutError:
            if deadline.expired():
                raise _Climb if self._watch.verdict == "until" else FeedBroken(self._watch.verdict) from None
            raise
        finally:
            await self._finish(context)

    async def _take(self, context: FeedContext, events: AsyncIterator[Event]) -> None:
        ways, watch, clock = self._ways, self._watch, asyncio.get_running_loop().time
        first, *others = self.intakes
        cursor = context.cursor
        async for event in events:
            if not self._condition.live:
                watch.sign()
                self._condition.enter("live")
            entry = record_or_reject(event, feed=first.feed, received=unix_ms())
            if context.cursor is not cursor:
                cursor = context.cursor
                self._cursor_due |= ways.moved(cursor)
            if ways.several and ways.repeats(entry, clock()):
                watch.last = clock()
                continue
            due, self._cursor_due = self._cursor_due, False
            stored = ways.cursor if due else None
            watch.busy = True
            await first.put(entry, stored)
            for intake in others:
                await intake.put(entry._replace(feed=intake.feed), stored)
            watch.busy, watch.last = False, clock()

    async def _finish(self, context: FeedContext) -> None:
        """Record what limits held back, and how far upstream moved on without an event."""
        due = self._ways.moved(context.cursor) or self._cursor_due
        self._cursor_due = False
        for intake in self.intakes:
            await intake.flush()
            if due and self._ways.cursor is not None:
                intake.move(self._ways.cursor)

    def _note(self, text: str) -> None:
        self._watch.sign()
        self._condition.note(text)
