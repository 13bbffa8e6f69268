"""The decoder against the specification's own words, however the bytes are cut."""

from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken
from collab_dash.transports import Message
from collab_dash.transports.sse_decoder import SseDecoder


class Reference:
    """
    The standard's own steps, sentence by sentence, on a whole stream at once; slow and plain.

    Section 9.2.5 "Parsing an event stream" gives the grammar, section 9.2.6 "Interpreting an event stream" the steps.
    """

    def __init__(self, stream: bytes, last_event_id: str | None = None) -> None:
        self.messages: list[Message] = []
        self.retry: int | None = None
        self.last_event_id = last_event_id
        self._data_buffer = ""
        self._event_type_buffer = ""
        self._last_event_id_buffer = last_event_id
        # "Streams must be decoded using the UTF-8 decode algorithm", which strips one leading byte order mark.
        text = stream.decode("utf-8", "replace").removeprefix("\ufeff")
        # "Lines must be separated by either a CRLF pair, a single LF character, or a single CR character."
        *lines, _unended = re.split("\r\n|\n|\r", text)
        for line in lines:
            self._interpret(line)
        # "Once the end of the file is reached, any pending data must be discarded."

    def _interpret(self, line: str) -> None:
        if line == "":  # "Dispatch the event, as defined below."
            self._dispatch()
        elif line.startswith(":"):  # "Ignore the line."
            pass
        elif ":" in line:
            # "Collect the characters on the line before the first U+003A COLON character (:), and let field be that
            # string. Collect those after it, and let value be that string. If value starts with a U+0020 SPACE
            # character, remove it from value."
            at = line.index(":")
            value = line[at + 1 :]
            self._process(line[:at], value.removeprefix(" "))
        else:  # "using the whole line as the field name, and the empty string as the field value"
            self._process(line, "")

    def _process(self, field: str, value: str) -> None:
        if field == "event":
            self._event_type_buffer = value
        elif field == "data":
            self._data_buffer += value + "\n"
        elif field == "id":
            if "\0" not in value:
                self._last_event_id_buffer = value
        elif field == "retry" and value != "" and all(digit in "0123456789" for digit in value):
            self.retry = int(value)

    def _dispatch(self) -> None:
        self.last_event_id = self._last_event_id_buffer
        if self._data_buffer != "":
            data = self._data_buffer.removesuffix("\n")
            self.messages.append(Message(data, self._event_type_buffer or "message", self.last_event_id))
        self._data_buffer = ""
        self._event_type_buffer = ""


Outcome = tuple[list[Message], int | None, str | None]


def reference(stream: bytes, last_event_id: str | None = None) -> Outcome:
    told = Reference(stream, last_event_id)
    return told.messages, told.retry, told.last_event_id


def decode(chunks: list[bytes], last_event_id: str | None = None) -> Outcome:
    decoder = SseDecoder(last_event_id=last_event_id)
    messages = [message for chunk in chunks for message in decoder.feed(chunk)]
    return messages, decoder.retry, decoder.last_event_id


LINE_ENDS = [b"\n", b"\r", b"\r\n", b"\n\n", b"\r\n\r\n", b"\r\r"]
FIELDS = [b"data", b"event", b"id", b"retry", b"Data", b"other", b"", b"data ", b" data", b"\xef\xbb\xbfdata"]
COLONS = [b":", b": ", b":  ", b"", b" : ", b"::"]
VALUES = [b"x", b"", b" ", b"7", b"0042", b"\0", b"a\0b", "é".encode(), "😀".encode(), b"tick", b"a: b", b"data: a"]
CUT_CHARACTERS = [b"\xef\xbb\xbf", b"\xef", b"\xef\xbb", b"\xf0\x9f", b"\xe2\x82", b"\xff", b"\x80", b"\xed\xa0\x80"]
OTHER_LINE_ENDS = [b"\x0b", b"\x0c", b"\x1c", "\u2028".encode(), "\u0085".encode()]
EVENTS = [b"\n\ndata: a\nevent: b\nid: 1\n\n", b"\nid: 2\n\n", b"\nid\n\n"]
field_lines = st.tuples(*map(st.sampled_from, (FIELDS, COLONS, VALUES, LINE_ENDS))).map(b"".join)
pieces = field_lines | st.sampled_from(LINE_ENDS + VALUES + CUT_CHARACTERS + OTHER_LINE_ENDS + EVENTS)
starts = st.sampled_from([None, "", "e9"])


@settings(max_examples=250, deadline=None)
@given(st.lists(pieces, max_size=40).map(b"".join), starts, st.data())
def test_any_stream_cut_anywhere_gives_what_the_standard_says(
    stream: bytes, start: str | None, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    chunks = [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]
    assert decode(chunks, start) == reference(stream, start)


@settings(deadline=None)
@given(st.lists(pieces, max_size=25).map(b"".join))
def test_byte_by_byte_gives_what_one_piece_gives(stream: bytes) -> None:
    assert decode([bytes([byte]) for byte in stream]) == decode([stream]) == reference(stream)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_at_all_give_what_the_standard_says(stream: bytes) -> None:
    assert decode([stream]) == decode([stream[:7], stream[7:]]) == reference(stream)


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
            [Message("a", "message", "1"), Message("b", "message", "1"), Message("c", "message", "")],
        ),
        (b"id: a\0b\ndata: x\n\n", [Message("x", "message")]),
        (b"Data: x\n\ndata : y\n\n", []),
        (b"data: never finished\n", []),
        (b"data: never finished\r\n", []),
        (b"data: a\n\ndata: b", [Message("a", "message")]),
        (b"event\ndata: x\n\n", [Message("x", "message")]),
        (b"event: a\nevent:\ndata: x\n\n", [Message("x", "message")]),
        (b"id: a\n\ndata: x\n\n", [Message("x", "message", "a")]),
        (b"\xef\xbb\xbfdata: x\n\n", [Message("x", "message")]),
        (b"\xef\xbb\xbf\xef\xbb\xbfdata: x\n\n", []),
        (b"\n\xef\xbb\xbfdata: x\n\n", []),
        (b"data: a\rdata: b\r\ndata: c\n\r", [Message("a\nb\nc", "message")]),
        (b"data: a\x0bb\x0c\xe2\x80\xa8c\n\n", [Message("a\x0bb\x0c\u2028c", "message")]),
        (
            b"test stream\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n",
            [Message("first", "message", "1"), Message("second", "message", ""), Message(" third", "message", "")],
        ),
    ],
)
def test_examples(stream: bytes, messages: list[Message]) -> None:
    assert decode([stream])[0] == messages


def test_an_id_in_an_event_without_data_counts_from_then_on() -> None:
    decoder = SseDecoder(last_event_id="0")
    assert decoder.feed(b"data: a\n\n") == [Message("a", "message", "0")]
    assert decoder.feed(b"id: 7\n") == []
    assert decoder.last_event_id == "0"
    assert decoder.feed(b"\n") == []
    assert decoder.last_event_id == "7"
    assert decoder.feed(b"data: b\n\n") == [Message("b", "message", "7")]


def test_the_id_of_an_event_that_was_never_complete_is_not_the_last_one() -> None:
    decoder = SseDecoder()
    decoder.feed(b"id: 1\ndata: a\n\nid: 2\ndata: b\n")
    assert decoder.last_event_id == "1"


def test_an_emptied_id_is_told_apart_from_none_at_all() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\n\n") == [Message("a", "message", None)]
    assert decoder.feed(b"id: 5\nid:\ndata: b\n\n") == [Message("b", "message", "")]


def test_an_event_is_given_as_soon_as_its_blank_line_ends_with_cr() -> None:
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\r\r") == [Message("a", "message")]
    assert decoder.feed(b"\ndata: b\r\n\r") == [Message("b", "message")]
    assert decoder.feed(b"") == []
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"\n") == []


@pytest.mark.parametrize("value", [b"", b" ", b"1.5", b"-1", b"+1", b"1 ", b"  1", b"1\0", "٣".encode(), "²".encode()])
def test_retry_takes_digits_only(value: bytes) -> None:
    assert decode([b"retry: 9\nretry: " + value + b"\n\n"])[1] == 9


def test_retry_counts_from_its_line_on_and_needs_no_blank_one() -> None:
    assert decode([b"retry: 0250\n"])[1] == 250
    assert decode([b"retry:0\r"])[1] == 0
    assert decode([b"retry: 0250"])[1] is None


def test_a_retry_of_any_length_is_a_number() -> None:
    assert decode([b"retry: " + b"9" * 100_000 + b"\n"])[1] == 10**15
    assert decode([b"retry: " + b"0" * 100_000 + b"5\n"])[1] == 5


def test_comments_are_signs_of_life_and_take_no_memory() -> None:
    decoder = SseDecoder(max_event=100)
    assert decoder.feed(b"data: a\n") == []
    for _ in range(50):
        assert decoder.feed(b": keep-alive\n") == []
    assert decoder.comments == 50
    assert decoder.feed(b"\n") == [Message("a", "message")]


def test_an_event_over_the_limit_is_refused_before_it_ends() -> None:
    decoder = SseDecoder(max_event=1000)
    decoder.feed(b"data: " + b"x" * 994)
    with pytest.raises(FeedBroken, match="over 1,000 bytes"):
        decoder.feed(b"x")


@pytest.mark.parametrize("line", [b"data: 4567\n", b"data\n", b"data:\n"])
def test_many_lines_without_an_end_are_refused_too(line: bytes) -> None:
    decoder = SseDecoder(max_event=1000)
    feed = map(decoder.feed, [line] * 1001)
    with pytest.raises(FeedBroken, match="over 1,000 bytes"):
        list(feed)


def test_the_limit_is_for_each_event_by_itself() -> None:
    decoder = SseDecoder(max_event=100)
    for _ in range(3):
        assert decoder.feed(b"data: " + b"x" * 80 + b"\n") == []
        assert len(decoder.feed(b"\ndata: y\n")) == 1
        assert decoder.feed(b"data: " + b"z" * 40 + b"\n") == []
        assert len(decoder.feed(b"\n")) == 1


def test_a_long_event_in_many_chunks_is_one_event() -> None:
    body = b"x" * 3_000_000
    decoder = SseDecoder()
    chunks = [b"data: ", *(body[start : start + 1000] for start in range(0, len(body), 1000)), b"\n", b"\n"]
    [message] = [message for chunk in chunks for message in decoder.feed(chunk)]
    assert len(message.data) == len(body)


def test_a_hundred_thousand_lines_in_many_chunks_are_one_event() -> None:
    decoder = SseDecoder()
    started = time.process_time()
    for _ in range(100_000):
        assert decoder.feed(b"data: x\n") == []
    [message] = decoder.feed(b"\n")
    assert len(message.data) == 199_999
    assert time.process_time() - started < 3  # each line costs the same, however many came before
