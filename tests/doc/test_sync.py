from __future__ import annotations

from contextlib import suppress

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.doc.sync import Kind, Message, Presence, Reader, read, read_presence, write, write_number
from collab_dash.doc.sync import write_presence as write_all
from collab_dash.errors import BadFrame

NUMBERS = st.integers(0, 2**53)


@given(st.sampled_from([kind for kind in Kind if kind is not Kind.ASK_AWARENESS]), st.binary(max_size=300))
def test_a_message_is_read_as_it_was_written(kind: Kind, payload: bytes) -> None:
    assert read(write(kind, payload)) == Message(kind, payload)


def test_a_question_has_no_payload() -> None:
    assert write(Kind.ASK_AWARENESS) == b"\x03"
    assert read(b"\x03") == Message(Kind.ASK_AWARENESS, b"")


@given(NUMBERS)
def test_numbers_are_lib0s(number: int) -> None:
    assert write_number(number) == pycrdt.write_var_uint(number)
    assert Reader(write_number(number)).number() == number


@given(st.lists(st.tuples(NUMBERS, NUMBERS, st.binary(max_size=50)).map(lambda row: Presence(*row)), max_size=5))
def test_presence_is_read_as_it_was_written(entries: list[Presence]) -> None:
    assert read_presence(write_all(entries)) == entries


def test_presence_is_what_the_library_reads() -> None:
    doc = pycrdt.Doc[pycrdt.Map[object]]()
    awareness = pycrdt.Awareness(doc)
    awareness.apply_awareness_update(write_all([Presence(7, 3, '{"name":"Zoë"}'.encode())]), "test")
    assert awareness.states[7] == {"name": "Zoë"}
    assert awareness.meta[7]["clock"] == 3


@given(st.binary(max_size=40))
def test_any_bytes_are_a_message_or_a_bad_frame(frame: bytes) -> None:
    for take in (read, read_presence):
        with suppress(BadFrame):
            take(frame)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        b"\x00\x00",
        b"\x00\x03\x00",
        b"\x00\x02\x05abc",
        b"\x00\x02\x01ab",
        b"\x01",
        b"\x02\x00",
        b"\x09",
        b"\x80" * 20,
    ],
)
def test_a_broken_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(BadFrame):
        read(frame)


def test_a_lying_count_is_refused_at_once() -> None:
    with pytest.raises(BadFrame):
        read_presence(write_number(2**50) + b"\x01")
