"""What a text of somebody's refers to: a person, an event, a moment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

DAY = 86_400_000

_EVENT = r"(?<![\w#&/])\#(?P<event>\d{1,15})(?!\w)"
_MOMENT = r"(?<![\w:.])(?P<moment>(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(?![\w:]|\.\d)"
_LINKS = re.compile(f"{_EVENT}|{_MOMENT}")


class Reference(NamedTuple):
    """
    A part of a text that refers to something.

    Args:
        start: Its first character.
        end: The character after its last.
        kind: ``person``, ``event`` or ``moment``.
        target: The name, the offset in digits, or the time of day.

    """

    start: int
    end: int
    kind: str
    target: str


def links(text: str) -> list[Reference]:
    """Find the events and moments in a text, in order."""
    return [
        Reference(found.start(), found.end(), found.lastgroup or "", found[found.lastgroup or 0])
        for found in _LINKS.finditer(text)
    ]


def mentions(text: str, names: Iterable[str]) -> list[Reference]:
    """Find the people in a text: ``@`` and a name; of names that begin alike the longest counts."""
    known = sorted((name for name in names if name), key=len, reverse=True)
    if not known or "@" not in text:
        return []
    people = re.compile(rf"(?<!\w)@({'|'.join(map(re.escape, known))})(?![\w·])", re.IGNORECASE)
    return [Reference(found.start(), found.end(), "person", found[1]) for found in people.finditer(text)]


def references(text: str, names: Iterable[str]) -> list[Reference]:
    """Find all of them, in order and apart."""
    apart: list[Reference] = []
    for found in sorted([*links(text), *mentions(text, names)]):
        if not apart or found.start >= apart[-1].end:
            apart.append(found)
    return apart


def moment_before(time: str, said: int) -> int:
    """
    Give the latest moment with a time of day that is not after the text itself.

    Args:
        time: Hours and minutes, perhaps seconds, UTC.
        said: When the text was written, Unix milliseconds.

    """
    hours, minutes, seconds = ([int(part) for part in time.split(":")] + [0])[:3]
    moment = said - said % DAY + ((hours * 60 + minutes) * 60 + seconds) * 1000
    return moment if moment <= said else moment - DAY


def completion(text: str, names: Sequence[str]) -> str:
    """Give the text with the name that it ends in the beginning of, an empty string if it does not."""
    _, at, begun = text.rpartition("@")
    if not at or (text[: -len(begun) - 1] or " ")[-1].isalnum():
        return ""
    found = (name for name in names if name.lower().startswith(begun.lower()) and len(name) > len(begun))
    name = next(found, "")
    return text[: len(text) - len(begun)] + name if name else ""
