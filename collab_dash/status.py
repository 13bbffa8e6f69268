"""How feeds and hub are doing, as peers are told."""

from __future__ import annotations

import msgspec


class FeedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """
    How one feed is doing.

    Args:
        feed: The feed's name.
        plugin: The feed plugin's name.
        transport: How it talks upstream.
        state: ``connecting``, ``live``, ``waiting`` (broken, will retry), ``failed`` (needs a person) or ``stopped``.
        since: When it entered that state, Unix milliseconds.
        reason: Why it is not live, for a person; empty when live.
        hint: What a person could do about it.
        retry_at: When it tries again, Unix milliseconds.
        note: A word from the feed, such as the next poll.
        events: Events recorded since the hub started.
        rate: Events per second, over the last ten seconds.
        last_event: When the last event came, Unix milliseconds.
        attempt: Failed attempts since it was last live.
        fallback: Why it is not on the transport it would rather be on; empty if it is.
        left_out: Events that its rate limit left out since the hub started.

    """

    feed: str
    plugin: str = ""
    transport: str = ""
    state: str = "connecting"
    since: int = 0
    reason: str = ""
    hint: str = ""
    retry_at: int | None = None
    note: str = ""
    events: int = 0
    rate: float = 0.0
    last_event: int | None = None
    attempt: int = 0
    fallback: str = ""
    left_out: int = 0


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """
    Whether events are being written.

    Args:
        state: ``on`` or ``suspended``.
        reason: Why it is suspended.
        since: Since when, Unix milliseconds.
        missed: How many events were not written.

    """

    state: str = "on"
    reason: str = ""
    since: int = 0
    missed: int = 0


class SessionStatus(msgspec.Struct, frozen=True, kw_only=True):
    """
    How the hub is doing, pushed about once a second.

    Args:
        offset: The last recorded event's number.
        rate: Events per second coming in.
        db_bytes: Size of the database with its write-ahead log.
        recording: Whether events are being written.
        lag: Seconds between receipt and fan-out of the last batch.
        exposed: The address if it is reachable from other machines, else empty.

    """

    offset: int
    rate: float
    db_bytes: int
    recording: Recording
    lag: float = 0.0
    exposed: str = ""
