"""What two connections both bring is one event."""

from __future__ import annotations

from collab_dash.event import Record
from collab_dash.hub.overlap import LASTS, REMEMBERED, Overlap


def entry(number: int, *, key: str | None = None, kind: str = "t:x") -> Record:
    return Record("f", kind, key, number, number, f'{{"n":{number}}}')


def test_what_came_before_is_recognised_whenever_it_was_received() -> None:
    overlap = Overlap()
    assert not overlap.repeats(entry(1), 0)
    overlap.expect_again(1)
    assert overlap.repeats(entry(1)._replace(time=9, received=9, feed="g"), 1)
    assert not overlap.repeats(entry(2), 1)


def test_one_connection_may_say_the_same_again() -> None:
    overlap = Overlap()
    assert not overlap.repeats(entry(1), 0)
    assert not overlap.repeats(entry(1), 0)


def test_each_is_recognised_as_often_as_it_came() -> None:
    overlap = Overlap()
    overlap.repeats(entry(1), 0)
    overlap.repeats(entry(1), 0)
    overlap.expect_again(0)
    assert [overlap.repeats(entry(1), 0) for _ in range(3)] == [True, True, False]


def test_type_and_key_make_another_event() -> None:
    overlap = Overlap([entry(1)])
    overlap.expect_again(0)
    assert not overlap.repeats(entry(1, key="k"), 0)
    assert not overlap.repeats(entry(1, kind="t:y"), 0)
    assert overlap.repeats(entry(1), 0), "what was recorded before the hub started counts"


def test_later_the_same_content_is_news_again() -> None:
    overlap = Overlap([entry(1)])
    overlap.expect_again(0)
    assert not overlap.repeats(entry(1), LASTS + 1)


def test_memory_is_bounded() -> None:
    overlap = Overlap(entry(number) for number in range(REMEMBERED * 2))
    overlap.expect_again(0)
    assert not overlap.repeats(entry(0), 0)
    assert overlap.repeats(entry(REMEMBERED), 0)
