"""
Rules: when an alert fires, told the events and the time.

::

    quakes: mag >= 4.5
    market, futures: abs(change_24h) > 5
    *: type = "log:line" and level = "error"

Before the colon stand the feeds, after it a condition of the filter language. The condition is looked at for each
key of each feed by itself. It holds from an event that matches until one of the same key that does not; silence
changes nothing. Once it has held for the rule's time the alert fires, and then again no sooner than after the rule's
pause, upon an event that matches. Nothing in here does I/O or keeps a clock.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from .errors import ConfigError
from .event import ALERTS_FEED, HUB_FEED, Event, is_feed_name
from .filter import FilterError, compile_filter

SCREEN_WAYS = ("bell", "toast", "desktop")
NOTIFY = ("bell", "toast")
COOLDOWN = 60.0
LONGEST = 366 * 86_400.0
MAX_RULES = 200
MAX_WHEN = 2500
MAX_NAME = 80
MAX_WAYS = 16
MAX_KEYS = 10_000
MAX_KEY = 1000
MAX_TEXT = 200
ALL = "*"

_PLAIN = (str, int, float, type(None))
_TEXTS = ("line", "message", "text", "title", "headline", "summary")


class RuleError(ConfigError):
    """
    A `Rule.when` that cannot be understood.

    Args:
        expected: What should have stood there, and what does.
        text: The whole of it.
        position: Where, counted in characters from 0.

    """

    def __init__(self, expected: str, text: str, position: int) -> None:
        shown = text if len(text) <= 80 else f"{text[:77]}…"
        super().__init__(
            f"rule {shown!r}, character {position + 1}: {expected}",
            hint="write for example: quakes: mag >= 4.5",
        )
        self.expected = expected
        self.text = text
        self.position = position


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    When to alert whom.

    A rule can be changed by everybody who may edit, so it only names targets; what they are, the workspace file of
    the host alone says.

    Args:
        id: Tells it from the others for as long as it exists; empty until it is among them.
        when: ``FEEDS: CONDITION``, see `parse_when`.
        name: What people call it; empty to call it by its `when`.
        hold: Seconds that the condition must hold before it fires.
        cooldown: Seconds of quiet after it fired, for each key by itself.
        notify: What is done: ``bell``, ``toast`` and ``desktop`` by every screen, names of targets by the hub.
        enabled: Whether it is looked at.

    """

    id: str = ""
    when: str
    name: str = ""
    hold: float = 0.0
    cooldown: float = COOLDOWN
    notify: tuple[str, ...] = NOTIFY
    enabled: bool = True

    @property
    def title(self) -> str:
        """What to call it."""
        return self.name or self.when


class When(NamedTuple):
    """Which feeds a rule looks at, ``*`` alone for all, and its condition."""

    feeds: tuple[str, ...]
    condition: str


def parse_when(text: str) -> When:
    """
    Read ``FEEDS: CONDITION``: names with commas between them, or ``*`` for all, then an expression.

    Raises:
        RuleError: If it is not that; it names the place.

    """
    if len(text) > MAX_WHEN:
        raise RuleError(f"expected at most {MAX_WHEN:,} characters, found {len(text):,}", text, MAX_WHEN)
    names, colon, condition = text.partition(":")
    if not colon or not names.strip():
        raise RuleError("expected the names of feeds and a colon", text, 0)
    feeds = tuple(dict.fromkeys(_feed_names(names, text)))
    start = len(names) + 1
    if not condition.strip():
        raise RuleError("expected a condition after the colon; true stands for every event", text, start)
    try:
        compile_filter(condition)
    except FilterError as error:
        raise RuleError(error.expected, text, start + error.position) from None
    return When((ALL,) if ALL in feeds else feeds, condition.strip())


def _feed_names(names: str, text: str) -> Iterator[str]:
    position = 0
    for part in names.split(","):
        name = part.strip()
        place = position + len(part) - len(part.lstrip())
        if name == ALERTS_FEED:
            raise RuleError("alerts cannot fire alerts", text, place)
        if not (name in (ALL, HUB_FEED) or is_feed_name(name)):
            raise RuleError(f"expected the name of a feed, found {name!r}", text, place)
        yield name
        position += len(part) + 1


def check_rule(rule: Rule) -> None:
    """
    Let a rule pass that can be used; whoever takes rules from others asks this first.

    Raises:
        ConfigError: If its `when` cannot be understood, or something of it is too long or no span of time.

    """
    parse_when(rule.when)
    for what, seconds in (("for", rule.hold), ("cooldown", rule.cooldown)):
        if not 0 <= seconds <= LONGEST:  # as NaN is not
            raise ConfigError(f"rule {rule.id!r}: {what} is not a span of time up to a year")
    if len(rule.name) > MAX_NAME:
        raise ConfigError(f"rule {rule.id!r}: its name has more than {MAX_NAME} characters")
    if len(rule.notify) > MAX_WAYS or any(len(way) > MAX_NAME for way in rule.notify):
        raise ConfigError(f"rule {rule.id!r}: it notifies too many, or too long a name")


class Sighting(NamedTuple):
    """What is kept of an event that matched: where it is, and what it says in one line."""

    feed: str
    key: str | None
    offset: int | None
    time: int
    text: str


class Firing(NamedTuple):
    """A rule whose condition was met, and the latest event that met it."""

    rule: Rule
    seen: Sighting


def seen(event: Event) -> Sighting:
    """Keep of an event what an alert tells."""
    key = event.key if event.key is None else event.key[:MAX_KEY]
    return Sighting(event.feed, key, event.offset, event.time or event.received, _one_line(event.data))


def _one_line(data: dict[str, Any]) -> str:
    """Say a payload in one line: its text where it has one, otherwise its first plain fields."""
    for name in _TEXTS:
        if isinstance(value := data.get(name), str) and value:
            return _short(value)
    plain = [(name, value) for name, value in list(data.items())[:20] if isinstance(value, _PLAIN)]
    return _short(" ".join(f"{name}={'null' if value is None else value}" for name, value in plain[:8]))


def _short(text: str) -> str:
    words = " ".join(text[: 4 * MAX_TEXT].split())
    return words if len(words) <= MAX_TEXT else f"{words[: MAX_TEXT - 1]}…"


Key = tuple[str, str | None]


class _Course:
    """How a rule stands with one key: since when it holds, when it last fired."""

    __slots__ = ("fired", "since")

    def __init__(self) -> None:
        self.since: float | None = None
        self.fired: float | None = None


class Watch:
    """
    One rule at work.

    Args:
        rule: The rule.
        max_keys: How many keys it remembers; of those, what was touched longest ago is forgotten first.

    Raises:
        RuleError: If the rule's `when` cannot be understood.

    """

    def __init__(self, rule: Rule, max_keys: int = MAX_KEYS) -> None:
        self.rule = rule
        self.feeds, condition = parse_when(rule.when)
        self._matches: Callable[[Event], bool] = compile_filter(condition)
        self._max_keys = max_keys
        self._courses: OrderedDict[Key, _Course] = OrderedDict()
        self._waiting: OrderedDict[Key, Sighting] = OrderedDict()  # holding, not yet for long enough; earliest first

    def retold(self, rule: Rule) -> bool:
        """Go on as `rule`, if it looks at the same in the same way; tell whether it does."""
        if (rule.when, rule.hold) != (self.rule.when, self.rule.hold):
            return False
        self.rule = rule
        return True

    def fired(self, feed: str, key: str | None, at: float) -> None:
        """Be told that it fired before, at that time."""
        self._course((feed, key)).fired = at

    def due_at(self) -> float | None:
        """Give when something that waits has held for long enough, None if nothing waits."""
        for key in self._waiting:
            since = self._courses[key].since
            return None if since is None else since + self.rule.hold
        return None

    def due(self, now: float, fired: list[Firing]) -> None:
        """Add to `fired` what has held for long enough by now."""
        while (at := self.due_at()) is not None and at <= now:
            key, sighting = self._waiting.popitem(last=False)
            course = self._courses[key]
            if self._may_fire(course, at):
                course.fired = at
                fired.append(Firing(self.rule, sighting))

    def take(self, event: Event, now: float, fired: list[Firing]) -> None:
        """Look at an event of one of its feeds, not earlier than at what was looked at before; add to `fired`."""
        if self._waiting:
            self.due(now, fired)
        if not self._matches(event):
            if self._courses:
                self._broken((event.feed, event.key), now)
            return
        key = (event.feed, event.key)
        course = self._course(key)
        if course.since is None:
            course.since = now
        if now < course.since + self.rule.hold:
            self._waiting[key] = seen(event)
        elif self._may_fire(course, now):
            course.fired = now
            fired.append(Firing(self.rule, seen(event)))

    def _may_fire(self, course: _Course, at: float) -> bool:
        return course.fired is None or at >= course.fired + self.rule.cooldown

    def _broken(self, key: Key, now: float) -> None:
        course = self._courses.get(key)
        if course is None:
            return
        course.since = None
        self._waiting.pop(key, None)
        if course.fired is None or now >= course.fired + self.rule.cooldown:
            del self._courses[key]

    def _course(self, key: Key) -> _Course:
        course = self._courses.get(key)
        if course is None:
            course = self._courses[key] = _Course()
            if len(self._courses) > self._max_keys:
                oldest, _ = self._courses.popitem(last=False)
                self._waiting.pop(oldest, None)
        else:
            self._courses.move_to_end(key)
        return course


class Evaluator:
    """
    All rules at work.

    Attributes:
        rules: As they were set.
        faults: Why rules do not work, by their id.

    """

    def __init__(self) -> None:
        self.rules: tuple[Rule, ...] = ()
        self.faults: dict[str, str] = {}
        self._watches: dict[str, Watch] = {}
        self._by_feed: dict[str, list[Watch]] = {}

    def set_rules(self, rules: Iterable[Rule]) -> None:
        """Look at these rules from now on; those that look at the same as before go on where they were."""
        self.rules, self.faults = tuple(rules), {}
        before, self._watches = self._watches, {}
        for rule in self.rules:
            if not rule.enabled:
                continue
            try:
                self._watches[rule.id] = self._watch(rule, before.get(rule.id))
            except ConfigError as error:
                self.faults[rule.id] = str(error)
        self._by_feed = {}
        for watch in self._watches.values():
            for feed in watch.feeds:
                self._by_feed.setdefault(feed, []).append(watch)

    def _watch(self, rule: Rule, before: Watch | None) -> Watch:
        check_rule(rule)
        if len(self._watches) >= MAX_RULES:
            raise ConfigError(f"there are more than {MAX_RULES} rules")
        return before if before is not None and before.retold(rule) else Watch(rule)

    def wants(self, feed: str) -> bool:
        """Tell whether any rule looks at events of that feed."""
        return feed != ALERTS_FEED and (feed in self._by_feed or ALL in self._by_feed)

    @property
    def idle(self) -> bool:
        """Whether there is no rule to look at anything."""
        return not self._by_feed

    def fired(self, rule: str, feed: str, key: str | None, at: float) -> None:
        """Be told that a rule fired before, at that time, so that it stays quiet for as long as it should."""
        if (watch := self._watches.get(rule)) is not None:
            watch.fired(feed, key, at)

    def take(self, event: Event, now: float) -> list[Firing]:
        """Look at an event at a time in seconds, which never goes back; give what fires."""
        fired: list[Firing] = []
        for watch in self._by_feed.get(event.feed, ()):
            watch.take(event, now, fired)
        for watch in self._by_feed.get(ALL, ()):
            watch.take(event, now, fired)
        return fired

    def due(self, now: float) -> list[Firing]:
        """Give what fires because it has held for long enough by now."""
        fired: list[Firing] = []
        for watch in self._watches.values():
            watch.due(now, fired)
        return fired

    def due_at(self) -> float | None:
        """Give when something is due, None while nothing waits."""
        times = [at for watch in self._watches.values() if (at := watch.due_at()) is not None]
        return min(times, default=None)
