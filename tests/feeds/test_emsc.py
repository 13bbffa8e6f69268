from __future__ import annotations

import json
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.event import REJECTED
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash_feeds import emsc
from collab_dash_feeds.emsc import EmscFeed
from collab_dash_feeds.usgs import UsgsFeed
from sources import NOT_MESSAGES, check_pane, check_recordable, events_of, mutated, outcome, samples

SAMPLES = samples("emsc")
[QUAKE] = SAMPLES


def quake(action: str = "create", **changes: Any) -> dict[str, Any]:
    return {"action": action, "data": QUAKE["data"] | {"properties": QUAKE["data"]["properties"] | changes}}


class TestEmsc(FeedConformance):
    plugin = EmscFeed
    messages = (QUAKE, quake("update", mag=1.5), quake(unid="20250305_0000091"))
    malformed = ("{not JSON", "[]", "o", json.dumps(quake("explode")))

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.ws_url}


async def test_a_quake_becomes_an_event() -> None:
    [event] = await events_of(EmscFeed, [QUAKE], 1)
    assert (event.type, event.key, event.time) == ("quake:create", "20250305_0000090", 1741167907000)
    assert event.data == {
        "mag": 1.4,
        "place": "WESTERN TURKEY",
        "depth": 7.0,
        "lat": 40.115,
        "lon": 28.5381,
        "mag_type": "ml",
        "agency": "AFAD",
        "kind": "ke",
        "url": "https://www.seismicportal.eu/eventdetails.html?unid=20250305_0000090",
        "title": "M 1.4 - WESTERN TURKEY",
        "updated": 1741169216102,
    }


async def test_its_fields_are_named_as_those_of_the_usgs() -> None:
    [event] = await events_of(EmscFeed, [QUAKE], 1)
    async with ReplicaServer([samples("usgs")]) as upstream:
        feed = UsgsFeed.configure({"url": upstream.url})
        [theirs] = await collect(feed, FeedContext(name="u"), 1)
    assert set(event.data) - set(theirs.data) == {"agency", "kind"}
    assert event.type == theirs.type


@pytest.mark.parametrize("action", ["create", "update", "delete"])
async def test_a_revision_is_told_under_the_same_key(action: str) -> None:
    [event] = await events_of(EmscFeed, [quake(action)], 1)
    assert (event.type, event.key) == (f"quake:{action}", "20250305_0000090")


async def test_a_quake_of_the_fewest_fields_is_an_event() -> None:
    bare = {"action": "create", "data": {"properties": {"unid": "a/b?c"}}}
    [event] = await events_of(EmscFeed, [bare], 1)
    assert (event.key, event.time, event.data["mag"], event.data["title"]) == ("a/b?c", None, None, None)
    assert event.data["url"].endswith("?unid=a%2Fb%3Fc")
    [placeless] = await events_of(EmscFeed, [quake(flynn_region=None, mag=7)], 1)
    assert placeless.data["title"] == "M 7.0 - unknown place"


async def test_answered_pings_are_signs_of_life_while_the_earth_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    assert emsc._PING_EVERY == 15.0
    monkeypatch.setattr(emsc, "_PING_EVERY", 0.02)
    notes: list[str] = []
    async with ReplicaServer() as upstream:
        feed = EmscFeed.configure({"url": upstream.ws_url})

        def note(text: str) -> None:
            if not notes:
                upstream.play(QUAKE)
            notes.append(text)

        await collect(feed, FeedContext(name="e", note=note), 1)
    assert notes[0] == "answers pings"


@pytest.mark.parametrize(
    "message",
    [
        *NOT_MESSAGES,
        '{"action":"create","data":null}',
        json.dumps(quake("explode")),
        json.dumps(quake(unid=None)),
        json.dumps(quake(unid="")),
        json.dumps(quake(unid="x" * 100_000)),
        json.dumps(quake(mag="1.4")),
        json.dumps(quake(mag=float("nan"))),
        json.dumps(quake(mag=7)).replace(": 7,", ": 1e999,"),
        json.dumps(quake(flynn_region={"a": [None]})),
    ],
)
async def test_what_is_no_quake_is_kept_and_the_next_is_read(message: str) -> None:
    first, second = await events_of(EmscFeed, [message, QUAKE], 2)
    assert first.type == REJECTED
    assert first.data["raw"] == message[:2048]
    assert len(first.data["reason"]) < 300
    assert second.type == "quake:create"
    check_recordable([first])


@settings(max_examples=40, deadline=None)
@given(st.lists(mutated(SAMPLES), min_size=5, max_size=10))
def test_mutated_messages_become_events_that_can_be_recorded(messages: list[str]) -> None:
    events = outcome(EmscFeed, messages)
    check_recordable(events)
    assert len(events) == len(messages)


async def test_its_pane_shows_its_events() -> None:
    check_pane(EmscFeed, await events_of(EmscFeed, [QUAKE], 1))


def test_options_are_checked() -> None:
    with pytest.raises(pydantic.ValidationError):
        EmscFeed.configure({"url": "https://www.seismicportal.eu/"})
