"""How people are told apart: a colour each, and names that differ."""

from __future__ import annotations

from collections.abc import Iterable

COLOURS = {
    "red": "#e5686c",
    "orange": "#e08a4c",
    "yellow": "#d6b84a",
    "green": "#86c06c",
    "teal": "#53b9b1",
    "blue": "#6ba3e8",
    "violet": "#a98be8",
    "pink": "#dd7fb5",
}
ON_LIGHT = {
    "red": "#b32d33",
    "orange": "#a14a0b",
    "yellow": "#7a6000",
    "green": "#33701f",
    "teal": "#0a6b66",
    "blue": "#1d5fae",
    "violet": "#6a45b8",
    "pink": "#a5306f",
}


def colour_for(wanted: str, person: str) -> str:
    """
    Give the colour that somebody is shown in: the wanted one, or one that follows from the public id.

    Args:
        wanted: What they chose; anything but a name in `COLOURS` counts as no choice.
        person: Their public id, hexadecimal.

    """
    names = tuple(COLOURS)
    return wanted if wanted in COLOURS else names[int(person or "0", 16) % len(names)]


def distinct_names(names: Iterable[str]) -> list[str]:
    """
    Give each a name of its own, in the order of their coming: the second ``ana`` is ``ana·2``.

    Args:
        names: What they are called, earliest first.

    """
    taken: dict[str, None] = {}
    for name in names:
        label, number = name, 1
        while label in taken:
            number += 1
            label = f"{name}·{number}"
        taken[label] = None
    return list(taken)
