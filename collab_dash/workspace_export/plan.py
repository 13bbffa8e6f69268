"""
What is to become of each table of an array: which of the file's it is, and what of it changes.

A document does not say which of the file's tables an entry came from, and the file may have been written since. So
tables are matched by what is in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

Fields = dict[str, Any]
Place = tuple[int, ...]
Spell = Callable[[Fields, Mapping[str, Any]], Fields]

KNOWN_BY = ("title", "name", "when")
FLAT_ALIKE = 0.3
OUTER_ALIKE = 0.4
INNER_ALIKE = 0.75
SAME_PARENT = 0.5


class Kind(NamedTuple):
    """
    A kind of table that stands in an array.

    Args:
        name: The array's key, such as ``pages``.
        order: The table's keys, in the order they are written in.
        said: Keys whose line stays, with this value, when nobody chooses one any more.
        instead: Pairs of keys of which a table has one or the other: they have one line.
        spell: Gives the fields in the words of the file, told the table as it is there.
        inner: The kind of the tables within, if any.

    """

    name: str
    order: tuple[str, ...]
    said: Mapping[str, Any] = {}
    instead: tuple[str, ...] = ()
    spell: Spell = lambda fields, table: fields
    inner: Kind | None = None


class Node(NamedTuple):
    """
    A table, as it was or as it is to be.

    Args:
        fields: What it says, what is at its default left out; None where that could not be read: it stays as it is.
        inner: The tables within.
        table: As it stands in the file, for one that was.

    """

    fields: Fields | None
    inner: Sequence[Node] = ()
    table: Mapping[str, Any] = {}


class Plan(NamedTuple):
    """
    What is to be written for a table.

    Args:
        old: Its place in the file, the outer index first; None for a new one.
        fields: What it says.
        changes: What of it changes; None for what goes.
        inner: The tables within, in order.

    """

    old: Place | None
    fields: Fields
    changes: Fields
    inner: tuple[Plan, ...] = ()


Matched = tuple[Place | None, Node]


def plans(kind: Kind, was: Sequence[Node], now: Sequence[Node]) -> list[Plan]:
    """Plan how the tables that were in a file become those that are to be in it, in order."""
    outer = _matched(was, now, _likeness_of_nodes, OUTER_ALIKE if kind.inner else FLAT_ALIKE)
    outer_now: list[Matched] = [(None if old is None else (old,), node) for old, node in zip(outer, now, strict=True)]
    if kind.inner is None:
        return [_plan(kind, old, was, node) for old, node in _with_unread((), was, outer_now)]
    places: list[Place] = [(index, at) for index, node in enumerate(was) for at in range(len(node.inner))]
    inner_was = [(index, inner) for index, node in enumerate(was) for inner in node.inner]
    inner_now = [(outer[index], inner) for index, node in enumerate(now) for inner in node.inner]
    found = iter(_matched(inner_was, inner_now, _likeness_within, INNER_ALIKE))
    made = []
    for old, node in outer_now:
        inner: list[Matched] = [(None if (at := next(found)) is None else places[at], each) for each in node.inner]
        if old is not None:
            inner = _with_unread(old, was[old[0]].inner, inner)
        within = [_plan(kind.inner, place, was[place[0]].inner if place else (), each) for place, each in inner]
        made.append(_plan(kind, old, was, node, tuple(within)))
    return made


def _with_unread(parent: Place, was: Sequence[Node], now: list[Matched]) -> list[Matched]:
    """Add what could not be read, behind what it was behind."""
    for at, each in enumerate(was):
        if each.fields is None:
            before = {(*parent, earlier) for earlier in range(at)}
            behind = max((spot + 1 for spot, (place, _) in enumerate(now) if place in before), default=0)
            now.insert(behind, ((*parent, at), each))
    return now


def _plan(kind: Kind, old: Place | None, was: Sequence[Node], node: Node, inner: tuple[Plan, ...] = ()) -> Plan:
    if old is None:
        return Plan(None, kind.spell(node.fields or {}, {}), {}, inner)
    before = was[old[-1]]
    if node.fields is None or before.fields is None:
        return Plan(old, {}, {}, inner)
    earlier, later = (kind.spell(fields, before.table) for fields in (before.fields, node.fields))
    changes = {key: later.get(key, kind.said.get(key)) for key in earlier | later if earlier.get(key) != later.get(key)}
    return Plan(old, later, changes, inner)


# Which is which


def _matched(
    was: Sequence[Any], now: Sequence[Any], likeness: Callable[[Any, Any], float], least: float
) -> list[int | None]:
    """Give for each that is to be which it was: the most alike first, of equals the nearest; None for a new one."""
    pairs = [
        (-score, abs(old - new), old, new)
        for new, wanted in enumerate(now)
        for old, found in enumerate(was)
        if (score := likeness(found, wanted)) >= least
    ]
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, old, new in sorted(pairs):
        if new not in chosen and old not in taken:
            chosen[new] = old
            taken.add(old)
    return [chosen.get(new) for new in range(len(now))]


def _likeness(one: Fields | None, other: Fields | None) -> float:
    if one is None or other is None:
        return 0.0
    weights = {key: 2 if key in KNOWN_BY else 1 for key in one.keys() | other.keys()}
    same = sum(weight for key, weight in weights.items() if one.get(key) == other.get(key))
    return same / sum(weights.values()) if weights else 1.0


def _likeness_of_nodes(one: Node, other: Node) -> float:
    if not one.inner and not other.inner:
        return _likeness(one.fields, other.fields)
    most = max(len(one.inner), len(other.inner))
    within = sum(max((_likeness(a.fields, b.fields) for a in one.inner), default=0.0) for b in other.inner) / most
    return OUTER_ALIKE * _likeness(one.fields, other.fields) + (1 - OUTER_ALIKE) * within


def _likeness_within(one: tuple[int, Node], other: tuple[int | None, Node]) -> float:
    return _likeness(one[1].fields, other[1].fields) + (SAME_PARENT if one[0] == other[0] else 0.0)
