"""How much happened when: events counted by the time of their receipt, without reading them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from .reading import offset_before


class Density(NamedTuple):
    """
    Events by buckets of time.

    Args:
        counts: How many events each bucket holds.
        offsets: The offset of the last event received before each bucket's end, 0 if there is none.
        first: When the first event of the log was received, Unix milliseconds; None when it is empty.
        last: When the last was.

    """

    counts: list[int]
    offsets: list[int]
    first: int | None
    last: int | None


class Buckets(NamedTuple):
    """
    A stretch of time cut into equal parts.

    Args:
        since: Where it begins, Unix milliseconds.
        until: Where it ends; not part of it.
        parts: How many.

    """

    since: int
    until: int
    parts: int

    def ends(self) -> list[int]:
        """Give where each part ends, Unix milliseconds."""
        return [self.since + (self.until - self.since) * part // self.parts for part in range(1, self.parts + 1)]


def read_density(
    connection: sqlite3.Connection, buckets: Buckets, upto: int, feeds: Sequence[str] | None = None
) -> Density:
    """
    Count events by time of receipt.

    For all feeds each bucket costs a binary search, and its count is the difference of two offsets; for some
    feeds the entries of an index are counted.

    Args:
        connection: To the log.
        buckets: The times.
        upto: The last offset that counts.
        feeds: Only these feeds; None for all.

    """
    first, last = (connection.execute(sql, (upto,)).fetchone() for sql in (_FIRST, _LAST))
    if first is None or last is None:
        return Density([0] * buckets.parts, [0] * buckets.parts, None, None)
    bounds = _offsets(connection, [buckets.since, *buckets.ends()], upto)
    # Retention may have removed what lies below the first event: it does not count.
    edges = [max(offset, first[0] - 1) for offset in bounds]
    counts = [_count(connection, *edge, feeds) for edge in pairwise(edges)]
    return Density(counts, bounds[1:], first[1], last[1])


def _offsets(connection: sqlite3.Connection, times: list[int], upto: int) -> list[int]:
    """Give the offset before each of some times that rise; the first and the last one bound the search for the rest."""
    low = offset_before(connection, times[0], 0, upto)
    high = offset_before(connection, times[-1], low, upto)
    offsets = [low]
    for time in times[1:-1]:
        offsets.append(offset_before(connection, time, offsets[-1], high))
    return [*offsets, high]


def _count(connection: sqlite3.Connection, after: int, upto: int, feeds: Sequence[str] | None) -> int:
    if feeds is None or upto <= after:
        return max(upto - after, 0)
    names = msgspec.json.encode(list(dict.fromkeys(feeds))).decode()
    return int(connection.execute(_COUNT, (names, after, upto)).fetchone()[0])


_FIRST = "SELECT offset, received FROM events WHERE offset <= ? ORDER BY offset LIMIT 1"
_LAST = "SELECT offset, received FROM events WHERE offset <= ? ORDER BY offset DESC LIMIT 1"
_COUNT = """
    SELECT count(*) FROM events
    WHERE feed IN (SELECT value FROM json_each(?)) AND offset > ? AND offset <= ?
"""
