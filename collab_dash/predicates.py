"""What the filter language's words do to an event, as closures; none of them ever raises."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .event import Event

Expression = Callable[[Event], Any]


class Part(NamedTuple):
    """A compiled expression; `constant` tells that it is a literal, whose value is `literal`."""

    value: Expression
    constant: bool = False
    literal: Any = None


NUMBER, _TEXT, _TRUTH = 1, 2, 3
_KINDS = {int: NUMBER, float: NUMBER, str: _TEXT, bool: _TRUTH}
ARITHMETIC = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
_RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "abs": lambda value: abs(value) if kind_of(value) == NUMBER else None,
    "len": lambda value: len(value) if isinstance(value, str | list | dict) else None,
    "lower": lambda value: value.lower() if isinstance(value, str) else None,
}


def kind_of(value: Any) -> int:
    """Tell numbers, text and truth values apart; 0 for everything that does not compare."""
    return _KINDS.get(type(value), 0)


def constant(literal: Any) -> Part:
    """Give the same value for every event."""
    return Part(lambda event: literal, constant=True, literal=literal)


def lookup(name: str) -> Expression:
    """Give the event's own field of that name, or else what the path leads to in its payload."""
    if name in ("feed", "type", "key", "time", "received", "offset"):
        return operator.attrgetter(name)
    first, *rest = name.removeprefix("data.").split(".")
    if name == "data":
        return operator.attrgetter("data")
    if not rest:
        return lambda event: event.data.get(first)
    return lambda event: _walk(event.data.get(first), rest)


def _walk(value: Any, path: Sequence[str]) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def any_of(parts: Sequence[Expression]) -> Expression:
    """Tell whether any part holds."""

    def test(event: Event) -> bool:
        for part in parts:  # noqa: SIM110 a generator would double the cost
            if part(event):
                return True
        return False

    return test


def all_of(parts: Sequence[Expression]) -> Expression:
    """Tell whether all parts hold."""

    def test(event: Event) -> bool:
        for part in parts:  # noqa: SIM110 a generator would double the cost
            if not part(event):
                return False
        return True

    return test


def compare(left: Part, sign: str, right: Part) -> Expression:
    """Compare two values of one kind; all else is false, but a literal null finds what is missing."""
    relation = _RELATIONS[sign]
    if sign in ("==", "!=") and (_is_null(left) or _is_null(right)):
        value = left.value if _is_null(right) else right.value
        return lambda event: (value(event) is None) == (sign == "==")
    first, second = left.value, right.value
    if not right.constant:
        return lambda event: _related(first(event), relation, second(event))
    literal = right.literal
    kinds = frozenset(type_ for type_, kind in _KINDS.items() if kind == kind_of(literal))

    def test(event: Event) -> bool:
        value = first(event)
        return type(value) in kinds and relation(value, literal)

    return test


def _is_null(part: Part) -> bool:
    return part.constant and part.literal is None


def _related(left: Any, relation: Callable[[Any, Any], bool], right: Any) -> bool:
    kind = kind_of(left)
    return kind != 0 and kind == kind_of(right) and relation(left, right)


def contains(left: Expression, right: Part, *, wanted: bool) -> Expression:
    """Tell whether one text holds another, whatever the case, as `wanted`; false for what is no text."""
    second = right.value
    if right.constant and isinstance(right.literal, str):
        folded = right.literal.casefold()

        def test_literal(event: Event) -> bool:
            value = left(event)
            return isinstance(value, str) and (folded in value.casefold()) == wanted

        return test_literal

    def test(event: Event) -> bool:
        value, part = left(event), second(event)
        if not isinstance(value, str) or not isinstance(part, str):
            return False
        return (part.casefold() in value.casefold()) == wanted

    return test


def one_of(left: Expression, choices: Sequence[Part]) -> Expression:
    """Tell whether a value equals any of the choices."""
    if all(isinstance(choice.literal, str) for choice in choices):
        words = frozenset(choice.literal for choice in choices)

        def test_words(event: Event) -> bool:
            value = left(event)
            return isinstance(value, str) and value in words

        return test_words

    values = [choice.value for choice in choices]

    def test(event: Event) -> bool:
        value = left(event)
        return any(_related(value, operator.eq, choice(event)) for choice in values)

    return test


def calculate(first: Expression, steps: Sequence[tuple[Callable[[Any, Any], Any], Expression]]) -> Expression:
    """Apply the steps one after another; None where a number is missing or the result is none."""

    def test(event: Event) -> Any:
        value = first(event)
        for step, operand in steps:
            other = operand(event)
            if kind_of(value) != NUMBER or kind_of(other) != NUMBER:
                return None
            try:
                value = step(value, other)
            except (ZeroDivisionError, OverflowError):
                return None
        return value

    return test
