"""Which event types are meant: names such as ``ticker:update``, where ``*`` stands for any characters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_GLOB = re.compile(r"\*|[a-z*][a-z0-9_*-]*:[a-z*][a-z0-9_*-]*")
MAX_STARS = 4  # SQLite and regular expressions try every way to share out a name among them


def check_type_glob(text: str) -> str:
    """
    Give `text` back.

    Raises:
        ValueError: If no event type could be meant by it.

    """
    if _GLOB.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not an event type such as ticker:update or ticker:*")
    if text.count("*") > MAX_STARS:
        raise ValueError(f"{text!r} has more than {MAX_STARS} stars")
    return text


def accept_types(globs: Iterable[str]) -> Callable[[str], bool]:
    """Give a function that tells whether an event type is among those meant; no globs mean all."""
    patterns = [".*".join(map(re.escape, glob.split("*"))) for glob in globs]
    if not patterns:
        return lambda name: True
    matches = re.compile("|".join(patterns)).fullmatch
    return lambda name: matches(name) is not None
