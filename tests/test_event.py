from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.event import (
    MAX_EVENT_BYTES,
    RAW_EXCERPT_BYTES,
    REJECTED,
    Event,
    Unencodable,
    as_payload,
    as_record,
    encode,
    event_type,
    is_event_type,
    is_feed_name,
    record,
    record_or_reject,
    rejected,
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
payloads = st.dictionaries(st.text(), json_values, max_size=5)


@given(
    data=payloads, key=st.none() | st.text(), time=st.none() | st.integers(0, 2**45), offset=st.none() | st.integers(1)
)
def test_an_event_reads_back_as_it_was_written(
    data: dict[str, object], key: str | None, time: int | None, offset: int | None
) -> None:
    entry = record(Event(type="a:b", key=key, time=time, data=data), feed="f", received=7)
    read = json.loads(encode(offset, entry))
    assert read == {
        "offset": offset,
        "feed": "f",
        "type": "a:b",
        "key": key,
        "time": 7 if time is None else time,
        "received": 7,
        "data": data,
    }
    assert list(read) == ["offset", "feed", "type", "key", "time", "received", "data"]


@given(domain=st.text(), action=st.text())
def test_any_words_make_a_legal_type(domain: str, action: str) -> None:
    assert is_event_type(event_type(domain, action))


def test_words_that_are_legal_stay_as_they_are() -> None:
    assert event_type("order2", "v2") == "order2:v2"
    assert event_type("2nd", "-x-") == "nd:x"


@pytest.mark.parametrize("name", ["ticker:update", "a:b", "a1:b-2_c"])
def test_legal_types(name: str) -> None:
    assert is_event_type(name)


@pytest.mark.parametrize("name", ["", "ticker", "Ticker:update", "1a:b", "a:", ":b", "a:b:c", "a:b\n", "a b:c"])
def test_illegal_types(name: str) -> None:
    assert not is_event_type(name)
    with pytest.raises(Unencodable, match="domain:action"):
        record(Event(type=name, data={}), feed="f", received=1)


@pytest.mark.parametrize(
    ("name", "legal"),
    [
        ("btc", True),
        ("btc.usd-1_x", True),
        ("", False),
        ("hub", False),
        ("alerts", False),
        ("-a", False),
        ('a"', False),
    ],
)
def test_feed_names(name: str, legal: bool) -> None:
    assert is_feed_name(name) is legal


def test_an_event_over_the_limit_is_refused_and_its_beginning_kept() -> None:
    event = Event(type="a:b", data={"text": "x" * MAX_EVENT_BYTES})
    entry = record_or_reject(event, feed="f", received=1)
    assert entry.type == REJECTED
    data = json.loads(entry.data)
    assert "262,144" in data["reason"]
    assert data["raw"].startswith('{"text":"xxx')
    assert len(data["raw"]) == RAW_EXCERPT_BYTES


def test_the_limit_counts_bytes_not_characters() -> None:
    fits = Event(type="a:b", data={"t": "é" * (MAX_EVENT_BYTES // 2 - 10)})
    assert record(fits, feed="f", received=1).type == "a:b"
    with pytest.raises(Unencodable, match="over the limit"):
        record(Event(type="a:b", data={"t": "é" * (MAX_EVENT_BYTES // 2)}), feed="f", received=1)


@pytest.mark.parametrize("data", [{"x": object()}, {"x": "\ud800"}, {1j: 2}])
def test_a_payload_that_is_not_json_becomes_a_rejected_event(data: dict[str, object]) -> None:
    entry = record_or_reject(Event(type="a:b", data=data), feed="f", received=1)
    assert entry.type == REJECTED
    assert "payload is not JSON" in entry.data


def test_an_absurd_time_becomes_the_moment_of_receipt() -> None:
    assert record(Event(type="a:b", time=10**30, data={}), feed="f", received=5).time == 5


def test_what_is_not_an_object_is_wrapped() -> None:
    assert as_payload([1]) == {"value": [1]}
    assert as_payload({"a": 1}) == {"a": 1}


@given(raw=st.binary(max_size=5000))
def test_any_bytes_can_be_kept_as_rejected(raw: bytes) -> None:
    event = rejected("why", raw)
    assert event.data["bytes"] == len(raw)
    assert record(event, feed="f", received=1).type == REJECTED


def test_a_written_event_can_be_read_back_as_the_record_it_was() -> None:
    entry = record(Event(type="a:b", key="ä", time=5, data={"x": [1, None, "\u2028"]}), feed="f", received=6)
    assert as_record(encode(7, entry)) == entry
    assert as_record(encode(None, entry._replace(key=None))) == entry._replace(key=None)
