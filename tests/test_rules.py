"""When an alert fires, and when not; the clock is the test's."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.errors import ConfigError
from collab_dash.event import Event
from collab_dash.rules import (
    ALL,
    MAX_RULES,
    MAX_TEXT,
    Evaluator,
    Firing,
    Rule,
    RuleError,
    Watch,
    check_rule,
    parse_when,
    seen,
)


def quake(mag: float, key: str | None = "k", feed: str = "quakes", offset: int | None = 1, **data: Any) -> Event:
    return Event(offset=offset, feed=feed, type="quake:create", key=key, time=5, received=6, data={"mag": mag, **data})


def big(**changes: Any) -> Rule:
    return Rule(**{"id": "r", "when": "quakes: mag >= 4.5", "cooldown": 60.0, **changes})


def evaluator(*rules: Rule) -> Evaluator:
    made = Evaluator()
    made.set_rules(rules)
    return made


def offsets(firings: Iterable[Firing]) -> list[int | None]:
    return [firing.seen.offset for firing in firings]


@pytest.mark.parametrize(
    ("text", "feeds", "condition"),
    [
        ("quakes: mag >= 4.5", ("quakes",), "mag >= 4.5"),
        (" a , b.c:true", ("a", "b.c"), "true"),
        ("a, a: true", ("a",), "true"),
        ("*: level = 'error'", (ALL,), "level = 'error'"),
        ("a, *: true", (ALL,), "true"),
        ('hub: type = "log:gap"', ("hub",), 'type = "log:gap"'),
    ],
)
def test_a_when_names_feeds_and_a_condition(text: str, feeds: tuple[str, ...], condition: str) -> None:
    assert parse_when(text) == (feeds, condition)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", 0, "expected the names of feeds and a colon"),
        ("mag >= 4.5", 0, "expected the names of feeds and a colon"),
        (": mag >= 4.5", 0, "expected the names of feeds"),
        ("quakes:  ", 7, "expected a condition"),
        ("quakes: mag >= ", 15, "expected a value, found the end"),
        ("quakes, Big One: true", 8, "expected the name of a feed, found 'Big One'"),
        ("quakes,: true", 7, "expected the name of a feed, found ''"),
        ("btc, alerts: true", 5, "alerts cannot fire alerts"),
        ('a: type = "x:y" and', 19, "expected a value, found the end"),
    ],
)
def test_a_fault_is_told_with_its_place(text: str, place: int, words: str) -> None:
    with pytest.raises(RuleError, match=words) as fault:
        parse_when(text)
    assert fault.value.position == place
    assert f"character {place + 1}:" in str(fault.value)


def test_without_more_it_fires_at_once_and_then_is_quiet_for_each_key() -> None:
    rules = evaluator(big())
    assert offsets(rules.take(quake(4.6, offset=1), 0)) == [1]
    assert offsets(rules.take(quake(5.0, offset=2), 59)) == []
    assert offsets(rules.take(quake(5.0, "other", offset=3), 59)) == [3]
    assert offsets(rules.take(quake(5.0, None, offset=4), 59)) == [4]
    assert offsets(rules.take(quake(1.0, offset=5), 60)) == []
    assert offsets(rules.take(quake(5.0, offset=6), 60)) == [6]


def test_keys_of_two_feeds_are_two_keys() -> None:
    rules = evaluator(big(when="a, b: mag > 1"))
    assert offsets(rules.take(quake(2, feed="a"), 0)) == [1]
    assert offsets(rules.take(quake(2, feed="b", offset=2), 0)) == [2]
    assert offsets(rules.take(quake(2, feed="c", offset=3), 0)) == []


def test_it_must_hold_for_its_time_and_silence_changes_nothing() -> None:
    rules = evaluator(big(hold=30.0))
    assert rules.due_at() is None
    assert rules.take(quake(5, offset=1), 100) == []
    assert rules.take(quake(6, offset=2), 110) == []
    assert rules.due_at() == 130
    assert rules.due(129.9) == []
    [firing] = rules.due(130)
    assert (firing.rule.id, firing.seen.offset) == ("r", 2), "the latest event that met it"
    assert rules.due_at() is None
    assert rules.due(10_000) == []


def test_what_does_not_match_starts_it_anew() -> None:
    rules = evaluator(big(hold=30.0))
    rules.take(quake(5), 0)
    rules.take(quake(1, "other"), 10)
    assert rules.due_at() == 30, "another key's event is nothing to this one"
    rules.take(quake(1), 29)
    assert rules.due_at() is None
    assert rules.take(quake(5), 40) == []
    assert rules.due_at() == 70


def test_what_was_due_fires_before_a_later_event_can_break_it() -> None:
    rules = evaluator(big(hold=30.0))
    rules.take(quake(5, offset=1), 0)
    assert offsets(rules.take(quake(1, offset=2), 31)) == [1]


def test_a_quiet_time_that_ends_in_silence_fires_nothing() -> None:
    rules = evaluator(big(cooldown=10.0))
    rules.take(quake(5, offset=1), 0)
    rules.take(quake(5, offset=2), 5)
    assert rules.due_at() is None
    assert rules.due(100) == []
    assert offsets(rules.take(quake(5, offset=3), 100)) == [3]


def test_rules_that_look_at_the_same_go_on_when_others_change() -> None:
    waiting, other = big(hold=30.0), big(id="other", when="quakes: mag > 9")
    rules = evaluator(waiting, other)
    rules.take(quake(5), 0)
    rules.set_rules([msgspec.structs.replace(waiting, name="big", notify=("bell",)), big(id="new", when="a: true")])
    [firing] = rules.due(30)
    assert (firing.rule.title, firing.rule.notify) == ("big", ("bell",))
    rules.take(quake(5), 200)
    rules.set_rules([msgspec.structs.replace(waiting, hold=31.0)])
    assert rules.due_at() is None, "another time to hold: it begins anew"


def test_a_rule_that_is_off_or_wrong_fires_nothing_and_says_why() -> None:
    rules = evaluator(big(enabled=False), big(id="bad", when="quakes mag"), big(id="good", when="btc: true"))
    assert list(rules.faults) == ["bad"]
    assert "expected the names of feeds" in rules.faults["bad"]
    assert [rule.id for rule in rules.rules] == ["r", "bad", "good"]
    assert rules.take(quake(5), 0) == []
    assert (rules.wants("btc"), rules.wants("quakes"), rules.idle) == (True, False, False)
    rules.set_rules([])
    assert (rules.wants("btc"), rules.idle) == (False, True)


@pytest.mark.parametrize(
    "change",
    [
        {"hold": -1.0},
        {"hold": math.nan},
        {"cooldown": math.inf},
        {"name": "x" * 81},
        {"notify": ("bell",) * 17},
        {"notify": ("x" * 81,)},
        {"when": "a: " + "1 < 2 and " * 300 + "true"},
    ],
)
def test_what_somebody_else_wrote_is_checked_before_it_is_used(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        check_rule(big(**change))
    rules = evaluator(big())
    rules.set_rules([big(**change)])
    assert list(rules.faults) == ["r"]
    assert rules.idle


def test_there_may_be_two_hundred_rules() -> None:
    rules = evaluator(*(big(id=f"r{number}") for number in range(MAX_RULES + 1)))
    assert list(rules.faults) == [f"r{MAX_RULES}"]


def test_all_feeds_are_all_but_the_alerts_themselves() -> None:
    rules = evaluator(big(when="*: true"))
    assert rules.wants("anything")
    assert rules.wants("hub")
    assert not rules.wants("alerts")


def test_what_fired_before_a_restart_stays_quiet_after_it() -> None:
    rules = evaluator(big(cooldown=60.0))
    rules.fired("r", "quakes", "k", -50.0)
    rules.fired("gone", "quakes", "k", -50.0)
    assert rules.take(quake(5), 9) == []
    assert offsets(rules.take(quake(5), 10)) == [1]


def test_of_too_many_keys_the_oldest_is_forgotten() -> None:
    watch, fired = Watch(big(hold=30.0), max_keys=3), list[Firing]()
    for number in range(4):
        watch.take(quake(5, f"k{number}", offset=number), number, fired)
    watch.take(quake(5, "k1", offset=9), 5, fired)
    watch.take(quake(5, "k4", offset=4), 6, fired)
    watch.due(100, fired)
    assert offsets(fired) == [9, 3, 4]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            {"mag": 4.8, "place": "37km NW  Taron,\nPNG", "at": {"x": 1}, "depth": None},
            "mag=4.8 place=37km NW Taron, PNG depth=null",
        ),
        ({"level": "error", "line": "payment 5521:\ttimed out"}, "payment 5521: timed out"),
        ({}, ""),
        ({"message": "x" * 9000}, "x" * (MAX_TEXT - 1) + "…"),
    ],
)
def test_an_alert_says_its_event_in_one_line(data: dict[str, Any], text: str) -> None:
    told = seen(Event(type="a:b", data=data)).text
    assert told.startswith(text)
    assert len(told) <= MAX_TEXT
    assert "\n" not in told


# Against a slow reference that looks at the whole story of a key.

Step = tuple[int, str, bool]


def expected(story: Sequence[Step], hold: int, cooldown: int, end: int) -> list[tuple[int, str]]:
    """Give when which key fires: runs of matches have chances, and a chance is taken unless it is quiet."""
    fired: list[tuple[int, str]] = []
    for key in {key for _, key, _ in story}:
        own = [(at, match) for at, each, match in story if each == key]
        chances: list[tuple[int, int]] = []
        place = 0
        for match, group in groupby(own, key=lambda step: step[1]):
            run = list(group)
            place += len(run)
            if not match:
                continue
            since = run[0][0]
            broken = own[place][0] if place < len(own) else end
            if hold and since + hold <= broken:
                chances.append((since + hold, 0))
            chances += [(at, 1) for at, _ in run if at >= since + hold]
        last: int | None = None
        for at, _ in sorted(chances):
            if last is None or at >= last + cooldown:
                fired.append((at, key))
                last = at
    return sorted(fired)


@given(
    steps=st.lists(st.tuples(st.integers(0, 7), st.sampled_from("ab"), st.booleans(), st.booleans()), max_size=40),
    hold=st.integers(0, 12),
    cooldown=st.integers(1, 15),
)
def test_it_fires_as_the_slow_reference_says(
    steps: list[tuple[int, str, bool, bool]], hold: int, cooldown: int
) -> None:
    rules = evaluator(big(when="f: mag > 0", hold=float(hold), cooldown=float(cooldown)))
    now, story, count = 0, [], Counter[str]()
    for pause, key, match, looked in steps:
        now += pause
        story.append((now, key, match))
        if looked:  # a timer that comes, or does not: what fires is the same
            count.update(firing.seen.key or "" for firing in rules.due(now))
        firings = rules.take(quake(1.0 if match else 0.0, key, "f"), now)
        count.update(firing.seen.key or "" for firing in firings)
    end = now + 100
    count.update(firing.seen.key or "" for firing in rules.due(end))
    assert count == Counter(key for _, key in expected(story, hold, cooldown, end))
    assert rules.due_at() is None


@given(
    keys=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans()), max_size=60),
    most=st.integers(1, 4),
)
def test_what_is_remembered_is_bounded(keys: list[tuple[str, bool]], most: int) -> None:
    watch = Watch(big(when="f: mag > 0", hold=3.0, cooldown=5.0), max_keys=most)
    for now, (key, match) in enumerate(keys):
        watch.take(quake(1.0 if match else 0.0, key, "f"), now, [])
        assert len(watch._courses) <= most
        assert set(watch._waiting) <= set(watch._courses)
