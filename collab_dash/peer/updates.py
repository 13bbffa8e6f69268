"""What a joined session tells, as plain structs; importing them imports no network library."""

from __future__ import annotations

import msgspec

from ..event import Event
from ..wire import Alert, Brought, FeedStatus, Knock, Person, SessionStatus, Skipped, Welcome


class Joined(msgspec.Struct, frozen=True):
    """The link is up (again); `welcome.recovered` tells whether everything missed follows."""

    welcome: Welcome


class Events(msgspec.Struct, frozen=True):
    """Events, in the order of the log; what was recorded together travels together."""

    events: list[Event]


class People(msgspec.Struct, frozen=True):
    """Everybody who is here now."""

    people: list[Person]


class Firing(msgspec.Struct, frozen=True):
    """What is firing now: alerts that nobody has acknowledged yet, oldest first."""

    alerts: list[Alert]


class Knocks(msgspec.Struct, frozen=True):
    """Everybody who waits for a host to let them in; told to hosts alone."""

    knocks: list[Knock]


class Lost(msgspec.Struct, frozen=True):
    """The link broke; the session tries again by itself at `retry_at` (Unix milliseconds)."""

    reason: str
    retry_at: int


Update = Joined | Events | Skipped | FeedStatus | SessionStatus | People | Brought | Firing | Knocks | Lost
