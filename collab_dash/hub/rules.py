"""Rules at work: every committed event that a rule looks at, once, and a timer for what has to hold."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Iterable, Sequence

import msgspec

from ..errors import LogError
from ..event import Event, Record, unix_ms
from ..rules import MAX_TEXT, Evaluator, Firing, Rule
from ..store.log import Log
from ..wire import Alert
from .alerts import Alerts
from .bucket import Bucket

PER_SECOND = 2.0

_log = logging.getLogger("collab_dash.hub")
_decode = msgspec.json.Decoder(dict).decode


class Rules:
    """
    Lets alerts fire.

    A rule whose keys are all different could fire for every event; it may do so twenty times at once and then twice a
    second, and the next alert tells how many were left out.

    Args:
        alerts: Where alerts go.
        rules: The rules to begin with.

    """

    def __init__(self, alerts: Alerts, rules: Iterable[Rule] = ()) -> None:
        self._alerts = alerts
        self._evaluator = Evaluator()
        self._past: list[Alert] = []
        self._earlier = asyncio.Event()
        self._next: float | None = None
        self._buckets: dict[str, Bucket] = {}
        self._left_out: dict[str, int] = {}
        self._evaluator.set_rules(rules)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules, as they were set."""
        return self._evaluator.rules

    @property
    def faults(self) -> dict[str, str]:
        """Why rules do not work, by their id."""
        return self._evaluator.faults

    def set_rules(self, rules: Iterable[Rule]) -> None:
        """Look at these rules from now on, at any time; what unchanged ones wait for goes on."""
        known = {rule.id for rule in self.rules}
        self._evaluator.set_rules(rules)
        self._remember(known)
        for id_, fault in self.faults.items():
            _log.warning("rule %s does not work: %s", id_, fault)
        ids = {rule.id for rule in self.rules}
        self._buckets = {id_: bucket for id_, bucket in self._buckets.items() if id_ in ids}
        self._left_out = {id_: count for id_, count in self._left_out.items() if id_ in ids}
        self._earlier.set()

    async def load(self, log: Log) -> None:
        """Learn from the log what is firing, and what has to be quiet since it fired before."""
        try:
            self._past = await self._alerts.load(log)
        except LogError as error:
            _log.warning("what was firing before is not known: %s", error)
        self._remember(frozenset())

    def _remember(self, known: Iterable[str]) -> None:
        """Have rules that are not among `known` keep the quiet of what they fired before the hub started."""
        now, present = asyncio.get_running_loop().time(), unix_ms()
        for alert in self._past:
            if alert.rule not in known:
                ago = max(present - alert.fired, 0) / 1000
                self._evaluator.fired(alert.rule, alert.feed, alert.key, now - ago)

    def evaluate(self, first: int | None, records: Sequence[Record]) -> None:
        """
        Look at what was committed; never waits, never raises.

        Args:
            first: The offset of the first record; None if the batch could not be recorded.
            records: In the order of the log.

        """
        rules = self._evaluator
        if rules.idle:
            return
        now = asyncio.get_running_loop().time()
        for place, entry in enumerate(records):
            if rules.wants(entry.feed):
                self._look(None if first is None else first + place, entry, now)
        due = rules.due_at()
        if due is not None and (self._next is None or due < self._next):
            self._earlier.set()

    def _look(self, offset: int | None, entry: Record, now: float) -> None:
        try:
            event = Event(
                offset=offset,
                feed=entry.feed,
                type=entry.type,
                key=entry.key,
                time=entry.time,
                received=entry.received,
                data=_decode(entry.data),
            )
            if fired := self._evaluator.take(event, now):
                self._fire(fired, now)
        except Exception:  # noqa: BLE001 - the writer must go on
            _log.exception("rules failed on an event of %s", entry.feed)

    async def run(self) -> None:
        """Fire what has held for long enough, when it has; cancel to stop."""
        clock = asyncio.get_running_loop().time
        while True:
            self._earlier.clear()
            self._next = self._evaluator.due_at()
            try:
                async with asyncio.timeout_at(self._next):
                    await self._earlier.wait()
            except TimeoutError:
                now = clock()
                self._fire(self._evaluator.due(now), now)

    def _fire(self, firings: Iterable[Firing], now: float) -> None:
        for rule, seen in firings:
            if rule.id not in self._buckets:
                self._buckets[rule.id] = Bucket(PER_SECOND, now)
            if not self._buckets[rule.id].take(now):
                self._leave_out(rule)
                continue
            alert = Alert(
                alert=secrets.token_hex(6),
                rule=rule.id,
                name=rule.title[:MAX_TEXT],
                when=rule.when[:MAX_TEXT],
                feed=seen.feed,
                key=seen.key,
                offset=seen.offset,
                time=seen.time,
                text=seen.text,
                fired=unix_ms(),
                notify=rule.notify,
                left_out=self._left_out.pop(rule.id, 0),
            )
            self._alerts.fire(alert)

    def _leave_out(self, rule: Rule) -> None:
        if rule.id not in self._left_out:
            _log.warning("the rule %r fires too often; some of its alerts are left out", rule.title)
        self._left_out[rule.id] = self._left_out.get(rule.id, 0) + 1
