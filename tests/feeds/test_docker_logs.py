"""How a container's output is read: frames, places, and what is told again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken
from collab_dash_feeds._docker_logs import Again, LogDecoder, Place
from docker_engine import BEGAN

FRAMES = b"\1\0\0\0\0\0\0\x24" + b"2026-10-03T20:58:31.000000007Z one.\n" + b"\2\0\0\0\0\0\0\4two\n"


@pytest.mark.parametrize("at", [1, 2, 7, 100])
def test_frames_may_be_cut_anywhere(at: int) -> None:
    decoder = LogDecoder(terminal=False)
    lines = [line for start in range(0, len(FRAMES), at) for line in decoder.feed(FRAMES[start : start + at])]
    assert [(line.stream, line.time, line.line.raw) for line in lines] == [
        ("stdout", BEGAN + 7, b"one."),
        ("stderr", 0, b"two"),
    ]
    assert decoder.finish() == []


@pytest.mark.parametrize(
    "raw", [b"HTTP/1.1 200", b"\1\0\0\1\0\0\0\1", b"\1\0\0\0\xff\xff\xff\xff", b"\7\0\0\0\0\0\0\1"]
)
def test_what_is_no_frame_is_broken(raw: bytes) -> None:
    with pytest.raises(FeedBroken, match="no log stream"):
        LogDecoder(terminal=False).feed(raw)


def test_half_a_frame_is_broken() -> None:
    decoder = LogDecoder(terminal=False)
    decoder.feed(FRAMES[:-1])
    with pytest.raises(FeedBroken, match="in the middle"):
        decoder.finish()


@given(st.integers(0, len(FRAMES)), st.binary(max_size=5), st.booleans())
def test_damaged_streams_break_or_become_lines(at: int, noise: bytes, terminal: bool) -> None:
    decoder = LogDecoder(terminal=terminal)
    try:
        for line in decoder.feed(FRAMES[:at] + noise + FRAMES[at + len(noise) :]) + decoder.finish():
            assert line.time >= 0
    except FeedBroken:
        pass


def test_a_clock_that_is_set_back_hides_nothing() -> None:
    again = Again(Place(100, 2))
    assert [again(time) for time in (90, 100, 100, 100, 101, 50)] == [True, True, True, False, False, False]
