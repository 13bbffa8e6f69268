"""Who is here, and where they look: the rules, told the time. Never stored."""

from __future__ import annotations

from collections.abc import Sequence

from ..doc.sync import Presence as Said
from ..errors import BadFrame
from ..glance import read_state
from ..wire import Person
from .numbers import Numbers
from .seat import Member, Seat

MOST_BITS = 52  # JavaScript reads 53; the hub counts on from what it is told
MOST = (1 << MOST_BITS) - 1


class Presence:
    """
    Everybody who is joined, in the order of their coming.

    Each may say something of itself alone: a state of another client in what it sends is passed over. Who breaks off
    keeps the place for `GRACE` seconds, and comes back to it.
    """

    def __init__(self) -> None:
        self._seats: dict[Member, Seat] = {}
        self._numbers = Numbers()
        self._news: dict[int, Seat | Said] = {}
        self._known: set[int] = set()
        self._latest = 0

    @property
    def seats(self) -> list[Seat]:
        """Give the places that others see, first come first."""
        return sorted((seat for seat in self._seats.values() if seat.shown), key=lambda seat: seat.since)

    @property
    def people(self) -> list[Person]:
        """Give everybody with a name, as they are shown to others, but for where in a pane they are."""
        return [person for seat in self.seats if (person := seat.seen).name]

    @property
    def everything(self) -> list[Said]:
        """Give what a newcomer is to be told."""
        shown = [seat.entry for seat in self._seats.values() if seat.shown]
        self._known |= {entry.client for entry in shown}
        return shown

    @property
    def due(self) -> float:
        """When time alone changes something, a monotonic time in seconds."""
        return min((seat.due for seat in self._seats.values()), default=float("inf"))

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._news)

    def news(self) -> list[Said]:
        """Give what others have not been told yet; they count as told."""
        news = [each.entry if isinstance(each, Seat) else each for each in self._news.values()]
        self._news = {}
        self._known |= {entry.client for entry in news if entry.state != b"null"}
        return news

    # Coming and going

    def enter(self, member: Member, *, now: float, at: int) -> None:
        """
        Let somebody in, or back to the place they broke off from.

        Args:
            member: Who.
            now: The monotonic time in seconds.
            at: The time to be shown, Unix milliseconds.

        """
        left = next((seat for seat in self._seats.values() if self._is_back(member, seat)), None)
        if left is None:
            self._latest = max(at, self._latest + 1)
            left = Seat(member, self._latest, now)
            self._numbers.give(left, left.number)
        else:
            del self._seats[left.member]
            left.member, left.broke, left.heard, left.spoke, left.here = member, None, -1, None, True
        self._seats[member] = left
        self._tell(left, now)

    @staticmethod
    def _is_back(member: Member, seat: Seat) -> bool:
        return seat.broke is not None and seat.member.person == member.person

    def leave(self, member: Member, *, now: float, clean: bool) -> None:
        """
        Forget somebody: at once if they said so, otherwise unless they come back in time.

        Args:
            member: Who.
            now: The monotonic time in seconds.
            clean: Whether they said so.

        """
        seat = self._seats.get(member)
        if seat is None:
            return
        if clean or member.person == member.client:  # without a secret nobody can be the same again
            self._drop(seat)
        else:
            seat.broke = now

    def pass_time(self, now: float) -> None:
        """Let go whoever broke off, or fell silent, for too long; renew those who cannot do so themselves."""
        for seat in [seat for seat in self._seats.values() if seat.due <= now]:
            if seat.broke is not None:
                self._drop(seat)
            elif seat.spoke is not None:
                self._hide(seat)
            else:
                self._tell(seat, now)

    # What they say

    def look(self, member: Member, page: str, pane: str, *, now: float) -> None:
        """Note where somebody looks who has no awareness."""
        seat = self._seats.get(member)
        if seat is None or seat.claimed or (seat.state.get("page"), seat.state.get("pane")) == (page, pane):
            return
        seat.state = {"page": page, "pane": pane}
        self._tell(seat, now)

    def introduce(self, member: Member, *, now: float) -> None:
        """Show somebody by the name and colour they have now."""
        if (seat := self._seats.get(member)) is not None:
            self._tell(seat, now)

    def take(self, member: Member, said: Sequence[Said], *, now: float) -> None:
        """
        Take what a program says of itself.

        Args:
            member: Who.
            said: The entries of its awareness update.
            now: The monotonic time in seconds.

        Raises:
            BadFrame: If its state cannot be read, or numbers are larger than other programs can read.

        """
        for entry in said:
            if entry.client > MOST or entry.clock > MOST:
                raise BadFrame(f"a number of more than {MOST_BITS} bits in an awareness update")
        seat = self._seats.get(member)
        own = None if seat is None else self._own(seat, said)
        if seat is None or own is None:
            return
        state = read_state(own.state)
        seat.spoke = now
        if state is None:
            self._hide(seat)
        elif own.clock > seat.heard or not seat.here:
            seat.heard, seat.state, seat.here = own.clock, state, True
            self._tell(seat, now)

    def _own(self, seat: Seat, said: Sequence[Said]) -> Said | None:
        """Find what is said of oneself, under a number that is one's own or can become so."""
        for entry in said:
            if entry.client == seat.number and seat.claimed:
                return entry
        for entry in said:
            if entry.state != b"null" and self._numbers.open_to(seat, entry.client):
                self._claim(seat, entry.client)
                return entry
        return None

    def _claim(self, seat: Seat, number: int) -> None:
        holder = self._numbers.holder(number)
        if holder is not None and holder is not seat:
            seat.since, seat.clock = holder.since, holder.clock
            self._drop(holder)  # it broke off without our noticing
        if seat.number != number:
            self._forget(seat)
        seat.claimed, seat.heard = True, -1
        self._numbers.give(seat, number)

    # What others are told

    def _tell(self, seat: Seat, now: float) -> None:
        seat.clock = max(seat.clock + 1, seat.heard)
        seat.told = now
        if seat.shown:
            self._news[seat.number] = seat

    def _hide(self, seat: Seat) -> None:
        if seat.here:
            seat.here = False
            self._news[seat.number] = seat

    def _drop(self, seat: Seat) -> None:
        del self._seats[seat.member]
        self._forget(seat)

    def _forget(self, seat: Seat) -> None:
        """Let a number be nobody's."""
        self._numbers.let_go(seat)
        self._news.pop(seat.number, None)
        if seat.number in self._known:
            self._known.discard(seat.number)
            self._news[seat.number] = Said(seat.number, seat.clock, b"null")
