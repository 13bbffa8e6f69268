from __future__ import annotations

import copy
import json
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pydantic
import pytest

from collab_dash.event import REJECTED, Event
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash_feeds.usgs import UsgsFeed

SUMMARY: dict[str, Any] = json.loads((Path(__file__).parent / "samples" / "usgs.json").read_text())
OLDEST = "ak025afs7m0d"


def feed(source: ReplicaServer, **options: Any) -> UsgsFeed:
    configured = UsgsFeed.configure({"url": source.url, "interval": 1, **options})
    assert isinstance(configured, UsgsFeed)
    return configured


def revised(**properties: Any) -> dict[str, Any]:
    summary = copy.deepcopy(SUMMARY)
    summary["features"][-1]["properties"].update(properties)
    return summary


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the transport wait a hundred-thousandth of a second where it would wait for a second and more."""
    monkeypatch.setattr("collab_dash.transports.polling.random.uniform", lambda low, high: 0.00001)


def listing(count: int) -> dict[str, Any]:
    """Give a summary that lists the oldest `count` earthquakes alone."""
    return {**SUMMARY, "features": SUMMARY["features"][-count:]}


class TestUsgs(FeedConformance):
    plugin = UsgsFeed
    messages = (listing(1), listing(3), SUMMARY, revised(mag=4.8, updated=1755299999999))
    malformed = ("{not JSON", "[]", "{}", '{"features":3}', '{"features":[7]}', '{"features":[{"properties":{}}]}')
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.url, "interval": 1}

    @pytest.fixture(autouse=True)
    def _hasty(self, hasty: None) -> None:
        """Look again at once."""


class QuietError(Exception):
    pass


def stop(note: str) -> None:
    raise QuietError(note)


async def until_quiet(source: ReplicaServer, context: FeedContext) -> list[Event]:
    """Give what one look yields: all events until the feed says when it looks next."""
    events: list[Event] = []
    one_look = FeedContext(name="quakes", cursor=context.cursor, note=stop)
    stream: Any = feed(source).events(one_look)
    with suppress(QuietError):
        async with aclosing(stream):
            async for event in stream:
                events.append(event)
    context.cursor = one_look.cursor
    return events


async def test_earthquakes_become_events_oldest_first() -> None:
    async with ReplicaServer([SUMMARY]) as source:
        events = await until_quiet(source, FeedContext(name="quakes"))
        [request] = source.requests
    assert request.path == "/all_hour.geojson"
    assert {event.type for event in events} == {"quake:create"}
    assert [event.key for event in events] == [OLDEST, "nc75224292", "nc75224297", "hv74753377"]
    assert events[-1].time == 1755299541200
    assert events[-1].data == {
        "mag": 1.81,
        "place": "11 km SSE of Volcano, Hawaii",
        "depth": 3.98,
        "lat": 19.33933,
        "lon": -155.21001,
        "mag_type": "ml",
        "alert": None,
        "tsunami": 0,
        "felt": None,
        "status": "automatic",
        "url": "https://earthquake.usgs.gov/earthquakes/eventpage/hv74753377",
        "title": "M 1.8 - 11 km SSE of Volcano, Hawaii",
        "updated": 1755299794840,
    }


async def test_a_revision_is_an_update_and_nothing_else_is_told_again() -> None:
    context = FeedContext(name="quakes")
    async with ReplicaServer([SUMMARY]) as source:
        assert len(await until_quiet(source, context)) == 4
        source.play(revised(mag=4.8, updated=1755299999999))
        [event] = await until_quiet(source, context)
        source.play(revised(mag=1.4))  # an older document, as from a cache behind
        assert await until_quiet(source, context) == []
    assert (event.type, event.key, event.data["mag"]) == ("quake:update", OLDEST, 4.8)


async def test_an_unchanged_list_is_not_fetched_again_after_a_restart() -> None:
    context = FeedContext(name="quakes")
    async with ReplicaServer([SUMMARY]) as source:
        await until_quiet(source, context)
        assert await until_quiet(source, context) == []
        assert "if-none-match" in source.requests[1].headers


async def test_a_restart_in_the_midst_of_a_list_tells_the_rest_of_it() -> None:
    context = FeedContext(name="quakes")
    async with ReplicaServer([SUMMARY]) as source:
        first = await collect(feed(source), context, 2)
        rest = await until_quiet(source, context)
    assert [event.key for event in (*first, *rest)] == [OLDEST, "nc75224292", "nc75224297", "hv74753377"]


async def test_a_quake_whose_preferred_id_changed_keeps_its_first_one() -> None:
    context = FeedContext(name="quakes")
    renamed = revised(ids=f",us7000abcd,{OLDEST},", updated=1755299999999)
    renamed["features"][-1]["id"] = "us7000abcd"
    async with ReplicaServer([SUMMARY]) as source:
        await until_quiet(source, context)
        source.play(renamed)
        [event] = await until_quiet(source, context)
    assert (event.type, event.key) == ("quake:update", OLDEST)


async def test_nulls_and_an_empty_list_are_fine() -> None:
    bare = {"type": "Feature", "id": "x1", "properties": {"mag": None, "updated": None}, "geometry": None}
    context = FeedContext(name="quakes")
    async with ReplicaServer([{"type": "FeatureCollection", "features": []}]) as source:
        assert await until_quiet(source, context) == []
        source.play({"type": "FeatureCollection", "features": [bare]})
        [event] = await until_quiet(source, context)
    assert (event.key, event.time, event.data["mag"], event.data["lat"]) == ("x1", None, None, None)


async def test_what_is_not_listed_for_a_while_is_not_told_again() -> None:
    context = FeedContext(name="quakes")
    async with ReplicaServer([SUMMARY]) as source:
        assert len(await until_quiet(source, context)) == 4
        source.play({"type": "FeatureCollection", "features": []})
        assert await until_quiet(source, context) == []
        source.play(revised(mag=2.0, updated=1755299999999))
        assert [event.type for event in await until_quiet(source, context)] == ["quake:update"]


async def test_memory_of_what_is_listed_no_longer_is_bounded() -> None:
    context = FeedContext(name="quakes")
    async with ReplicaServer() as source:
        for first in range(0, 1200, 300):
            numbers = range(first, first + 300)
            source.play({"features": [{"id": f"q{number}", "properties": {"time": number}} for number in numbers]})
            assert len(await until_quiet(source, context)) == 300
    assert len(json.loads(json.loads(context.cursor or "")["seen"])) == 300 + 256


@pytest.mark.parametrize("body", ["not json", "[]", "{}", '{"features":3}'])
async def test_what_is_no_list_is_kept_once_and_forgets_nothing(body: str) -> None:
    context = FeedContext(name="quakes")
    async with ReplicaServer([SUMMARY]) as source:
        await until_quiet(source, context)
        source.play(body)
        [event] = await until_quiet(source, context)
        source.play(SUMMARY)
        assert await until_quiet(source, context) == []
    assert (event.type, event.data["raw"]) == (REJECTED, body)


async def test_one_bad_feature_does_not_spoil_the_others() -> None:
    summary = {**SUMMARY, "features": [{"properties": {}}, 7, *SUMMARY["features"]]}
    async with ReplicaServer([summary]) as source:
        events = await until_quiet(source, FeedContext(name="quakes"))
    assert [event.type for event in events] == [REJECTED] * 2 + ["quake:create"] * 4


async def test_a_long_list_is_told_once_whenever_it_is_interrupted() -> None:
    features = [{"id": f"q{number}", "properties": {"time": number, "updated": number}} for number in range(1, 301)]
    context = FeedContext(name="quakes")
    async with ReplicaServer([{"features": features}]) as source:
        first = await collect(feed(source), context, 150)
        rest = await until_quiet(source, context)
    keys = [event.key for event in (*first, *rest)]
    assert set(keys) == {f"q{number}" for number in range(1, 301)}
    assert len(keys) <= 302


@pytest.mark.parametrize(
    "options", [{"url": "earthquake.usgs.gov"}, {"interval": 0.5}, {"feed": "3"}, {"window": "year"}]
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        UsgsFeed.configure(options)


def test_a_magnitude_may_be_written_as_a_number() -> None:
    assert UsgsFeed.configure({"feed": 2.5, "window": "day"}).options.feed == "2.5"
