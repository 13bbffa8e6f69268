from __future__ import annotations

import json
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken
from collab_dash.event import REJECTED
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash_feeds import certstream
from collab_dash_feeds.certstream import MOST_DOMAINS, CertstreamFeed
from sources import NOT_MESSAGES, check_pane, check_recordable, events_of, mutated, outcome, samples

SAMPLES = samples("certstream")
CERTIFICATE, DOMAINS, HEARTBEAT = SAMPLES


def certificate(**leaf: Any) -> dict[str, Any]:
    data: dict[str, Any] = CERTIFICATE["data"]
    return {**CERTIFICATE, "data": data | {"leaf_cert": data["leaf_cert"] | leaf}}


class TestCertstream(FeedConformance):
    plugin = CertstreamFeed
    messages = (CERTIFICATE, DOMAINS)
    malformed = ("{not JSON", "[]", '{"message_type":"news"}', '{"message_type":"certificate_update"}')

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.ws_url}


async def test_a_certificate_becomes_an_event() -> None:
    [event] = await events_of(CertstreamFeed, [CERTIFICATE], 1)
    assert (event.type, event.key, event.time) == ("cert:create", "shop.example.net", 1659301203904)
    fingerprint = CERTIFICATE["data"]["leaf_cert"]["sha256"]
    assert event.data == {
        "domains": ["shop.example.net"],
        "names": 1,
        "issuer": "Let's Encrypt",
        "issuer_name": "R3",
        "not_before": 1659252405000,
        "not_after": 1667028404000,
        "days": 90,
        "precert": True,
        "ca": False,
        "log": "DigiCert Yeti2022-2 Log",
        "serial": "0498BDF812FAF923FEBD5EF7B374899FC61A",
        "fingerprint": fingerprint,
        "url": f"https://crt.sh/?q={fingerprint.replace(':', '')}",
    }


async def test_the_stream_of_domains_alone_is_read_too() -> None:
    [event] = await events_of(CertstreamFeed, [DOMAINS], 1)
    assert (event.type, event.key) == ("cert:create", "shop.example.net")
    assert event.data == {"domains": ["shop.example.net", "www.shop.example.net"], "names": 2}


async def test_heartbeats_are_signs_of_life_and_no_events() -> None:
    notes: list[str] = []
    async with ReplicaServer([HEARTBEAT, DOMAINS]) as server:
        feed = CertstreamFeed.configure({"url": server.ws_url})
        [event] = await collect(feed, FeedContext(name="c", note=notes.append), 1)
    assert event.type == "cert:create"
    assert "heartbeat" in notes


async def test_of_many_domains_the_first_are_kept_and_all_are_counted() -> None:
    many = [f"{number}.example.net" for number in range(5000)]
    whole, bare = await events_of(CertstreamFeed, [certificate(all_domains=many), DOMAINS | {"data": many}], 2)
    for event in (whole, bare):
        assert (event.key, event.data["names"]) == ("0.example.net", 5000)
        assert event.data["domains"] == many[:MOST_DOMAINS]
    check_recordable([whole, bare])


@pytest.mark.parametrize(
    ("leaf", "key", "field", "value"),
    [
        ({"all_domains": []}, None, "names", 0),
        ({"all_domains": None}, None, "domains", []),
        ({"issuer": {"O": None, "CN": "R3"}}, "shop.example.net", "issuer", "R3"),
        ({"issuer": None}, "shop.example.net", "issuer", None),
        ({"sha256": None, "fingerprint": "AB:CD"}, "shop.example.net", "url", "https://crt.sh/?q=ABCD"),
        ({"sha256": None, "fingerprint": None}, "shop.example.net", "url", None),
        ({"not_after": None}, "shop.example.net", "days", None),
        ({"not_after": 1e30}, "shop.example.net", "not_after", None),
    ],
)
async def test_what_is_not_told_is_not_there(leaf: dict[str, Any], key: str | None, field: str, value: Any) -> None:
    [event] = await events_of(CertstreamFeed, [certificate(**leaf)], 1)
    assert (event.key, event.data[field]) == (key, value)


async def test_it_pings_twice_as_often_as_the_server_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    assert certstream._PING_EVERY == 30.0
    monkeypatch.setattr(certstream, "_PING_EVERY", 0.02)
    notes: list[str] = []
    async with ReplicaServer() as server:
        feed = CertstreamFeed.configure({"url": server.ws_url})

        def note(text: str) -> None:
            if not notes:
                server.play(DOMAINS)
            notes.append(text)

        await collect(feed, FeedContext(name="c", note=note), 1)
    assert notes[0] == "answers pings"


async def test_without_a_server_of_yours_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ReplicaServer() as server:
        server.refuse()
        monkeypatch.setattr(certstream, "URL", server.ws_url)
        with pytest.raises(FeedBroken, match="refuses connections") as caught:
            await collect(CertstreamFeed.configure({"url": server.ws_url}), FeedContext(name="c"), 1)
        assert "run certstream-server-go there, or set url" in caught.value.hint
        monkeypatch.undo()
        with pytest.raises(FeedBroken) as caught:
            await collect(CertstreamFeed.configure({"url": server.ws_url}), FeedContext(name="c"), 1)
        assert caught.value.hint == "is the source running there?"


async def test_the_servers_reason_to_close_is_told() -> None:
    async with ReplicaServer() as server:
        server.end(1008, "No ping received!")
        with pytest.raises(FeedBroken, match="No ping received!"):
            await collect(CertstreamFeed.configure({"url": server.ws_url}), FeedContext(name="c"), 1)


@pytest.mark.parametrize(
    "message",
    [
        *NOT_MESSAGES,
        '{"message_type":["certificate_update"]}',
        '{"message_type":"certificate_update","data":{"leaf_cert":null}}',
        '{"message_type":"dns_entries","data":[5]}',
        json.dumps(certificate(all_domains=["x" * 100_000])),
        json.dumps(certificate(all_domains=[None])),
        json.dumps(certificate(issuer="R3")),
        json.dumps(certificate(not_after=float("inf"))),
        json.dumps(certificate(not_after=7)).replace(": 7,", ": 1e999,"),
    ],
)
async def test_what_is_no_certificate_is_kept_and_the_next_is_read(message: str) -> None:
    first, second = await events_of(CertstreamFeed, [message, CERTIFICATE], 2)
    assert first.type == REJECTED
    assert first.data["raw"] == message[:2048]
    assert len(first.data["reason"]) < 300
    assert second.type == "cert:create"
    check_recordable([first])


@settings(max_examples=40, deadline=None)
@given(st.lists(mutated(SAMPLES), min_size=5, max_size=10))
def test_mutated_messages_become_events_that_can_be_recorded(messages: list[str]) -> None:
    events = outcome(CertstreamFeed, [*messages, CERTIFICATE])
    check_recordable(events)
    assert events[-1].data["issuer"] == "Let's Encrypt", "nothing ended it before"


async def test_its_pane_shows_its_events() -> None:
    check_pane(CertstreamFeed, await events_of(CertstreamFeed, [CERTIFICATE], 1))


def test_options_are_checked() -> None:
    with pytest.raises(pydantic.ValidationError):
        CertstreamFeed.configure({"url": "https://certstream.example/"})
