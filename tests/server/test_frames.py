from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from collab_dash.server.frames import WebSocketFormat, text_frame
from collab_dash.server.process import Address, listen
from collab_dash.wire import decode_events, decode_frame


def parsed(data: bytes) -> list[Frame]:
    """Read frames as a client of the websockets library does."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    frames: list[Frame] = []
    while reader.buffer:
        reading = Frame.parse(reader.read_exact, mask=False)
        with pytest.raises(StopIteration) as done:
            next(reading)
        frames.append(done.value.value)
    return frames


@given(st.sampled_from([0, 1, 125, 126, 127, 65_535, 65_536, 70_000]))
def test_a_frame_reads_back_whatever_its_length(size: int) -> None:
    (frame,) = parsed(text_frame(b"x" * size))
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, b"x" * size)


def test_events_are_wrapped_as_pushes() -> None:
    event = b'{"offset":1,"feed":"a","type":"a:b","key":null,"time":1,"received":1,"data":{}}'
    frames = [decode_frame(bytes(frame.data)) for frame in parsed(WebSocketFormat().wrap([event, event]))]
    assert sum(len(decode_events(frame.data)) for frame in frames) == 2
    assert {frame.event for frame in frames} == {"feed:events"}


def test_a_hubs_port_turns_nagle_off() -> None:
    """asyncio sets TCP_NODELAY only where the socket says that it is TCP; without it each reply waits 40 ms."""
    bound, address = listen(Address(port=0))
    with bound:
        assert bound.proto == socket.IPPROTO_TCP
        assert address.port == bound.getsockname()[1]
