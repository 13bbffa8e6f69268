"""One task per feed: connect, take events, and when it breaks, know whether and when to try again."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec

from ..errors import FeedBroken, FeedFailed
from ..event import Event, record_or_reject, unix_ms
from ..feed import Feed, FeedContext
from ..retry import backoff
from ..wire import FeedStatus
from .rate import Rate
from .recorder import Arrival, Recorder

SETTLED = 10.0

_log = logging.getLogger("collab_dash.hub")


class Runner:
    """
    Keeps one feed going for as long as the hub lives.

    Args:
        name: The feed's name in the workspace.
        plugin: The feed plugin's name.
        feed: The configured feed.
        recorder: Where its events go.
        folder: The workspace's folder.
        cursor: Upstream's position after the last recorded event, or None.
        changed: Called whenever the feed's state changes.

    """

    def __init__(
        self,
        name: str,
        plugin: str,
        feed: Feed[Any],
        recorder: Recorder,
        *,
        folder: Path,
        cursor: str | None,
        changed: Callable[[FeedStatus], None],
    ) -> None:
        self.name = name
        self._feed = feed
        self._recorder = recorder
        self._folder = folder
        self._cursor = cursor
        self._changed = changed
        self._again = asyncio.Event()
        self._rate = Rate()
        self._events = 0
        self._last_event: int | None = None
        self._last_sign = 0.0
        self._status = FeedStatus(feed=name, plugin=plugin, transport=feed.transport, since=unix_ms())

    @property
    def status(self) -> FeedStatus:
        """Give how the feed is doing now."""
        return msgspec.structs.replace(
            self._status, events=self._events, rate=self._rate.per_second(), last_event=self._last_event
        )

    def reconnect(self) -> None:
        """Try again now, if it is waiting or has failed."""
        self._again.set()

    async def run(self) -> None:
        """Run the feed for as long as the hub lives; cancel to stop it."""
        clock = asyncio.get_running_loop().time
        delays = backoff()
        while True:
            self._enter("connecting")
            started = clock()
            try:
                await self._connect_once()
                self._enter("stopped", reason="the source has ended")
                pause = None
            except FeedFailed as error:
                self._enter("failed", reason=str(error), hint=error.hint)
                pause = None
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it must not end the hub
                if clock() - started > SETTLED:
                    delays = backoff()
                pause = self._broken(error, next(delays))
            await self._wait(pause)

    def _broken(self, error: Exception, pause: float) -> float:
        if isinstance(error, FeedBroken):
            pause = max(pause, error.retry_after or 0.0)
            self._enter("waiting", reason=str(error), hint=error.hint, pause=pause)
        else:
            _log.error("feed %s: its plugin raised", self.name, exc_info=error)
            reason = f"the plugin raised {type(error).__name__}: {error}"
            self._enter("waiting", reason=reason, hint="see the hub's log", pause=pause)
        return pause

    async def _wait(self, pause: float | None) -> None:
        self._again.clear()
        try:
            async with asyncio.timeout(pause):
                await self._again.wait()
        except TimeoutError:
            pass

    async def _connect_once(self) -> None:
        context = FeedContext(
            name=self.name,
            cursor=self._cursor,
            folder=self._folder,
            environ=os.environ,
            log=logging.getLogger(f"collab_dash.feed.{self.name}"),
            note=self._note,
        )
        try:
            async with asyncio.timeout(None) as deadline:
                with self._watching(deadline):
                    async with aclosing(cast("AsyncGenerator[Event, None]", self._feed.events(context))) as events:
                        await self._take(context, events)
        except TimeoutError:
            if deadline.expired():
                raise FeedBroken(f"no sign of life for {self._feed.silence:g} s") from None
            raise
        finally:
            if context.cursor is not None and context.cursor != self._cursor:
                self._cursor = context.cursor
                self._recorder.put_cursor(self.name, context.cursor)

    async def _take(self, context: FeedContext, events: AsyncIterator[Event]) -> None:
        clock = asyncio.get_running_loop().time
        put = self._recorder.put
        async for event in events:
            now = unix_ms()
            self._last_sign = clock()
            if self._status.state != "live":
                self._enter("live")
            entry = record_or_reject(event, feed=self.name, received=now)
            cursor = None
            if context.cursor != self._cursor:
                cursor = self._cursor = context.cursor
            self._events += 1
            self._last_event = now
            self._rate.add(1)
            await put(Arrival(self.name, entry, cursor))

    @contextmanager
    def _watching(self, deadline: asyncio.Timeout) -> Iterator[None]:
        """End the connection once there was no sign of life for too long; costs nothing per event."""
        limit = self._feed.silence
        if limit is None:
            yield
            return
        loop = asyncio.get_running_loop()
        self._last_sign = loop.time()

        def check() -> None:
            due = self._last_sign + limit
            if due <= loop.time():
                deadline.reschedule(due)
            else:
                timers[0] = loop.call_at(due, check)

        timers = [loop.call_later(limit, check)]
        try:
            yield
        finally:
            timers[0].cancel()

    def _note(self, text: str) -> None:
        self._last_sign = asyncio.get_running_loop().time()
        if self._status.state != "live":
            self._enter("live", note=text)
        elif text != self._status.note:
            self._set(msgspec.structs.replace(self._status, note=text))

    def _enter(
        self, state: str, *, reason: str = "", hint: str = "", pause: float | None = None, note: str = ""
    ) -> None:
        now = unix_ms()
        worse = state in ("waiting", "failed")
        if worse and self._status.attempt == 0:
            _log.warning("feed %s: %s", self.name, reason)
        elif state == "live" and self._status.attempt:
            _log.info("feed %s: live again", self.name)
        attempt = 0 if state == "live" else self._status.attempt + worse
        self._set(
            msgspec.structs.replace(
                self._status,
                state=state,
                since=now if state != self._status.state else self._status.since,
                reason=reason or (self._status.reason if state == "connecting" else ""),
                hint=hint,
                retry_at=None if pause is None else now + round(pause * 1000),
                note=note,
                attempt=attempt,
            )
        )

    def _set(self, status: FeedStatus) -> None:
        self._status = status
        self._changed(self.status)
