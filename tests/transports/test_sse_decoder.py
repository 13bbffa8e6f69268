"""The decoder against the specification's own words, however the bytes are cut."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken
from collab_dash.transports import Message
from collab_dash.transports.sse_decoder import SseDecoder


def reference(stream: bytes) -> tuple[list[Message], int | None, str]:
    """Section 9.2.6, sentence by sentence, on the whole stream at once."""
    text = stream.decode("utf-8", "replace")
    text = text.removeprefix("\ufeff")
    lines = re.split("\r\n|\r|\n", text)[:-1]  # what follows the last line end is no line yet
    messages: list[Message] = []
    data = kind = last_id_buffer = last_id = ""
    retry: int | None = None
    for line in lines:
        if line == "":
            last_id = last_id_buffer
            if data != "":
                messages.append(Message(data.removesuffix("\n"), kind or "message", last_id or None))
            data = kind = ""
            continue
        if line.startswith(":"):
            continue
        field, colon, value = line.partition(":")
        if colon:
            value = value.removeprefix(" ")
        if field == "event":
            kind = value
        elif field == "data":
            data += value + "\n"
        elif field == "id" and "\0" not in value:
            last_id_buffer = value
        elif field == "retry" and re.fullmatch("[0-9]+", value):
            retry = int(value)
    return messages, retry, last_id


def decode(chunks: list[bytes]) -> tuple[list[Message], int | None, str]:
    decoder = SseDecoder()
    messages = [message for chunk in chunks for message in decoder.feed(chunk)]
    decoder.end()
    return messages, decoder.retry, decoder.last_event_id


LINE_ENDS = [b"\n", b"\r", b"\r\n", b"\n\n"]
FIELDS = [b"data", b"data:", b"data: ", b"id:", b"id: ", b"event: ", b"retry:", b":"]
VALUES = [b"x", b" ", b"7", b"42", b"\0", "é".encode(), "😀".encode(), b"tick"]
CUT_CHARACTERS = [b"\xef\xbb\xbf", b"\xef", b"\xf0\x9f", b"\xe2\x82"]
EVENTS = [b"\n\ndata: a\nevent: b\nid: 1\n\n"]
pieces = st.sampled_from(LINE_ENDS + FIELDS + VALUES + CUT_CHARACTERS + EVENTS)


@given(st.lists(pieces, max_size=40).map(b"".join), st.data())
def test_any_stream_cut_anywhere_gives_what_the_specification_says(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]
    assert decode(chunks) == reference(stream)


@given(st.lists(pieces, max_size=25).map(b"".join))
def test_byte_by_byte_gives_what_one_piece_gives(stream: bytes) -> None:
    assert decode([bytes([byte]) for byte in stream]) == decode([stream])


@pytest.mark.parametrize(
    ("stream", "messages"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [Message("YHOO\n+2\n10", "message")]),
        (b"data\n\ndata\ndata\n\ndata:", [Message("", "message"), Message("\n", "message")]),
        (b"data:test\n\ndata: test\n\n", [Message("test", "message"), Message("test", "message")]),
        (b"data:  two spaces\n\n", [Message(" two spaces", "message")]),
        (b"event: add\n\ndata: 1\n\n", [Message("1", "message")]),
        (
            b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            [Message("a", "message", "1"), Message("b", "message", "1"), Message("c", "message")],
        ),
        (b"id: a\0b\ndata: x\n\n", [Message("x", "message")]),
        (b"Data: x\n\ndata : y\n\n", []),
        (b"data: never finished\n", []),
    ],
)
def test_examples(stream: bytes, messages: list[Message]) -> None:
    assert decode([stream])[0] == messages


def test_an_id_in_an_event_without_data_counts_from_then_on() -> None:
    decoder = SseDecoder(last_event_id="0")
    assert decoder.feed(b"data: a\n\n") == [Message("a", "message", "0")]
    assert decoder.feed(b"id: 7\n\n") == []
    assert decoder.last_event_id == "7"


def test_an_event_is_given_as_soon_as_its_blank_line_ends_with_cr() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\r\r") == [Message("a", "message")]
    assert decoder.feed(b"\ndata: b\r\n\r") == [Message("b", "message")]


@pytest.mark.parametrize("value", [b"", b" ", b"1.5", b"-1", b"+1", b"1 ", "٣".encode()])
def test_retry_takes_digits_only(value: bytes) -> None:
    assert decode([b"retry: " + value + b"\n\n"])[1] is None


def test_retry_is_known_even_if_the_stream_ends_before_a_blank_line() -> None:
    assert decode([b"retry: 0250\n"])[1] == 250
    assert decode([b"retry: 0250"])[1] is None


def test_comments_are_signs_of_life_and_take_no_memory() -> None:
    decoder = SseDecoder(max_event=100)
    for _ in range(50):
        assert decoder.feed(b": keep-alive\n") == []
    assert decoder.comments == 50


def test_an_event_over_the_limit_is_refused_before_it_ends() -> None:
    decoder = SseDecoder(max_event=1000)
    decoder.feed(b"data: " + b"x" * 994)
    with pytest.raises(FeedBroken, match="over 1,000 bytes"):
        decoder.feed(b"x")


def test_a_long_event_in_many_chunks_is_one_event() -> None:
    body = b"x" * 3_000_000
    decoder = SseDecoder()
    chunks = [b"data: ", *(body[start : start + 65536] for start in range(0, len(body), 65536)), b"\n", b"\n"]
    [message] = [message for chunk in chunks for message in decoder.feed(chunk)]
    assert len(message.data) == len(body)
