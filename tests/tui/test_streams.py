"""Every stream gives the past, then what was held, then what comes: without gap or duplicate."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.event import Event
from collab_dash.filter import FilterError
from collab_dash.tui.streams import Selection, Stream, Streams
from tui.fake_session import tick


class Bucket:
    """A tap that keeps everything."""

    def __init__(self, depth: int = 10, reach: int = 0) -> None:
        self.depth, self.reach = depth, reach
        self.events: list[Event] = []
        self.gaps: list[tuple[int, int]] = []

    def take(self, events: Sequence[Event]) -> None:
        self.events += events

    def gap(self, first: int, last: int) -> None:
        self.gaps.append((first, last))

    def clear(self) -> None:
        self.events.clear()

    @property
    def offsets(self) -> list[int | None]:
        return [event.offset for event in self.events]


BTC = Selection(("btc",))


@given(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_past_held_and_live_have_no_gap_and_no_duplicate(joined: int, asked: int, after: int) -> None:
    """The hub's answer holds everything up to some moment between joining and now; the rest was held."""
    joined, asked = min(joined, asked), max(joined, asked)
    events = [tick(offset, 1.0) for offset in range(1, asked + after + 1)]
    bucket, streams = Bucket(), Streams()
    streams.on_open = lambda stream: None
    stream = streams.tap(BTC, bucket)
    streams.take(events[joined : asked + after])
    stream.release(events[:asked])
    streams.take([tick(1000, 2.0)])
    assert bucket.offsets == [*range(1, asked + after + 1), 1000]


def test_events_are_chosen_by_feed_type_key_and_filter() -> None:
    events = [
        tick(1, 5.0),
        tick(2, 5.0, feed="eth"),
        tick(3, 5.0, key="ETH"),
        tick(4, 1.0),
        Event(offset=5, feed="btc", type="trade:create", key="BTC-USD", received=0, data={"price": 9}),
    ]
    chosen = Stream(Selection(("btc",), ("ticker:*",), "BTC-USD", "price > 2")).choose(events)
    assert [event.offset for event in chosen] == [1]
    assert len(Stream(Selection(("*",))).choose(events)) == 5


def test_one_stream_serves_panes_that_open_together() -> None:
    streams = Streams()
    opened: list[Stream] = []
    streams.on_open = opened.append
    first, second, late = Bucket(5), Bucket(50, reach=60), Bucket()
    assert streams.tap(BTC, first) is streams.tap(BTC, second)
    assert (opened[0].depth, opened[0].reach) == (50, 60)
    opened[0].release([tick(1, 1.0)])
    assert first.offsets == second.offsets == [1]
    assert streams.tap(BTC, late) is not opened[0]
    assert len(opened) == 2


def test_whoever_leaves_gets_no_more() -> None:
    streams, bucket = Streams(), Bucket()
    streams.tap(BTC, bucket)
    streams.leave(bucket)
    streams.take([tick(1, 1.0)])
    assert bucket.events == []
    assert list(streams) == []
    assert not streams.settled


def test_gaps_and_new_logs_reach_every_tap() -> None:
    streams, bucket = Streams(), Bucket()
    streams.tap(BTC, bucket)
    streams.take([tick(1, 1.0)])
    streams.gap(2, 9)
    streams.clear()
    assert bucket.gaps == [(2, 9)]
    assert bucket.events == []


def test_a_bad_filter_opens_nothing() -> None:
    streams = Streams()
    with pytest.raises(FilterError):
        streams.tap(Selection(("btc",), filter="price >"), Bucket())
    assert list(streams) == []


def test_what_was_on_its_way_when_the_past_was_asked_for_comes_once() -> None:
    streams, bucket = Streams(), Bucket()
    streams.on_open = lambda stream: None
    stream = streams.tap(BTC, bucket)
    stream.release([tick(n, 1.0) for n in range(1, 8)])
    streams.take([tick(4, 1.0), tick(5, 1.0)])
    streams.take([tick(6, 1.0), tick(7, 1.0), tick(8, 1.0)])
    streams.take([tick(9, 1.0)])
    assert bucket.offsets == [*range(1, 10)]


def test_an_answer_to_an_earlier_asking_is_not_used() -> None:
    streams, bucket = Streams(), Bucket()
    streams.on_open = lambda stream: None
    stream = streams.tap(BTC, bucket)
    earlier = stream.turn
    stream.show([tick(1, 1.0)])
    stream.release([tick(1, 1.0), tick(2, 1.0)], earlier)
    assert bucket.offsets == [1]
    stream.show([tick(3, 1.0)])
    assert bucket.offsets == [3]


def test_what_is_not_in_the_log_is_put_where_it_happened() -> None:
    streams, bucket = Streams(), Bucket()
    streams.on_open = lambda stream: None
    stream = streams.tap(BTC, bucket)
    unrecorded = Event(feed="btc", type="ticker:update", received=tick(2, 1.0).received, data={})
    streams.let_pass([tick(1, 1.0), unrecorded])
    assert list(streams.missed) == [unrecorded]
    stream.hold(streams.missed, anew=True)
    streams.take([tick(5, 1.0)])
    stream.release([tick(1, 1.0), tick(4, 1.0)])
    assert bucket.offsets == [1, None, 4, 5]


def test_the_feeds_that_anybody_wants_are_known() -> None:
    streams = Streams()
    streams.tap(Selection(("b", "a")), Bucket())
    streams.tap(Selection(("a", "c")), Bucket())
    assert streams.feeds() == ["b", "a", "c"]
    streams.tap(Selection(("*",)), Bucket())
    assert streams.feeds() is None
