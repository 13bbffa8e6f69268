"""Read ``[[rules]]`` and ``[targets.NAME]``; what is wrong with one stops that one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2s
from typing import Any, NamedTuple

import pydantic

from .duration import parse_duration
from .event import HUB_FEED
from .rules import ALL, SCREEN_WAYS, Rule, parse_when
from .workspace_faults import Fault, Source, faults_of, nearest, shown
from .workspace_models import RuleTable, TargetTable

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Target:
    """
    Where the hub sends alerts.

    Args:
        name: What rules call it.
        ntfy: The address of an ntfy topic; secrets still as ``${NAME}``. Empty for none.
        headers: Sent along to it; secrets still as ``${NAME}``.
        command: A program and its arguments; empty for none.

    """

    name: str
    ntfy: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    command: Sequence[str] = field(default=(), repr=False)


class Named(NamedTuple):
    """A fault, and the table it is in."""

    table: str
    fault: Fault


def read_targets(written: Mapping[str, Any], source: Source) -> tuple[dict[str, Target], list[Named]]:
    """
    Give the targets that can be used, by name, and what is wrong with the others.

    Args:
        written: The tables under ``targets``, by name.
        source: Where they are written.

    """
    targets: dict[str, Target] = {}
    faults: list[Named] = []
    for name, table in written.items():
        path = ("targets", name)
        if name in SCREEN_WAYS or _NAME.fullmatch(name) is None:
            what = f"{', '.join(SCREEN_WAYS)} are every screen's own; lower-case letters, digits and _ . - make a name"
            faults.append(Named(shown(path), Fault(f"{source.at(path)}: a target cannot be called {name!r}", what)))
            continue
        try:
            found = TargetTable.model_validate(table)
        except pydantic.ValidationError as error:
            faults += [Named(shown(path), each) for _, each in faults_of(error, TargetTable, source=source, path=path)]
        else:
            targets[name] = Target(name, found.ntfy or "", found.headers, tuple(found.command))
    return targets, faults


def read_rules(
    written: Sequence[Any], *, targets: Iterable[str], feeds: Iterable[str], source: Source
) -> tuple[tuple[Rule, ...], list[Named]]:
    """
    Give the rules that can be used, in order, and what is wrong with the others.

    A rule that names a feed that is not configured is kept, since somebody may publish to it, and told all the same.

    Args:
        written: The tables under ``rules``.
        targets: Names of every target there is.
        feeds: Names of every feed there is.
        source: Where they are written.

    """
    rules: dict[str, Rule] = {}
    faults: list[Named] = []
    ways, known = (*SCREEN_WAYS, *targets), (*feeds, HUB_FEED)
    for number, table in enumerate(written):
        path = ("rules", number)
        try:
            found = RuleTable.model_validate(table)
        except pydantic.ValidationError as error:
            faults += [Named(shown(path), each) for _, each in faults_of(error, RuleTable, source=source, path=path)]
            continue
        wrong = _strangers(found, ways, source, path)
        faults += [Named(shown(path), each) for each in (*wrong, *_unknown_feeds(found, known, source, path))]
        if not wrong:
            rule = _rule(found, rules)
            rules[rule.id] = rule
    return tuple(rules.values()), faults


def _strangers(found: RuleTable, ways: Sequence[str], source: Source, path: tuple[str, int]) -> list[Fault]:
    where = source.at((*path, "notify"))
    return [
        Fault(f"{where}: {shown(path)} notifies {way!r}, which is no target", nearest(way, ways))
        for way in found.notify
        if way not in ways
    ]


def _unknown_feeds(found: RuleTable, known: Sequence[str], source: Source, path: tuple[str, int]) -> list[Fault]:
    where = source.at((*path, "when"))
    return [
        Fault(f"{where}: {shown(path)} looks at {feed!r}, which is no feed", nearest(feed, known))
        for feed in parse_when(found.when).feeds
        if feed != ALL and feed not in known
    ]


def _rule(found: RuleTable, others: Mapping[str, Rule]) -> Rule:
    """Make the rule; its id stays the same for as long as it is called the same and looks at the same."""
    stem = blake2s(f"{found.when}\n{found.name}".encode(), digest_size=4).hexdigest()
    number = 1
    while (id_ := stem if number == 1 else f"{stem}-{number}") in others:
        number += 1
    return Rule(
        id=id_,
        when=found.when,
        name=found.name,
        hold=parse_duration(found.hold),
        cooldown=parse_duration(found.cooldown),
        notify=tuple(dict.fromkeys(found.notify)),
        enabled=found.enabled,
    )
