from __future__ import annotations

import json
from collections.abc import Sequence

from collab_dash.event import Event, Record, record
from collab_dash.hub.fanout import Fanout, Format


class Lines:
    """A format that counts how often it is used."""

    def __init__(self) -> None:
        self.wrapped = 0

    def wrap(self, events: Sequence[bytes]) -> bytes:
        self.wrapped += 1
        return b"\n".join(events)

    def pack(self, messages: Sequence[bytes]) -> bytes:
        raise AssertionError("nothing binary is sent here")


class Receiver:
    def __init__(self, format_: Format, *feeds: str) -> None:
        self.format = format_
        self.feeds = frozenset(feeds) or None
        self.batches: list[tuple[int | None, bytes]] = []

    def offer(self, last: int | None, wrapped: bytes) -> None:
        self.batches.append((last, wrapped))

    def numbers(self) -> list[tuple[int | None, int]]:
        lines = [json.loads(line) for _, batch in self.batches for line in batch.splitlines()]
        return [(line["offset"], line["data"]["n"]) for line in lines]


def records(*feeds: str) -> list[Record]:
    return [record(Event(type="a:b", data={"n": n}), feed=feed, received=1) for n, feed in enumerate(feeds)]


def test_a_batch_is_encoded_once_for_all_who_want_the_same_feeds() -> None:
    lines = Lines()
    fanout = Fanout(10)
    everything = [Receiver(lines) for _ in range(20)]
    only_a = [Receiver(lines, "a") for _ in range(20)]
    for receiver in everything + only_a:
        fanout.add(receiver)
    fanout.deliver(11, records("a", "b", "a"))
    assert lines.wrapped == 2
    assert everything[7].numbers() == [(11, 0), (12, 1), (13, 2)]
    assert only_a[7].numbers() == [(11, 0), (13, 2)]
    assert everything[3].batches[0][1] is everything[4].batches[0][1]


def test_who_wants_none_of_a_batch_still_learns_how_far_the_log_is() -> None:
    fanout = Fanout(0)
    receiver = Receiver(Lines(), "elsewhere")
    fanout.add(receiver)
    fanout.deliver(1, records("a", "a"))
    assert receiver.batches == [(2, b"")]
    assert fanout.last == 2


def test_what_could_not_be_recorded_has_no_offset_and_moves_nothing() -> None:
    fanout = Fanout(5)
    receiver = Receiver(Lines())
    fanout.add(receiver)
    fanout.deliver(None, records("a"))
    assert receiver.numbers() == [(None, 0)]
    assert receiver.batches[0][0] is None
    assert fanout.last == 5


def test_who_left_gets_nothing_more_and_may_leave_twice() -> None:
    fanout = Fanout(0)
    receiver = Receiver(Lines())
    fanout.add(receiver)
    fanout.discard(receiver)
    fanout.discard(receiver)
    fanout.deliver(1, records("a"))
    assert receiver.batches == []


def test_a_receiver_may_leave_while_it_is_offered_a_batch() -> None:
    fanout = Fanout(0)

    class Leaver(Receiver):
        def offer(self, last: int | None, wrapped: bytes) -> None:
            super().offer(last, wrapped)
            fanout.discard(self)

    lines = Lines()
    receivers = [Leaver(lines), Leaver(lines), Leaver(lines)]
    for receiver in receivers:
        fanout.add(receiver)
    fanout.deliver(1, records("a"))
    fanout.deliver(2, records("a"))
    assert [len(receiver.batches) for receiver in receivers] == [1, 1, 1]
