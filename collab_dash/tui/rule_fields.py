"""A rule as people read and type it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.style import Style

from ..board import Board
from ..duration import parse_duration, write_duration
from ..event import HUB_FEED
from ..rules import ALL, COOLDOWN, LONGEST, MAX_NAME, MAX_WAYS, SCREEN_WAYS, Rule, RuleError, parse_when
from .drawing.row import Row
from .drawing.text import clean, cut
from .fields import Field, parts, write, write_span


def rule_row(rule: Rule, width: int, ink: Callable[[str], Style]) -> Row:
    """Draw a rule in one line: whether it is looked at, when it fires, and its terms."""
    row = Row("on   ", ink("up")) if rule.enabled else Row("off  ", ink("dim"))
    row.add(cut(clean(rule.when), width - row.cells), ink("text" if rule.enabled else "dim"))
    return row.add(f"  {clean(_terms(rule))}", ink("dim"))


def _terms(rule: Rule) -> str:
    terms = [
        f"“{rule.name}”" if rule.name else "",
        f"for {write_duration(rule.hold)}" if rule.hold else "",
        f"cooldown {write_duration(rule.cooldown)}" if rule.cooldown != COOLDOWN else "",
        ", ".join(rule.notify),
    ]
    return " · ".join(term for term in terms if term)


def _when(text: str, board: Board) -> str:
    if not text.strip():
        raise ValueError("names of feeds, a colon, a condition: quakes: mag >= 4.5")
    try:
        parse_when(text.strip())
    except RuleError as error:
        raise ValueError(f"character {error.position + 1}: {error.expected}") from None
    return text.strip()


def _strange_feeds(when: str, board: Board) -> str:
    strange = [name for name in parse_when(when).feeds if name not in (*board.feeds, ALL, HUB_FEED)]
    return f"no feed here is called {', '.join(strange)}; somebody may still publish to it" if strange else ""


def _name(text: str, board: Board) -> str:
    if len(text.strip()) > MAX_NAME:
        raise ValueError(f"at most {MAX_NAME} characters")
    return text.strip()


def _span(otherwise: float) -> Callable[[str, Board], float]:
    def read(text: str, board: Board) -> float:
        seconds = parse_duration(text) if text.strip() else otherwise
        if seconds > LONGEST:
            raise ValueError("at most a year")
        return seconds

    return read


def _ways(text: str, board: Board) -> tuple[str, ...]:
    ways = tuple(dict.fromkeys(way for way in parts(text) if way))
    if len(ways) > MAX_WAYS or any(len(way) > MAX_NAME for way in ways):
        raise ValueError(f"at most {MAX_WAYS}, of {MAX_NAME} characters each")
    return ways


def _targets(ways: Any, board: Board) -> str:
    targets = [way for way in ways if way not in SCREEN_WAYS]
    return f"{', '.join(targets)}: only if the host's workspace has such a target" if targets else ""


RULE_FIELDS = (
    Field(
        "when", "quakes: mag >= 4.5", "names of feeds or *, a colon, a condition", _when,
        remark=_strange_feeds, required=True,
    ),
    Field("name", "none", "what the alert is called; what is above by default", _name),
    Field("hold", "at once", "how long it must hold before it fires: 30s, 5m", _span(0.0), write_span, label="for"),
    Field("cooldown", "1m", "how long it is quiet after it fired: 30s, 5m", _span(COOLDOWN), write_duration),
    Field("notify", "nothing", f"{', '.join(SCREEN_WAYS)}, or names of the host's targets", _ways, write, _targets),
)  # fmt: skip
