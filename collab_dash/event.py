"""
The event: one thing that happened upstream.

A feed makes an `Event` without offset; the hub turns it into a `Record`, whose payload is encoded once and for
all, and the log gives it its offset. `encode` is the only place that writes the public JSON form, so the log, the
peer link, SSE and NDJSON carry the same bytes.
"""

from __future__ import annotations

import re
import time
from typing import Any, NamedTuple

import msgspec

MAX_EVENT_BYTES = 256 * 1024
RAW_EXCERPT_BYTES = 2048
REJECTED = "feed:rejected"
FIRED = "alert:fire"
UNREACHED = "alert:failed"
HUB_FEED = "hub"
ALERTS_FEED = "alerts"
OWN_FEEDS = (HUB_FEED, ALERTS_FEED)

_TYPE = re.compile(r"[a-z][a-z0-9_-]*:[a-z][a-z0-9_-]*")
_FEED = re.compile(r"[a-z0-9][a-z0-9_.-]*")
_encode_json = msgspec.json.Encoder().encode


def unix_ms() -> int:
    """Give the present moment in Unix milliseconds, as events tell it."""
    return time.time_ns() // 1_000_000


class Position(msgspec.Struct, frozen=True):
    """
    A place in one particular log.

    Args:
        epoch: Which log; another database has another epoch.
        offset: The number of the last event seen, 0 before the first.

    """

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.offset}"


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One thing that happened upstream.

    A feed sets `type` and `data`, and `key` and `time` where the source has them; the hub sets the rest.

    Args:
        offset: The event's number in the log; None for an event that is not, or could not be, recorded.
        feed: The configured feed's name.
        type: ``domain:action``, see `is_event_type`.
        key: What the event is about (a product, a page, a host), or None.
        time: The source's time in Unix milliseconds UTC; None means the moment of receipt.
        received: Our time in Unix milliseconds UTC; 0 before the hub received it.
        data: The payload, a JSON object.

    """

    offset: int | None = None
    feed: str = ""
    type: str
    key: str | None = None
    time: int | None = None
    received: int = 0
    data: dict[str, Any]


class Record(NamedTuple):
    """
    An event on its way to the log: checked, stamped, its payload encoded.

    The fields are the log's columns after `offset`, in order.
    """

    feed: str
    type: str
    key: str | None
    time: int
    received: int
    data: str


class Unencodable(ValueError):
    """
    An event that may not enter the log; the text is the reason.

    Args:
        reason: Why, in one line.
        raw: As much of the payload as could be written down.

    """

    def __init__(self, reason: str, raw: str) -> None:
        super().__init__(reason)
        self.raw = raw


def is_event_type(name: str) -> bool:
    """Tell whether `name` is a legal event type: ``domain:action``, each ``[a-z][a-z0-9_-]*``."""
    return _TYPE.fullmatch(name) is not None


def is_feed_name(name: str) -> bool:
    """
    Tell whether `name` can name a feed: lower-case letters, digits, ``_ . -``, not starting with a sign.

    ``hub`` and ``alerts`` cannot: events of those names are the hub's own.
    """
    return _FEED.fullmatch(name) is not None and name not in OWN_FEEDS


def event_type(domain: str, action: str) -> str:
    """
    Make a legal event type out of upstream's words.

    Every character that a type cannot hold becomes ``-``; a word left empty becomes ``message``.
    """
    return f"{_safe_word(domain)}:{_safe_word(action)}"


def _safe_word(word: str) -> str:
    safe = re.sub(r"[^a-z0-9_-]+", "-", word.lower()).lstrip("-_0123456789").rstrip("-_") or "message"
    return safe[:64]


def as_payload(value: Any) -> dict[str, Any]:
    """Give `value` itself when it is a JSON object, otherwise ``{"value": value}``."""
    return value if isinstance(value, dict) else {"value": value}


def rejected(reason: str, raw: str | bytes, *, key: str | None = None) -> Event:
    """
    Make the event that keeps what could not become an event.

    Args:
        reason: Why, in one line.
        raw: The message as it came; its first 2 KiB are kept.
        key: What the message was about, where that is known.

    """
    excerpt = raw.encode(errors="replace") if isinstance(raw, str) else raw
    data = {
        "reason": reason,
        "bytes": len(excerpt),
        "raw": excerpt[:RAW_EXCERPT_BYTES].decode(errors="replace"),
    }
    return Event(type=REJECTED, key=key, data=data)


def record(event: Event, *, feed: str, received: int) -> Record:
    """
    Check an event, stamp it and encode its payload.

    Args:
        event: As a feed yielded it.
        feed: The feed's name.
        received: Our time, Unix milliseconds.

    Raises:
        Unencodable: If its type is not legal, its payload is not JSON, or it is over 256 KiB.

    """
    if _TYPE.fullmatch(event.type) is None:
        raise Unencodable(f"event type {event.type!r} is not domain:action", repr(event.data))
    try:
        data = _encode_json(event.data).decode()
        key = None if event.key is None else str(event.key)
        if key is not None:
            key.encode()
    except (TypeError, ValueError, RecursionError) as error:  # UnicodeEncodeError is a ValueError
        raise Unencodable(f"payload is not JSON: {error}", repr(event.data)) from None
    if len(data) > MAX_EVENT_BYTES // 4 and len(data.encode()) > MAX_EVENT_BYTES:
        raise Unencodable(f"event of {len(data.encode()):,} bytes is over the limit of {MAX_EVENT_BYTES:,}", data)
    time = event.time if event.time is not None and abs(event.time) < 1 << 62 else received
    return Record(feed, event.type, key, time, received, data)


def record_or_reject(event: Event, *, feed: str, received: int) -> Record:
    """Make a record of `event`, or of the ``feed:rejected`` event that says why it cannot be one."""
    try:
        return record(event, feed=feed, received=received)
    except Unencodable as error:
        return record(rejected(str(error), error.raw), feed=feed, received=received)


def encode(offset: int | None, entry: Record) -> bytes:
    """
    Write the public JSON form, keys in the contract's order.

    Args:
        offset: The event's number in the log, or None if it could not be recorded.
        entry: What the log holds of it.

    """
    key = "null" if entry.key is None else _encode_json(entry.key).decode()
    number = "null" if offset is None else offset
    return (
        f'{{"offset":{number},"feed":"{entry.feed}","type":"{entry.type}","key":{key},'
        f'"time":{entry.time},"received":{entry.received},"data":{entry.data}}}'
    ).encode()


class _Written(msgspec.Struct):
    feed: str
    type: str
    key: str | None
    time: int
    received: int
    data: msgspec.Raw


_decode_written = msgspec.json.Decoder(_Written).decode


def as_record(encoded: bytes) -> Record:
    """Give the record that `encode` wrote."""
    written = _decode_written(encoded)
    data = bytes(written.data).decode()
    return Record(written.feed, written.type, written.key, written.time, written.received, data)
