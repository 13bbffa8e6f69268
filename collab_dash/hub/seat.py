"""A program's place among the others: who sits there, what it said, and what others are told of it."""

from __future__ import annotations

import secrets
from typing import Any, Protocol

from msgspec import structs

from ..doc.sync import Presence as Said
from ..glance import ASLEEP_AFTER, RENEWED_EVERY, glance_of, said_name, stamped
from ..people import colour_for
from ..wire import Person

GRACE = 5.0


class Member(Protocol):
    """A joined program, as seen from here; two of them are the same only if they are one object."""

    @property
    def client(self) -> str:
        """Its id in this session."""

    @property
    def name(self) -> str:
        """What others call whoever sits there; empty if its hello did not say."""

    @property
    def role(self) -> str:
        """Its role."""

    @property
    def person(self) -> str:
        """The public id of whoever sits there."""

    @property
    def color(self) -> str:
        """The name of the colour they are drawn in."""


class Seat:
    """
    A program's place among the others.

    Args:
        member: Whose it is; another one's after a break.
        since: When it was taken, Unix milliseconds; no two are alike.

    Attributes:
        number: Its client number in the awareness, of the hub's choosing until the program has `claimed` one.
        heard: The clock of what it said last.
        clock: The clock of what others are told.
        state: What it said.
        here: Whether it is shown to others: not while it sleeps, or has said that it is gone.
        spoke: When it last said something, None if it never did; a monotonic time in seconds like the others.
        told: When others were last told of it.
        broke: When its link broke.

    """

    def __init__(self, member: Member, since: int, now: float) -> None:
        self.member = member
        self.since = since
        self.number = secrets.randbits(31)
        self.claimed = False
        self.heard = -1
        self.clock = 0
        self.state: dict[str, Any] = {}
        self.here = True
        self.spoke: float | None = None
        self.told = now
        self.broke: float | None = None

    @property
    def shown(self) -> bool:
        """Whether others see it: programs that watch no board have no name and say nothing."""
        return self.here and (self.claimed or bool(self.member.name))

    @property
    def due(self) -> float:
        """When time alone changes something about it."""
        if self.broke is not None:
            return self.broke + GRACE
        if self.spoke is None:
            return self.told + RENEWED_EVERY
        return self.spoke + ASLEEP_AFTER if self.here else float("inf")

    @property
    def who(self) -> Person:
        """Who sits there."""
        member = self.member
        return Person(
            client=member.client,
            name=member.name or said_name(self.state),
            role=member.role,
            since=self.since,
            person=member.person,
            color=colour_for(member.color, member.person),
        )

    @property
    def seen(self) -> Person:
        """Who sits there and where they look, but for where in a pane that is."""
        glance = glance_of(self.state)
        return structs.replace(
            self.who,
            page=glance.page,
            pane=glance.pane,
            time=glance.time,
            leads=glance.leads and self.member.role != "viewer",
            follows=glance.follows,
            away=glance.away,
        )

    @property
    def entry(self) -> Said:
        """What others are told of it."""
        return Said(self.number, self.clock, stamped(self.state, self.who) if self.shown else b"null")
