"""Which way to take next."""

from __future__ import annotations

from collab_dash.hub.ladder import CLIMB_FIRST, CLIMB_MOST, PATIENCE, STEADY, Ladder

CUT = 59.0


def test_a_way_that_is_never_heard_of_is_left_at_once() -> None:
    ladder = Ladder(3)
    assert ladder.ended(0, None)
    assert ladder.way == 1
    assert ladder.ended(1, None)
    assert ladder.way == 2


def test_when_none_works_it_begins_anew_after_a_pause() -> None:
    ladder = Ladder(3)
    assert [ladder.ended(0, None) for _ in range(3)] == [True, True, False]
    assert (ladder.way, ladder.climb_at) == (0, None)
    assert ladder.ended(1, None)


def test_a_way_that_works_is_kept_when_it_breaks_now_and_then() -> None:
    ladder = Ladder(2)
    for _ in range(20):
        for _ in range(PATIENCE - 1):
            assert not ladder.ended(0, CUT)
        assert not ladder.ended(0, STEADY)
    assert ladder.way == 0


def test_a_way_that_is_cut_again_and_again_is_left() -> None:
    ladder = Ladder(2)
    assert [ladder.ended(0, CUT) for _ in range(PATIENCE)] == [False] * (PATIENCE - 1) + [True]
    assert ladder.way == 1


def test_what_works_is_kept_until_it_is_time_to_climb() -> None:
    ladder = Ladder(3)
    ladder.ended(100, None)
    assert ladder.climb_at == 100 + CLIMB_FIRST
    assert not ladder.ended(130, 20.0)
    assert (ladder.way, ladder.climb_at) == (1, 100 + CLIMB_FIRST)
    ladder.climb()
    assert ladder.way == 0
    assert ladder.climb_at is None


def test_a_way_that_was_left_has_one_life_to_prove_itself_and_is_tried_less_and_less_often() -> None:
    ladder = Ladder(2)
    now, pauses = 0.0, []
    for _ in range(8):
        while ladder.way == 0:
            ladder.ended(now, CUT)
        assert ladder.climb_at is not None
        pauses.append(ladder.climb_at - now)
        now = ladder.climb_at
        ladder.climb()
    assert pauses == [60, 120, 240, 480, 960, CLIMB_MOST, CLIMB_MOST, CLIMB_MOST]
    ladder.ended(now, STEADY)
    assert [ladder.ended(now, CUT) for _ in range(PATIENCE)][-1], "a steady life earns its patience back"
    assert ladder.climb_at == now + CLIMB_FIRST


def test_climbing_stops_at_the_first_way_that_works() -> None:
    ladder = Ladder(3)
    ladder.ended(0, None)
    ladder.ended(0, None)
    assert not ladder.ended(50, 50.0)
    ladder.climb()
    assert ladder.ended(61, None)
    assert ladder.way == 1


def test_a_feed_with_one_way_has_nothing_to_climb() -> None:
    ladder = Ladder(1)
    assert [ladder.ended(0, lived) for lived in (None, CUT, CUT, CUT, CUT, STEADY)] == [False] * 6
    assert (ladder.way, ladder.climb_at) == (0, None)
