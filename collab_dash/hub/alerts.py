"""What is firing: derived from the log, told to everybody, acknowledged by name."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Collection
from contextlib import suppress
from typing import Any

import msgspec

from ..errors import LogUnavailable, RequestRefused
from ..event import ALERTS_FEED, FIRED, UNREACHED, Event, record, unix_ms
from ..store.log import Log
from ..wire import ACKNOWLEDGE, FIRING, Alert, Code
from .recorder import Recorder
from .subscriber import Subscriber
from .targets import Targets

MOST = 200
TAIL = 2000

_log = logging.getLogger("collab_dash.hub")


class Alerts:
    """
    The alerts that fired and that nobody has acknowledged yet, the latest 200.

    They are events of the feed ``alerts`` like everything else, and become known only once they are on disk: after a
    restart the same ones are firing.

    Args:
        recorder: Writes them down.
        joined: Everybody who is to know, as it changes.
        targets: Where the hub sends them; whoever runs the hub runs it too.

    """

    def __init__(self, recorder: Recorder, joined: Collection[Subscriber], targets: Targets) -> None:
        self.targets = targets
        targets.failed = self._failed
        self._recorder = recorder
        self._joined = joined
        self._firing: OrderedDict[str, Alert] = OrderedDict()
        self._done: OrderedDict[str, str] = OrderedDict()
        self._acknowledging: dict[str, tuple[str, asyncio.Future[int]]] = {}
        self._loaded = False
        self._telling: asyncio.Handle | None = None
        self._missed: set[Subscriber] = set()

    @property
    def firing(self) -> list[Alert]:
        """What is firing, oldest first."""
        return list(self._firing.values())

    async def load(self, log: Log) -> list[Alert]:
        """Learn what is firing from the end of the log; give every alert that was found there, oldest first."""
        self._firing.clear()
        self._done.clear()
        page = await log.read_back(before=log.last + 1, limit=TAIL, feeds=[ALERTS_FEED], types=[FIRED, ACKNOWLEDGE])
        found = [alert for event in page.events if (alert := self._recall(msgspec.json.decode(event, type=Event)))]
        self._loaded = True
        self._changed()
        return found

    def _recall(self, event: Event) -> Alert | None:
        if event.type == ACKNOWLEDGE:
            self._acknowledged(str(event.data.get("alert")), str(event.data.get("by")))
            return None
        try:
            alert = msgspec.convert(event.data, Alert)
        except msgspec.ValidationError:
            return None  # written by another version
        self._fires(alert)
        return alert

    def enter(self, subscriber: Subscriber) -> None:
        """Tell somebody who came what is firing, if that is known already."""
        if self._loaded:
            subscriber.push(FIRING, self.firing)

    def fire(self, alert: Alert) -> None:
        """Write an alert down, and let everybody know once it is."""
        written = self._write(FIRED, alert.alert, msgspec.to_builtins(alert))
        written.add_done_callback(lambda done: self._fired(alert, done))

    def _fired(self, alert: Alert, written: asyncio.Future[int]) -> None:
        if written.cancelled():
            return
        if (error := written.exception()) is not None:  # everybody was told all the same
            _log.warning("the alert %r was not recorded: %s", alert.name, error)
        self._fires(alert)
        self._changed()
        self.targets.send(alert)

    async def acknowledge(self, alert: str, by: str) -> str:
        """
        Let an alert fire no longer.

        Returns:
            Who acknowledged it: `by`, or who did so before.

        Raises:
            RequestRefused: If there is no such alert among those that are firing, or were lately.

        """
        if alert not in self._done and alert not in self._acknowledging:
            known = self._firing.get(alert)
            if known is None:
                raise RequestRefused("there is no such alert", code=Code.NOT_FOUND, path=("data", "alert"))
            told = {"alert": alert, "by": by, "rule": known.rule, "name": known.name, "text": known.text}
            written = self._write(ACKNOWLEDGE, alert, told)
            self._acknowledging[alert] = by, written
            written.add_done_callback(lambda done: self._over(alert, by, done))
        if alert in self._done:
            return self._done[alert]
        first, written = self._acknowledging[alert]
        with suppress(LogUnavailable):
            await asyncio.shield(written)  # whoever asked may leave; what is on its way to the log stays
        return first

    def _over(self, alert: str, by: str, written: asyncio.Future[int]) -> None:
        del self._acknowledging[alert]
        if written.cancelled():
            return
        if (error := written.exception()) is not None:
            _log.warning("that %r acknowledged the alert %s was not recorded: %s", by, alert, error)
        self._acknowledged(alert, by)
        self._changed()

    def _failed(self, alert: Alert, target: str, reason: str) -> None:
        """Write down that a target did not take an alert."""
        _log.warning("the alert %r did not reach the target %r: %s", alert.name, target, reason)
        told = {"alert": alert.alert, "rule": alert.rule, "name": alert.name, "target": target, "reason": reason}
        self._write(UNREACHED, alert.alert, told).add_done_callback(_let_be)

    def _write(self, type_: str, key: str, data: dict[str, Any]) -> asyncio.Future[int]:
        return self._recorder.follow(
            record(Event(type=type_, key=key, data=data), feed=ALERTS_FEED, received=unix_ms())
        )

    def _fires(self, alert: Alert) -> None:
        self._firing[alert.alert] = alert
        if len(self._firing) > MOST:
            self._firing.popitem(last=False)

    def _acknowledged(self, alert: str, by: str) -> None:
        self._firing.pop(alert, None)
        self._done[alert] = by
        if len(self._done) > MOST:
            self._done.popitem(last=False)

    def _changed(self) -> None:
        """Tell everybody, once for all that changed in one turn of the loop."""
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._telling = None
        self._missed = set(self._joined)
        self.tell_again()

    def tell_again(self) -> None:
        """Tell those who were behind when something changed."""
        if self._missed:
            firing = self.firing
            here = self._missed.intersection(self._joined)
            self._missed = {subscriber for subscriber in here if not subscriber.push(FIRING, firing)}


def _let_be(written: asyncio.Future[int]) -> None:
    """Take note of an outcome that nobody waits for."""
    if not written.cancelled():
        written.exception()
