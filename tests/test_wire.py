from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.errors import BadFrame
from collab_dash.event import Event, encode, record
from collab_dash.wire import (
    MAX_PUSH_BYTES,
    MAX_REQUEST_BYTES,
    Fault,
    Hello,
    Resume,
    Skipped,
    decode_events,
    decode_frame,
    decode_hello,
    decode_request,
    encode_events,
    encode_fault,
    encode_ok,
    encode_push,
    encode_request,
    may,
)

texts = st.text(max_size=20)


@given(event=texts, data=st.dictionaries(texts, texts, max_size=3), id_=st.none() | st.integers(0, 2**53))
def test_requests_round_trip(event: str, data: dict[str, str], id_: int | None) -> None:
    request = decode_request(encode_request(event, data, id_=id_))
    assert (request.event, request.id, json.loads(bytes(request.data))) == (event, id_, data)


@given(
    hello=st.builds(
        Hello,
        protocol=st.integers(0, 9),
        token=texts,
        name=texts,
        person=texts,
        color=texts,
        feeds=st.lists(texts, max_size=3),
        resume=st.none() | st.builds(Resume, epoch=texts, offset=st.integers(0, 2**53)),
        since=st.none() | st.integers(0, 2**53),
    )
)
def test_hellos_round_trip(hello: Hello) -> None:
    assert decode_hello(decode_request(encode_request("session:hello", hello, id_=1)).data) == hello


@given(id_=st.integers(0, 2**53), body=st.dictionaries(texts, st.integers(-9, 9), max_size=3))
def test_replies_round_trip(id_: int, body: dict[str, int]) -> None:
    frame = decode_frame(encode_ok(id_, body))
    assert (frame.id, json.loads(bytes(frame.ok)), frame.error) == (id_, body, None)


@given(fault=st.builds(Fault, code=texts, message=texts, path=st.lists(texts | st.integers(0, 9), max_size=3)))
def test_faults_round_trip(fault: Fault) -> None:
    frame = decode_frame(encode_fault(None, fault))
    assert (frame.id, frame.ok, frame.error) == (None, msgspec.Raw(b""), fault)


@given(texts=st.lists(st.text(max_size=200), max_size=30))
def test_events_round_trip(texts: list[str]) -> None:
    entries = [record(Event(type="a:b", key=text, data={"text": text}), feed="f", received=1) for text in texts]
    frames = encode_events(encode(number, entry) for number, entry in enumerate(entries, 1))
    read = [event for frame in frames for event in decode_events(decode_frame(frame).data)]
    assert [(event.offset, event.key) for event in read] == list(enumerate(texts, 1))


def test_events_travel_in_few_frames_but_never_in_a_huge_one() -> None:
    event = encode(1, record(Event(type="a:b", data={"t": "x" * 100_000}), feed="f", received=1))
    frames = list(encode_events([event] * 20))
    assert len(frames) == 4
    assert all(len(frame) < MAX_PUSH_BYTES + 1000 for frame in frames)
    assert sum(len(decode_events(decode_frame(frame).data)) for frame in frames) == 20


def test_a_skipped_range_has_the_contracts_names() -> None:
    assert json.loads(encode_push("feed:skipped", Skipped(first=42, last=9000))) == {
        "event": "feed:skipped",
        "data": {"from": 42, "to": 9000},
    }


@pytest.mark.parametrize(
    "frame", ["", "nonsense", "[]", "1", '{"id":1}', '{"event":5}', '{"event":"a","id":"x"}', '"\ud800"', "[" * 100_000]
)
def test_what_is_not_a_request_is_a_bad_frame(frame: str) -> None:
    with pytest.raises(BadFrame):
        decode_request(frame)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_frame_or_a_bad_frame(frame: bytes) -> None:
    for decode in (decode_request, decode_frame):
        try:
            decode(frame)
        except BadFrame:
            continue


def test_a_request_over_a_mebibyte_is_a_bad_frame() -> None:
    with pytest.raises(BadFrame, match="over the limit"):
        decode_request(b'{"event":"a","data":"' + b"x" * MAX_REQUEST_BYTES + b'"}')


def test_events_that_are_none_are_a_bad_frame() -> None:
    with pytest.raises(BadFrame):
        decode_events(msgspec.Raw(b'[{"type":1}]'))


def test_roles_include_each_other() -> None:
    assert may("host", "editor")
    assert may("viewer", "viewer")
    assert not may("viewer", "editor")
    assert not may("nobody", "viewer")
