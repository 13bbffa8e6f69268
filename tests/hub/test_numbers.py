"""Whose the client numbers of the awareness are."""

from __future__ import annotations

from collab_dash.hub import numbers as numbers_module
from collab_dash.hub.numbers import Numbers
from collab_dash.hub.seat import Seat

from .test_presence import Peer

ana, bo = Seat(Peer("ana"), 1, 0.0), Seat(Peer("bo"), 2, 0.0)


def test_a_number_is_one_persons_and_stays_so_when_it_is_let_go() -> None:
    numbers = Numbers()
    numbers.give(ana, 7)
    bo.claimed = True
    assert (numbers.holder(7), numbers.open_to(ana, 7), numbers.open_to(bo, 7)) == (ana, True, False)
    numbers.let_go(ana)
    assert (numbers.holder(7), numbers.open_to(ana, 7), numbers.open_to(bo, 7)) == (None, True, False)


def test_a_newcomer_may_have_a_number_that_nobody_has() -> None:
    numbers = Numbers()
    numbers.give(ana, 7)
    numbers.let_go(ana)
    assert numbers.open_to(Seat(Peer("cy"), 3, 0.0), 7)


def test_so_many_are_remembered_and_no_more() -> None:
    numbers, most = Numbers(), numbers_module.REMEMBERED
    for number in range(most + 1):
        numbers.give(ana, number)
        numbers.let_go(ana)
    bo.claimed = True
    assert [numbers.open_to(bo, number) for number in (0, 1, most)] == [True, False, False]
