"""The rules written back into a workspace file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

from ..duration import write_duration
from ..rules import COOLDOWN, NOTIFY, Rule
from ..workspace_faults import Source
from ..workspace_rules import read_rules
from .plan import Fields, Kind, Node, plans
from .tables import rewrite


def write_rules(text: str, was: Sequence[Rule], rules: Sequence[Rule]) -> str:
    """
    Give a workspace file that has other rules, as `write_board` gives one with another board.

    Args:
        text: The workspace file; valid TOML.
        was: The rules it gives.
        rules: Those it is to give, in order.

    """
    tables = tomllib.loads(text).get("rules", [])
    before = [Node(fields, table=table) for fields, table in zip(_fields_in(tables, was), tables, strict=True)]
    after = [Node(_fields(rule)) for rule in rules]
    if [node.fields for node in before if node.fields is not None] == [node.fields for node in after]:
        return text
    return rewrite(text, RULES, plans(RULES, before, after))


def _fields_in(tables: Sequence[Any], was: Sequence[Rule]) -> Iterator[Fields | None]:
    """Give what each table says; None for one that is not among the rules, for a mistake in it."""
    left = [_fields(rule) for rule in reversed(was)]
    for table in tables:
        ways = table.get("notify") if isinstance(table, dict) else ()
        read, _ = read_rules([table], targets=ways if isinstance(ways, list) else (), feeds=(), source=Source(""))
        fields = _fields(read[0]) if read else None
        yield left.pop() if left and fields == left[-1] else None


def _fields(rule: Rule) -> Fields:
    """Give what of a rule is not at its default, as a file would say it."""
    fields = {
        "name": rule.name,
        "when": rule.when,
        "for": write_duration(rule.hold) if rule.hold else "",
        "cooldown": "" if rule.cooldown == COOLDOWN else write_duration(rule.cooldown),
    }
    chosen: Fields = {key: value for key, value in fields.items() if value}
    if rule.notify != NOTIFY:
        chosen["notify"] = rule.notify
    return chosen if rule.enabled else chosen | {"enabled": False}


RULES = Kind(
    "rules",
    ("name", "when", "for", "cooldown", "notify", "enabled"),
    said={"for": "0s", "cooldown": write_duration(COOLDOWN), "notify": NOTIFY, "enabled": True},
)
