"""Whose the client numbers of the awareness are."""

from __future__ import annotations

from .seat import Seat

REMEMBERED = 4096


class Numbers:
    """
    The client numbers of those who are here, and whose those of others were.

    A number is one seat's at a time, and stays its person's for some time after that: programs also pass on what they
    heard of others, even late.
    """

    def __init__(self) -> None:
        self._held: dict[int, Seat] = {}
        self._gone: dict[int, str] = {}

    def holder(self, number: int) -> Seat | None:
        """Give whose number it is, if it is anybody's."""
        return self._held.get(number)

    def open_to(self, seat: Seat, number: int) -> bool:
        """Tell whether a number can become a seat's."""
        person, holder = seat.member.person, self._held.get(number)
        if holder is not None:
            return holder.member.person == person
        return not seat.claimed or self._gone.get(number, person) == person

    def give(self, seat: Seat, number: int) -> None:
        """Let a number be a seat's."""
        seat.number = number
        self._held[number] = seat

    def let_go(self, seat: Seat) -> None:
        """Let a seat's number be nobody's."""
        self._held.pop(seat.number, None)
        self._gone[seat.number] = seat.member.person
        if len(self._gone) > REMEMBERED:
            del self._gone[next(iter(self._gone))]
