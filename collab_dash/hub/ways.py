"""The ways a feed can go upstream: its own transport, and those it falls back to."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

import msgspec

from ..errors import FeedFailed
from ..event import Record
from ..feed import Feed
from .ladder import Ladder
from .overlap import Overlap


class Ways:
    """
    A feed's ways, best first, which one to take now, and where each of them is.

    Args:
        feed: The feed; its `fallbacks` are the other ways.
        cursor: What `cursor` gave last, or None.
        told: Events recorded lately, oldest first.

    Attributes:
        several: Whether there is more than one.
        why: Why it is not the best one, for people; empty on the best.

    """

    def __init__(self, feed: Feed[Any], cursor: str | None, told: Iterable[Record] = ()) -> None:
        self.several = bool(feed.fallbacks)
        self.why = ""
        self._feeds = [feed, *feed.fallbacks]
        self._ladder = Ladder(len(self._feeds))
        self._overlap = Overlap(told) if feed.fallbacks else None
        self._names = [_name(each) for each in self._feeds]
        self._cursors = _parse(cursor, self._names) if feed.fallbacks else {self._names[0]: cursor}
        self._hopeless: set[int] = set()

    @property
    def feed(self) -> Feed[Any]:
        """Give what goes the way to take now."""
        return self._feeds[self._ladder.way]

    @property
    def patience(self) -> float | None:
        """Give the seconds in which a first sign of life has to come, or None where there is no other way."""
        return self.feed.patience if self.several else None

    @property
    def climb_at(self) -> float | None:
        """Give when to try the best way again, on the clock of the times given; None on the best way."""
        return self._ladder.climb_at

    @property
    def way_cursor(self) -> str | None:
        """Give where the present way is."""
        return self._cursors.get(self._names[self._ladder.way])

    @property
    def cursor(self) -> str | None:
        """Give where all ways are, as text."""
        if not self.several:
            return self.way_cursor
        known = {name: cursor for name, cursor in self._cursors.items() if cursor is not None}
        return msgspec.json.encode({"ways": known}).decode() if known else None

    def moved(self, cursor: str | None) -> bool:
        """Take note of where the present way is; tells whether that is news."""
        name = self._names[self._ladder.way]
        if cursor is None or self._cursors.get(name) == cursor:
            return False
        self._cursors[name] = cursor
        return True

    def repeats(self, entry: Record, now: float) -> bool:
        """Tell whether an earlier connection has brought this event."""
        return self._overlap is not None and self._overlap.repeats(entry, now)

    def climb(self, now: float) -> None:
        """Try the best way again."""
        self._ladder.climb()
        self._begin_anew(now)

    def ended(self, now: float, lived: float | None, error: Exception) -> bool:
        """
        Take note that a connection ended.

        Args:
            now: The time, in seconds.
            lived: For how long there was any sign of life, in seconds; None if there was none.
            error: Why it ended.

        Returns:
            Whether to go on at once, by another way.

        """
        was = self._ladder.way
        if isinstance(error, FeedFailed):
            self._hopeless.add(was)
        elif lived is not None:
            self._hopeless.clear()
        at_once = self._ladder.ended(now, None if isinstance(error, FeedFailed) else lived)
        if was == 0 and self._ladder.way:
            self.why = f"{self._feeds[0].transport}: {error}"
        self._begin_anew(now)
        return at_once

    @property
    def hopeless(self) -> bool:
        """Tell whether every way failed for good."""
        return len(self._hopeless) == len(self._feeds)

    def retry(self) -> None:
        """Forget which ways failed for good: somebody says try again."""
        self._hopeless.clear()

    def _begin_anew(self, now: float) -> None:
        if self._ladder.way == 0:
            self.why = ""
        if self._overlap is not None:
            self._overlap.expect_again(now)


def _name(feed: Feed[Any]) -> str:
    """Name a way in stored cursors: another address or other options make another way."""
    options = msgspec.json.encode([feed.transport, feed.options.model_dump(mode="json", exclude={"fallback"})])
    return blake2b(options, digest_size=6).hexdigest()


def _parse(cursor: str | None, names: list[str]) -> dict[str, str | None]:
    """Read what `Ways.cursor` gave; a cursor from before there were other ways is the first one's."""
    if cursor is None:
        return {}
    try:
        ways = msgspec.json.decode(cursor, type=dict[str, dict[str, str]])["ways"]
    except (ValueError, KeyError):
        return {names[0]: cursor}
    return {name: ways[name] for name in names if name in ways}
