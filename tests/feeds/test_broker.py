from __future__ import annotations

import json
from typing import Any, Literal

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED, record
from collab_dash_feeds._broker import BrokerOptions, Inbox, Payloads, url_of

PORTS = {"mqtt": 1883, "unix": 0}


def payloads(**options: Any) -> Payloads:
    return Payloads(BrokerOptions.model_validate(options), "broker")


def data_of(payload: bytes, **options: Any) -> Any:
    [event] = payloads(**options).events(payload, key="k")
    return event.data


@pytest.mark.parametrize(
    ("payload", "data"),
    [
        (b'{"a":1}', {"a": 1}),
        (b" [1,2]", {"value": [1, 2]}),
        (b"21.5", {"value": 21.5}),
        (b"true", {"value": True}),
        (b"007", {"value": "007"}),
        (b"on", {"value": "on"}),
        (b"nothing", {"value": "nothing"}),
        (b"", {"value": ""}),
        (b"{not JSON", {"value": "{not JSON"}),
        (b"\xff\x00", {"value": {"base64": "/wA="}}),
        ("grüße".encode(), {"value": "grüße"}),
    ],
)
def test_a_payload_is_what_it_looks_like(payload: bytes, data: Any) -> None:
    if b"\xff" in payload:
        data = data["value"]
    assert data_of(payload) == data


def test_a_format_may_be_demanded() -> None:
    assert data_of(b"21.5", format="text") == {"value": "21.5"}
    assert data_of(b"21.5", format="json") == {"value": 21.5}
    [event] = payloads(format="json").events(b"on", key="lamp")
    assert (event.type, event.key, event.data["raw"]) == (REJECTED, "lamp", "on")


def test_options_name_what_the_events_are() -> None:
    mapped = payloads(items="list", type="order:{kind}", key="id", time="at")
    first, second = mapped.events(b'{"list":[{"kind":"new","id":7,"at":1700000000},{"kind":"paid"}]}', key="k", time=5)
    assert (first.type, first.key, first.time) == ("order:new", "7", 1700000000000)
    assert (second.type, second.key, second.time) == ("order:paid", "k", 5)


def test_fields_of_an_entry_are_read_one_by_one() -> None:
    fields = {"price": b"1.5", "who": b"ana", "more": b'{"a":[1]}', "raw": b"\xff"}
    [event] = payloads(key="who").entry(fields, key="stream", time=9)
    assert (event.type, event.key, event.time) == ("broker:message", "ana", 9)
    assert event.data == {"price": 1.5, "who": "ana", "more": {"a": [1]}, "raw": {"base64": "/w=="}}
    [event] = payloads(format="text").entry({"price": b"1.5"}, key="stream")
    assert event.data == {"price": "1.5"}
    [event] = payloads(items="more").entry(fields, key="stream")
    assert event.data == {"a": [1]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())


@given(st.binary(max_size=200) | JSON, st.sampled_from(["auto", "json", "text"]))
def test_whatever_comes_can_be_recorded(payload: bytes, kind: Literal["auto", "json", "text"]) -> None:
    reader = payloads(format=kind, time="t", type="x:{kind}")
    for event in [*reader.events(payload, key="k"), *reader.entry({"f": payload}, key="k")]:
        record(event, feed="broker", received=1)


def test_deep_nesting_is_kept_as_text() -> None:
    deep = b"[" * 100_000
    assert data_of(deep) == {"value": deep.decode()}


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("http://x", "should start with mqtt:// or unix://"),
        ("mqtt:x", "should start with"),
        ("mqtt://", "no host name"),
        ("mqtt://u:p@", "no host name"),
        ("mqtt://x:port", "not a usable address"),
        ("mqtt://x y", "holds a space"),
    ],
)
def test_a_url_is_checked_and_never_told(url: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as caught:
        url_of("mqtt", "unix")(url)
    assert "u:p" not in str(caught.value)


def test_each_part_of_a_url_is_expanded_by_itself() -> None:
    environ = {"WHO": "a:na", "SECRET": "p@ss/w?rd#%41", "HOST": "Broker.example:1900"}
    address = BrokerOptions().address("mqtt://${WHO}:${SECRET}@${HOST}/a%20b?x=1", environ, PORTS)
    assert (address.username, address.password) == ("a:na", "p@ss/w?rd#%41")
    assert (address.host, address.port, address.path) == ("broker.example", 1900, "/a b")
    assert address.shown == "mqtt://Broker.example:1900/a%20b"
    assert address.bare == "mqtt://Broker.example:1900/a%20b?x=1"


def test_what_stands_in_a_url_is_unquoted_and_options_come_first() -> None:
    address = BrokerOptions().address("mqtt://us%40er:p%2Fw@[::1]", {}, PORTS)
    assert (address.username, address.password, address.host, address.port) == ("us@er", "p/w", "::1", 1883)
    address = BrokerOptions(username="ana", password="${P}").address("mqtt://x:y@h", {"P": "1"}, PORTS)
    assert (address.username, address.password) == ("ana", "1")
    address = BrokerOptions().address("unix:///run/x.sock", {}, PORTS)
    assert (address.username, address.host, address.path) == (None, "", "/run/x.sock")


def test_what_is_not_set_or_makes_no_address_fails() -> None:
    with pytest.raises(FeedFailed, match="NOPE is not set"):
        BrokerOptions().address("mqtt://:${NOPE}@h", {}, PORTS)
    with pytest.raises(FeedFailed, match="not a usable address"):
        BrokerOptions().address("mqtt://${HOST}", {"HOST": "h:port"}, PORTS)


def test_secrets_are_not_in_the_options_text() -> None:
    assert "geheim" not in repr(BrokerOptions(username="geheim", password="geheim", client_cert="c", client_key="k"))
    with pytest.raises(pydantic.ValidationError):
        BrokerOptions(username="")


async def test_an_inbox_drops_what_has_no_room_and_says_how_much() -> None:
    inbox: Inbox[int] = Inbox(2)
    for number in range(5):
        inbox.offer(number)
    assert [await inbox.take(), await inbox.take()] == [0, 1]
    [event] = inbox.dropped("messages")
    assert event.type == REJECTED
    assert event.data["reason"].startswith("3 messages were dropped")
    assert inbox.dropped("messages") == []
    assert await inbox.take(0.001) is None


async def test_an_inbox_gives_what_came_before_the_end() -> None:
    inbox: Inbox[int] = Inbox(1)
    inbox.offer(1)
    inbox.end(FeedBroken("gone"))
    inbox.end(FeedBroken("later"))
    assert await inbox.take() == 1
    for _ in range(2):
        with pytest.raises(FeedBroken, match="gone"):
            await inbox.take()
    empty: Inbox[int] = Inbox(1)
    empty.end(FeedBroken("gone"))
    with pytest.raises(FeedBroken, match="gone"):
        await empty.take()
