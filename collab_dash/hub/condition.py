"""How one upstream is doing, as all who look at its feeds are told."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import msgspec

from ..event import unix_ms
from ..wire import FeedStatus
from .intake import Intake
from .ways import Ways

_log = logging.getLogger("collab_dash.hub")


class Condition:
    """
    The state that the feeds of one upstream share.

    What goes wrong is logged once, and once more when it is well again, however many tries lie between.

    Args:
        plugin: The feed plugin's name.
        ways: How it goes upstream.
        intakes: Where its events go: one for each configured feed.
        changed: Called for each feed whenever its state changes.

    """

    def __init__(
        self,
        plugin: str,
        ways: Ways,
        intakes: Sequence[Intake],
        changed: Callable[[FeedStatus], None],
    ) -> None:
        self._ways = ways
        self._intakes = intakes
        self._changed = changed
        transport = ways.feed.transport
        self._status = FeedStatus(feed=intakes[0].feed, plugin=plugin, transport=transport, since=unix_ms())

    @property
    def live(self) -> bool:
        """Whether there are signs of life from upstream."""
        return self._status.state == "live"

    def of(self, feed: str) -> FeedStatus:
        """Give how one of the feeds is doing now."""
        intake = next(intake for intake in self._intakes if intake.feed == feed)
        return msgspec.structs.replace(
            self._status,
            feed=feed,
            events=intake.events,
            rate=intake.per_second,
            last_event=intake.last_event,
            left_out=intake.left_out,
        )

    def note(self, text: str) -> None:
        """Say what a plugin has to say; that it does is a sign of life."""
        if not self.live:
            self.enter("live", note=text)
        elif text != self._status.note:
            self._set(msgspec.structs.replace(self._status, note=text))

    def enter(
        self, state: str, *, reason: str = "", hint: str = "", pause: float | None = None, note: str = ""
    ) -> None:
        """
        Be in a state.

        Args:
            state: One of those of `FeedStatus`.
            reason: Why, for a person; while it is connecting the reason before that stands.
            hint: What to do about it.
            pause: Seconds until the next try; None for no such.
            note: What the plugin says.

        """
        now = unix_ms()
        worse = state in ("waiting", "failed")
        if state == "failed" or (worse and self._status.attempt == 0):
            _log.warning("feed %s: %s", self._intakes[0].feed, reason)
        elif state == "live" and self._status.attempt:
            _log.info("feed %s: live again", self._intakes[0].feed)
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
                transport=self._ways.feed.transport,
                fallback=self._ways.why,
            )
        )

    def _set(self, status: FeedStatus) -> None:
        self._status = status
        for intake in self._intakes:
            self._changed(self.of(intake.feed))
