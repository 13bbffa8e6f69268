from __future__ import annotations

import asyncio
import copy
from contextlib import aclosing, suppress
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings

from collab_dash import __version__
from collab_dash.errors import FeedFailed
from collab_dash.event import REJECTED, Event
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash_feeds.nws import NwsFeed
from sources import NOT_MESSAGES, check_pane, check_recordable, mutated, samples

WATCH, UPDATED, CANCELLED = samples("nws")
FROST = UPDATED["features"][0]
EMPTY = {"type": "FeatureCollection", "features": []}


def configured(source: ReplicaServer, **options: Any) -> NwsFeed:
    feed = NwsFeed.configure({"url": source.url, "interval": 10} | options)
    assert isinstance(feed, NwsFeed)
    return feed


class TestNws(FeedConformance):
    plugin = NwsFeed
    messages = (WATCH, UPDATED, CANCELLED)
    malformed = ("{not JSON", "[]", "{}", '{"features":5}', '{"features":[{"properties":{}}]}')
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.url, "interval": 10}

    @pytest.fixture(autouse=True)
    def _hasty(self, hasty: None) -> None:
        """Look again at once."""


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the transport wait a hundredth of a second where it would wait ten."""
    monkeypatch.setattr("collab_dash.transports.polling.random.uniform", lambda low, high: 0.001)


class QuietError(Exception):
    pass


def stop(note: str) -> None:
    raise QuietError(note)


async def look(source: ReplicaServer, context: FeedContext, **options: Any) -> list[Event]:
    """Give what one look yields: all events until the feed says when it looks next."""
    events: list[Event] = []
    one_look = FeedContext(name="alerts", cursor=context.cursor, note=stop)
    stream: Any = configured(source, **options).events(one_look)
    with suppress(QuietError):
        async with aclosing(stream):
            async for event in stream:
                events.append(event)
    context.cursor = one_look.cursor
    return events


async def looks(*lists: Any) -> list[list[tuple[str, str | None]]]:
    """Give types and keys of what is told of lists, one after another."""
    context, told = FeedContext(name="alerts"), []
    async with ReplicaServer() as source:
        for listed in lists:
            source.play(listed)
            told.append([(event.type, event.key) for event in await look(source, context)])
    return told


async def test_an_alert_becomes_an_event() -> None:
    async with ReplicaServer([WATCH]) as source:
        [event] = await look(source, FeedContext(name="alerts"))
    assert (event.type, event.time) == ("alert:create", 1764093960000)
    assert event.data == {
        "severity": "Extreme",
        "event": "Tornado Watch",
        "headline": "Tornado Watch issued November 25 at 12:06PM CST until November 25 at 6:00PM CST by NWS Mobile AL",
        "urgency": "Future",
        "certainty": "Possible",
        "status": "Actual",
        "instruction": None,
        "description": "TORNADO WATCH 641 REMAINS VALID UNTIL 6 PM CST THIS EVENING FOR THE FOLLOWING AREAS",
        "area": "Butler, AL; Clarke, AL; Conecuh, AL; Crenshaw, AL; Monroe, AL; Washington, AL; Wilcox, AL",
        "sender": "NWS Mobile AL",
        "onset": 1764093960000,
        "expires": 1764115200000,
        "ends": 1764118800000,
        "url": WATCH["features"][0]["id"],
        "id": WATCH["features"][0]["properties"]["id"],
    }


async def test_updates_and_cancellations_keep_the_key_of_what_they_refer_to() -> None:
    [(_, watch)], updated, cancelled = await looks(WATCH, UPDATED, CANCELLED)
    [(_, frost), _] = updated
    assert updated == [("alert:create", frost), ("alert:update", watch)]
    assert cancelled == [("alert:cancel", watch)]
    assert watch != frost


async def test_an_update_seen_first_has_the_key_of_the_oldest_it_refers_to() -> None:
    [(_, watch)], [_, updated] = (await looks(WATCH))[0], (await looks(UPDATED))[0]
    assert updated == ("alert:update", watch)


async def test_what_is_no_longer_listed_has_expired_and_is_told_again_if_it_comes_back() -> None:
    [(_, key)], expired, nothing, again = await looks(WATCH, EMPTY, {**EMPTY, "title": "None"}, WATCH)
    assert (expired, nothing, again) == ([("alert:expire", key)], [], [("alert:create", key)])


async def test_what_was_cancelled_or_replaced_does_not_expire_as_well() -> None:
    told = await looks(UPDATED, CANCELLED, EMPTY)
    assert [kind for kind, _ in told[2]] == ["alert:expire"]
    assert told[2][0][1] == told[0][0][1]


async def test_an_expired_alert_says_what_it_was() -> None:
    context = FeedContext(name="alerts")
    async with ReplicaServer([WATCH]) as source:
        await look(source, context)
        source.play(EMPTY)
        [event] = await look(source, context)
    assert event.data == {
        "event": "Tornado Watch",
        "expires": 1764118800000,
        "headline": "Tornado Watch has ended",
    }


async def test_it_says_who_asks_and_what_for() -> None:
    async with ReplicaServer([WATCH]) as source:
        await look(source, FeedContext(name="a"), area=["ca", "NV"], severity=["Severe"], contact="ana@example.org")
        await look(source, FeedContext(name="a"), zone=["CAZ041"])
    first, second = source.requests
    assert first.path == "/alerts/active"
    assert first.query == {"status": "actual", "area": "CA,NV", "severity": "Severe"}
    assert first.headers["user-agent"] == f"(collab-dash/{__version__}, ana@example.org)"
    assert first.headers["accept"] == "application/geo+json"
    assert second.query == {"status": "actual", "zone": "CAZ041"}
    assert second.headers["user-agent"] == f"(collab-dash/{__version__})"


async def test_an_unchanged_list_is_not_fetched_again_after_a_restart() -> None:
    context = FeedContext(name="alerts")
    async with ReplicaServer([WATCH]) as source:
        await look(source, context)
        assert await look(source, context) == []
    assert "if-none-match" in source.requests[1].headers


async def test_a_refusal_says_to_set_contact() -> None:
    async with ReplicaServer([WATCH]) as source:
        source.answer(403)
        with pytest.raises(FeedFailed) as caught:
            await look(source, FeedContext(name="alerts"))
    assert "contact" in caught.value.hint


@pytest.mark.parametrize("body", [body for body in NOT_MESSAGES if body])
async def test_what_is_no_list_is_kept_once_and_ends_no_alert(body: str) -> None:
    context = FeedContext(name="alerts")
    async with ReplicaServer([WATCH]) as source:
        await look(source, context)
        source.play(body)
        [event] = await look(source, context)
        source.play(WATCH)
        assert await look(source, context) == []
        source.play(body)
        assert await look(source, context) == []
    assert event.type == REJECTED


async def test_one_bad_alert_does_not_spoil_the_others() -> None:
    spoilt = {**UPDATED, "features": [7, {"properties": {"id": "x"}}, *UPDATED["features"]]}
    async with ReplicaServer([spoilt]) as source:
        events = await look(source, FeedContext(name="alerts"))
    assert [event.type for event in events] == [REJECTED, REJECTED, "alert:create", "alert:update"]


async def test_memory_of_what_is_no_longer_listed_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab_dash_feeds.nws._FORGOTTEN", 10)
    context = FeedContext(name="alerts")
    async with ReplicaServer() as source:
        for first in range(0, 60, 20):
            alerts = [copy.deepcopy(FROST) for _ in range(20)]
            for number, alert in enumerate(alerts, first):
                alert["properties"]["id"] = f"urn:{number}"
            source.play({"features": alerts})
            await look(source, context)
    assert (context.cursor or "").count("Frost Advisory") == 30


@pytest.mark.parametrize("cursor", ["x", "[]", '{"told":{"a":5}}'])
async def test_a_cursor_that_cannot_be_read_counts_as_none(cursor: str) -> None:
    async with ReplicaServer([WATCH]) as source:
        [event] = await collect(configured(source), FeedContext(name="alerts", cursor=cursor), 1)
    assert event.type == "alert:create"


@settings(max_examples=30, deadline=None)
@given(mutated([WATCH, UPDATED, CANCELLED]), mutated([UPDATED, CANCELLED]))
def test_mutated_lists_become_events_that_can_be_recorded(first: str, second: str) -> None:
    async def told() -> list[Event]:
        context = FeedContext(name="alerts")
        async with asyncio.timeout(10), ReplicaServer([first]) as source:
            events = await look(source, context)
            source.play(second)
            return events + await look(source, context)

    check_recordable(asyncio.run(told()))


async def test_its_pane_shows_its_events() -> None:
    async with ReplicaServer([UPDATED]) as source:
        check_pane(NwsFeed, await look(source, FeedContext(name="alerts")))


@pytest.mark.parametrize(
    "options",
    [
        {"area": ["California"]},
        {"zone": ["CA041"]},
        {"area": ["CA"], "zone": ["CAZ041"]},
        {"severity": ["Bad"]},
        {"contact": "x)\r\nCookie: y"},
        {"interval": 1},
        {"url": "weather"},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        NwsFeed.configure(options)
