"""What ``tail`` is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from ..duration import parse_duration
from ..event import Event
from ..type_globs import accept_types


class Since(NamedTuple):
    """Where to begin: after an offset, or at a moment in Unix milliseconds."""

    offset: int = 0
    time: int | None = None


class Wanted(NamedTuple):
    """
    Which events are asked for.

    Args:
        feeds: Only these; none for all.
        types: Only these, globs allowed; none for all.
        where: A condition, or None.
        since: Where to begin, None for the present.
        limit: Stop after so many, None for never.

    """

    feeds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    where: Callable[[Event], bool] | None = None
    since: Since | None = None
    limit: int | None = None

    def acceptance(self) -> Callable[[Event], bool]:
        """Give a function that tells whether an event is asked for."""
        feeds, typed, where = frozenset(self.feeds), accept_types(self.types), self.where
        return lambda event: (
            (not feeds or event.feed in feeds) and typed(event.type) and (where is None or where(event))
        )


def parse_since(text: str, *, now: float | None = None) -> Since:
    """
    Read ``--since``: an offset, an RFC 3339 moment, or how long ago, such as ``15m``.

    Args:
        text: What was given; a moment without an offset from UTC is local.
        now: The time now in Unix seconds, None to look at the clock.

    Raises:
        ValueError: If it is none of these.

    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return Since(offset=int(text))
    try:
        return Since(time=_moment(text, time.time() if now is None else now))
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not an offset, a time such as 2026-01-31T12:00Z, or 15m for 15 minutes ago"
        ) from None


def _moment(text: str, now: float) -> int:
    try:
        return int((now - parse_duration(text)) * 1000)
    except ValueError:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
