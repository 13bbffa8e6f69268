"""Our part in the company: where we look, as others are told, whom we go along with, and what we are offered."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from msgspec import structs

from ..glance import Glance
from ..wire import BRING, Brought, Person
from .drawing.numbers import clock as hour
from .following import Following

if TYPE_CHECKING:
    from ..peer.awareness import Awareness
    from .live import Live
    from .state import State

AWAY_AFTER = 120.0
OFFERED = 30.0


class Company:
    """
    What this screen does together with others.

    Args:
        live: The screen's hold on the session.
        now: A monotonic clock, in seconds.

    Attributes:
        place: Gives where on the board we look; the screen's to say.
        following: Whom we follow.
        leads: Whether we let others travel along.
        away: Whether nobody has touched a key here for a while.

    """

    def __init__(self, live: Live, now: Callable[[], float] = monotonic) -> None:
        self.place: Callable[[], Glance] = Glance
        self.following = Following(live, now)
        self.leads = False
        self.away = False
        self._live = live
        self._now = now
        self._touched = now()
        self._awareness: Awareness | None = None
        self._offer: Brought | None = None
        self._offered_until = 0.0
        self._declined = ""
        live.state.watch(self._on_state)
        live.travel.on_moved.append(self.tell)

    def begin(self, awareness: Awareness) -> None:
        """Say what there is to say by this from now on."""
        self._awareness = awareness
        self.tell()

    # What others are told

    def tell(self) -> None:
        """Tell others where we look, if that has changed."""
        travel = self._live.travel
        if travel.position is None:
            self.leads = False
        if self._awareness is not None:
            self._awareness.say(
                structs.replace(
                    self.place(),
                    time=travel.position,
                    leads=self.leads,
                    follows=self.following.client,
                    away=self.away,
                )
            )

    def touched(self) -> None:
        """Take note that somebody touched a key or the mouse here."""
        self._touched = self._now()
        if self.away:
            self.away = False
            self.tell()

    def tick(self) -> None:
        """Let time pass."""
        self.away = self._now() - self._touched >= AWAY_AFTER
        self.following.look()
        self.tell()

    def lead(self) -> None:
        """Let others travel along, or no longer."""
        self.leads = self._live.travel.position is not None and not self.leads
        self.tell()
        self._live.state.changed()

    def bring(self) -> None:
        """Ask everybody to look where we look."""
        place = self.place()
        self._live.tell(BRING, {"page": place.page, "pane": place.pane, "time": self._live.travel.position})

    # Whom we go along with

    def _on_state(self) -> None:
        if not any(person.leads and person.client == self._declined for person in self._live.state.people):
            self._declined = ""
        self.following.look()
        self.tell()

    @property
    def followers(self) -> list[Person]:
        """Give those who follow us."""
        me = self._live.state.me
        return [person for person in self._live.state.people if me and person.follows == me.client]

    # What we are offered

    def offered(self, offer: Brought) -> None:
        """Take note that somebody asks us to look where they look."""
        self._offer = offer
        self._offered_until = self._now() + OFFERED
        self._live.state.changed()

    @property
    def offer(self) -> str:
        """Say what is on offer, empty for nothing."""
        state = self._live.state
        if (brought := self._brought()) is not None:
            moment = f" at {hour(brought.time)}" if brought.time is not None else ""
            place = state.where(brought.page, brought.pane) or "a page that is gone"
            return f"{state.name_by(brought.client, brought.name)}: everyone to {place}{moment}"
        leader = self._leader()
        return f"{state.name_of(leader)} is at {hour(leader.time or 0)}" if leader is not None else ""

    def accept(self) -> None:
        """Take what is on offer."""
        leader = self._leader()
        if (brought := self._brought()) is not None:
            self._offer = None
            self.following.stop()
            person = Person(client=brought.client, name=brought.name, role="", page=brought.page, pane=brought.pane)
            self.following.show(structs.replace(person, time=brought.time), True)
        elif leader is not None:
            self.following.begin(leader, whole=False)
        self._live.state.changed()

    def decline(self) -> bool:
        """Leave what is on offer; tell whether there was something."""
        if not self.offer:
            return False
        leader = self._leader()
        if self._brought() is not None:
            self._offer = None
        elif leader is not None:
            self._declined = leader.client
        self._live.state.changed()
        return True

    def _brought(self) -> Brought | None:
        return self._offer if self._now() < self._offered_until else None

    def _leader(self) -> Person | None:
        """Give somebody who leads a travel that we are not on."""
        if self.leads or self.following.client:
            return None
        leaders = [person for person in self._live.state.others() if person.leads and person.time is not None]
        return next((person for person in leaders if person.client != self._declined), None)


def doing(state: State, person: Person) -> str:
    """Say what somebody does: live, travelling or away, and whom they follow."""
    parts = ["away"] if person.away else []
    if person.time is not None:
        parts.append(f"{'leads' if person.leads else 'at'} {hour(person.time, seconds=False)}")
    elif not parts:
        parts.append("live")
    if person.follows:
        parts.append(f"follows {state.name_by(person.follows, 'somebody')}")
    return " · ".join(parts)
