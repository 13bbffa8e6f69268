"""How events come back out of the log: a page at a time, in JSON already."""

from __future__ import annotations

import sqlite3
from functools import cache
from typing import Any, NamedTuple

import msgspec

MAX_OFFSET = (1 << 63) - 1
MAX_PAGE_BYTES = 4 << 20
MERGED_FEEDS = 32


class Entries(NamedTuple):
    """
    A page of the log.

    Args:
        events: Each event's public JSON form, oldest first.
        last: The offset up to which the log was searched; a further read goes on after it.
        more: Whether there is more on that side.

    """

    events: list[bytes]
    last: int
    more: bool


class Range(NamedTuple):
    """
    Which events are wanted.

    Args:
        after: Only offsets above this one.
        upto: Only offsets up to this one.
        feeds: Only these feeds; None for all.
        types: Only these event types, globs allowed; empty for all.
        backward: From the newest to the oldest.

    """

    after: int
    upto: int
    feeds: tuple[str, ...] | None
    types: tuple[str, ...]
    backward: bool = False


def read_page(connection: sqlite3.Connection, wanted: Range, limit: int) -> Entries:
    """
    Read a page; `last` is the end of the page that is farther on in the direction of reading.

    A page ends after `limit` events or about 4 MiB, whichever comes first, and holds at least one event if
    there is one.
    """
    end = wanted.after if wanted.backward else wanted.upto
    if limit < 1 or wanted.feeds == () or wanted.after >= wanted.upto:
        return Entries([], end, more=False)
    arguments = _arguments(wanted, limit + 1)
    shape = (len(wanted.feeds) if wanted.feeds is not None else None, bool(wanted.types), wanted.backward)
    found, size = connection.execute(_measure_sql(*shape), arguments).fetchone()
    if not found:
        return Entries([], end, more=False)
    sql = _page_sql(*shape, bounded=size > MAX_PAGE_BYTES)
    count, edge, text = connection.execute(sql, {**arguments, "limit": limit}).fetchone()
    events = text.split(b"\n")
    if wanted.backward:
        events.reverse()
    more = count < found
    return Entries(events, edge if more else end, more)


def _arguments(wanted: Range, limit: int) -> dict[str, Any]:
    arguments = {
        "after": wanted.after,
        "upto": wanted.upto,
        "limit": limit,
        "types": msgspec.json.encode([_as_glob(each) for each in wanted.types]).decode(),
        "feeds": msgspec.json.encode(wanted.feeds or ()).decode(),
    }
    return arguments | {f"feed{number}": feed for number, feed in enumerate(wanted.feeds or ())}


def _as_glob(pattern: str) -> str:
    """Let only ``*`` be special."""
    return pattern.replace("[", "[[]").replace("?", "[?]")


# A page is put together inside SQLite and comes out as one value: fetching row by row takes the GIL anew for
# every row. No raw newline occurs in the JSON of an event.
_LINE = (
    """printf('{"offset":%d,"feed":"%s","type":"%s","key":%s,"time":%d,"received":%d,"data":%s}',"""
    " offset, feed, type, json_quote(key), time, received, data)"
)
_OCTETS = "length(CAST(data AS BLOB))"


@cache
def _measure_sql(feeds: int | None, types: bool, backward: bool) -> str:
    chosen = _choose_sql(feeds, types, backward)
    return f"SELECT count(*), sum({_OCTETS}) FROM ({chosen})"  # noqa: S608 - made of constants


@cache
def _page_sql(feeds: int | None, types: bool, backward: bool, *, bounded: bool) -> str:
    rows = _choose_sql(feeds, types, backward)
    if bounded:
        order = "DESC" if backward else "ASC"
        window = f"OVER (ORDER BY offset {order} ROWS UNBOUNDED PRECEDING)"
        rows = (
            f"SELECT * FROM (SELECT *, sum({_OCTETS}) {window} - {_OCTETS} AS before FROM ({rows}))"  # noqa: S608 - made of constants
            f" WHERE before < {MAX_PAGE_BYTES - (256 << 10)}"
        )
    edge = "min" if backward else "max"
    return f"SELECT count(*), {edge}(offset), CAST(group_concat({_LINE}, char(10)) AS BLOB) FROM ({rows})"  # noqa: S608 - made of constants


def _choose_sql(feeds: int | None, types: bool, backward: bool) -> str:
    """
    Write the query for the rows of a page.

    A few feeds are merged from as many walks along the index, so that a rare feed in a large log is found at
    once; many are picked out of one walk along the table.
    """
    order = f"ORDER BY offset {'DESC' if backward else 'ASC'} LIMIT :limit"
    where = "offset > :after AND offset <= :upto"
    if types:
        where += " AND EXISTS (SELECT 1 FROM json_each(:types) WHERE events.type GLOB json_each.value)"
    if feeds is not None and feeds > MERGED_FEEDS:
        where += " AND +feed IN (SELECT value FROM json_each(:feeds))"
    if feeds is None or feeds > MERGED_FEEDS:
        return f"SELECT * FROM events WHERE {where} {order}"  # noqa: S608 - made of constants
    walks = " UNION ALL ".join(
        f"SELECT * FROM (SELECT offset AS found FROM events WHERE feed = :feed{number} AND {where} {order})"  # noqa: S608 - made of constants
        for number in range(feeds)
    )
    merged = f"SELECT found FROM ({walks}) ORDER BY found {'DESC' if backward else 'ASC'} LIMIT :limit"  # noqa: S608 - made of constants
    return f"SELECT events.* FROM ({merged}) CROSS JOIN events ON offset = found"  # noqa: S608 - made of constants


def offset_before(connection: sqlite3.Connection, time: int, low: int = 0, upto: int = MAX_OFFSET) -> int:
    """
    Give the offset of the last event received before `time` (Unix milliseconds), `low` if there is none above it.

    A binary search: offsets rise with time of receipt, but for a clock that was set back. Even then a later time
    never gives a lower offset.

    Args:
        connection: To the log.
        time: Unix milliseconds.
        low: An offset that the answer is not below.
        upto: The last offset that counts.

    """
    last: int = connection.execute("SELECT coalesce(max(offset), 0) FROM events").fetchone()[0]
    last = high = min(last, upto)
    while low < high:  # the answer is in low … high
        middle = (low + high + 1) // 2
        offset, received = connection.execute(_NEAREST, (middle,)).fetchone()
        if received < time:
            low = offset
        else:
            high = middle - 1
    return min(low, last)


# At or above the offset: retention may have removed the oldest, so the nearest one up is what counts.
_NEAREST = "SELECT offset, received FROM events WHERE offset >= ? ORDER BY offset LIMIT 1"
