"""How feeds, hub, people and alerts are, as peers are told."""

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


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """
    Somebody who is here.

    Args:
        client: The id of the program they sit at.
        name: What they want to be called; two may want the same, see `collab_dash.people.distinct_names`.
        role: ``viewer``, ``editor`` or ``host``.
        page: The id of the page they look at.
        pane: The id of the pane they look at.
        since: When they came, Unix milliseconds.
        person: Their public id, the same wherever they sit and whenever they come.
        color: The name of the colour they are drawn in.
        time: The moment they travelled to, Unix milliseconds; None while they look at the present.
        leads: Whether they let others travel along.
        follows: The client that they follow; empty for nobody.
        away: Whether they have not touched a key for a while.
        offset: The event under their cursor; None where there is no cursor.
        key: The key of the row under their cursor, where a row is a key; empty otherwise.
        scroll: The row at the top of the pane.

    """

    client: str
    name: str
    role: str
    page: str = ""
    pane: str = ""
    since: int = 0
    person: str = ""
    color: str = ""
    time: int | None = None
    leads: bool = False
    follows: str = ""
    away: bool = False
    offset: int | None = None
    key: str = ""
    scroll: int = 0


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """
    Somebody would have everybody look where they look.

    Args:
        name: What they are called.
        client: The id of the program they sit at.
        page: The id of the page.
        pane: The id of the pane.
        time: The moment, Unix milliseconds; None for the present.

    """

    name: str
    client: str
    page: str
    pane: str = ""
    time: int | None = None


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """
    Somebody who waits to be let in.

    Args:
        client: The id of the program they sit at.
        name: What they want to be called; empty for a program that watches no board.
        role: What their link allows.
        address: Where they connect from.

    """

    client: str
    name: str
    role: str
    address: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """
    A rule that fired; it is firing until somebody acknowledges it.

    Args:
        alert: Its id.
        rule: The id of the rule.
        name: What the rule is called.
        when: What the rule looks at.
        feed: The feed of the event that fired it.
        key: That event's key.
        offset: That event's number; None if it could not be recorded.
        time: That event's time, Unix milliseconds.
        text: That event in one line.
        fired: When it fired, Unix milliseconds.
        notify: What is done: ``bell``, ``toast`` and ``desktop`` by each screen, all others by the hub.
        left_out: Alerts of this rule before it that were too many to be told.

    """

    alert: str
    rule: str
    name: str
    when: str
    feed: str
    key: str | None = None
    offset: int | None = None
    time: int = 0
    text: str = ""
    fired: int = 0
    notify: tuple[str, ...] = ()
    left_out: int = 0
