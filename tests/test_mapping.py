"""From messages to events by options: what is picked, what it is called, and that it never falls over."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.event import REJECTED, Event, is_event_type, record_or_reject
from collab_dash.mapping import MappedOptions, TypeTemplate, as_key, as_unix_ms, compile_path, legal_type
from collab_dash.transports import Message

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "id"]), inner),
    max_leaves=15,
)


def events(options: dict[str, Any], data: str | bytes, *, name: str = "") -> list[Event]:
    return MappedOptions.model_validate(options).mapping("websocket").events(Message(data, event=name))


def test_without_options_the_message_is_the_event() -> None:
    assert events({}, b'{"a":1}') == [Event(type="websocket:message", data={"a": 1})]


@pytest.mark.parametrize("text", ["3", "[1]", '"x"', "null"])
def test_what_is_no_object_becomes_a_value(text: str) -> None:
    assert events({}, text) == [Event(type="websocket:message", data={"value": msgspec.json.decode(text)})]


def test_everything_can_be_picked() -> None:
    options = {"items": "data[]", "type": "order:{status}", "key": "id", "time": "meta.at"}
    message = b'{"data":[{"id":7,"status":"Paid!","meta":{"at":"2025-11-22T18:03:29Z"}},{"id":"x","status":"new"}]}'
    first, second = events(options, message)
    assert (first.type, first.key, first.time) == ("order:paid", "7", 1763834609000)
    assert (second.type, second.key, second.time) == ("order:new", "x", None)


@pytest.mark.parametrize(
    ("items", "count"),
    [("data", 2), ("data[0]", 1), ("missing", 0), ("data[?id > `1`]", 1), ("length(missing)", 0)],
)
def test_items_may_be_many_one_or_none(items: str, count: int) -> None:
    assert len(events({"items": items}, '{"data":[{"id":1},{"id":2}]}')) == count


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("", "websocket:message"),
        ("tick", "websocket:tick"),
        ("order:update", "order:update"),
        ("Order Update", "websocket:order-update"),
        ("⚡:now", "message:now"),
        ("a:b:c", "a:b-c"),
    ],
)
def test_a_named_message_gives_its_name_made_safe(name: str, kind: str) -> None:
    [event] = events({}, "{}", name=name)
    assert event.type == kind


@given(st.text(), st.text(min_size=1))
def test_every_name_is_made_legal(name: str, domain: str) -> None:
    assert is_event_type(legal_type(name, domain))


def test_a_template_may_hold_paths_with_braces_and_text() -> None:
    template = TypeTemplate("{kind}:{join('-', [a, b])}")
    assert template.render({"kind": "shop", "a": "x", "b": "y"}, "sse") == "shop:x-y"
    assert TypeTemplate("{event}").render({"event": "done"}, "sse") == "sse:done"
    assert TypeTemplate("{values({a: b}) | [0]}").render({"b": "k"}, "sse") == "sse:k"
    assert TypeTemplate("order:{status}").render(3, "sse") == "order:message"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key": "a["}, r"'a\[' is not JMESPath"),
        ({"items": "data[?"}, "is not JMESPath"),
        ({"time": "nosuch(a)) "}, "is not JMESPath"),
        ({"key": ""}, "at least 1 character"),
        ({"type": "order:{status"}, "brace that is not closed"),
        ({"type": "order:{}"}, "empty pair of braces"),
        ({"type": "order:{a b}"}, "is not JMESPath"),
        ({"type": "Order Update"}, "not an event type; perhaps"),
        ({"type": "Order:Update"}, "perhaps 'order:update'"),
        ({"keys": "id"}, "keys"),
    ],
)
def test_bad_options_are_refused_with_the_reason(options: dict[str, str], words: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=words):
        MappedOptions.model_validate(options)


@pytest.mark.parametrize("data", [b"{", "{", b"\xff", b'"\xff"', b'{"a":NaN}', "[" * 100_000, '"\ud800"'])
def test_what_is_not_json_is_kept_as_rejected(data: str | bytes) -> None:
    [event] = events({"items": "a", "type": "x:y"}, data)
    assert event.type == REJECTED
    assert event.data["reason"].startswith("not JSON")


@pytest.mark.parametrize("data", [b"", "", b"\r\n", " "])
def test_an_empty_message_is_a_heartbeat(data: str | bytes) -> None:
    assert events({}, data) == []


def test_text_becomes_a_value_whatever_it_holds() -> None:
    assert events({"format": "text"}, b"a\xffb")[0].data == {"value": "a\ufffdb"}
    assert events({"format": "text", "key": "value"}, "{")[0].data == {"value": "{"}


PACKED = [
    ({"a": {"b": [1, None, True, 1.5, "é"]}}, {"a": {"b": [1, None, True, 1.5, "é"]}}),
    ({"raw": b"\x00\xff"}, {"raw": "AP8="}),
    ({"at": datetime(2025, 11, 22, 18, 3, 29, 500_000, UTC)}, {"at": "2025-11-22T18:03:29.500000Z"}),
    ({"ext": msgspec.msgpack.Ext(5, b"x")}, {"ext": {"ext": 5, "data": "eA=="}}),
    ({7: {8: 9}, 1.5: 0, b"k": 1}, {"7": {"8": 9}, "1.5": 0, "aw==": 1}),
    ([1, 2], {"value": [1, 2]}),
    (2**64 - 1, {"value": 2**64 - 1}),
]


@pytest.mark.parametrize(("value", "payload"), PACKED)
def test_messagepack_becomes_what_json_can_hold(value: Any, payload: dict[str, Any]) -> None:
    [event] = events({"format": "msgpack"}, msgspec.msgpack.encode(value))
    assert event.data == payload
    assert msgspec.json.decode(record_or_reject(event, feed="f", received=1).data) == payload


UNREADABLE = {
    "no such opcode": b"\xc1",
    "cut short": b"\x92\x01",
    "two values": b"\x01\x01",
    "JSON": b'{"a":1}',
    "text that is not UTF-8": b"\xa1\xff",
    "a key that is null": b"\x81\xc0\x01",
    "a key that is a list": b"\x81\x91\x01\x02",
    "too deep": b"\x91" * 100_000,
    "a huge object": b"\xdf\xff\xff\xff\xff",
    "a huge list": b"\xdd\xff\xff\xff\xff",
    "a time out of range": b"\xc7\x0c\xff" + b"\xff" * 12,
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_messagepack_is_kept_as_rejected(data: bytes) -> None:
    [event] = events({"format": "msgpack", "items": "a", "type": "x:y"}, data)
    assert event.type == REJECTED
    assert event.data["reason"].startswith("not MessagePack")


@given(st.binary(max_size=60))
def test_any_bytes_as_messagepack_give_events_that_can_be_recorded(data: bytes) -> None:
    for event in events({"format": "msgpack", "key": "a", "time": "a", "type": "x:{a}"}, data):
        record_or_reject(event, feed="f", received=1)


@given(json_values, st.sampled_from(["a", "a.b", "a[0]", "a[].b", "keys(@)", "a || b", "sum(a)", "max_by(a,&b)"]))
def test_picking_never_raises_and_its_events_can_be_recorded(value: Any, path: str) -> None:
    data = msgspec.json.encode(value)
    for event in events({"items": path, "key": path, "time": path, "type": f"x:{{{path}}}"}, data):
        record_or_reject(event, feed="f", received=1)
    for event in events({"key": path, "time": path, "type": f"x:{{{path}}}"}, data):
        assert is_event_type(event.type)


@given(json_values, st.sampled_from(["a", "b", "a.b", "id.a.b"]))
def test_plain_paths_pick_what_the_interpreter_picks(value: Any, path: str) -> None:
    import jmespath

    assert compile_path(path)(value) == jmespath.search(path, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1763835809, 1763835809000),
        (1763835809.123, 1763835809123),
        (1763835809123, 1763835809123),
        (1763835809123456, 1763835809123),
        (1763835809123456789, 1763835809123),
        ("1763835809", 1763835809000),
        ("1763835809.5", 1763835809500),
        ("1763835809123456789", 1763835809123),
        (0, 0),
        (-86400, -86400000),
        ("2025-11-22T18:03:29Z", 1763834609000),
        ("2025-11-22t18:03:29.123456789z", 1763834609123),
        ("2025-11-22T19:03:29+01:00", 1763834609000),
        ("2025-11-22 18:03:29", 1763834609000),
        (" 2025-11-22T18:03:29Z ", 1763834609000),
        ("0001-01-01T00:00:00+14:00", -62135647200000),
    ],
)
def test_times_are_read_in_every_usual_form(value: Any, expected: int) -> None:
    assert as_unix_ms(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "soon",
        "2025-13-01T00:00:00Z",
        [],
        {},
        float("nan"),
        float("inf"),
        1e300,
        10**30,
        "9" * 99,
    ],
)
def test_nonsense_is_no_time(value: Any) -> None:
    assert as_unix_ms(value) is None


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_moment_survives(moment: datetime) -> None:
    expected = (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000
    found = as_unix_ms(moment.isoformat())
    assert found is not None
    assert abs(found - expected) <= 1


@pytest.mark.parametrize(
    ("value", "key"),
    [(None, None), ("x", "x"), (7, "7"), (1.5, "1.5"), (True, "true"), ([1], "[1]"), ("y" * 1000, "y" * 512)],
)
def test_keys_are_text_of_bounded_length(value: Any, key: str | None) -> None:
    assert as_key(value) == key
