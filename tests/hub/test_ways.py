"""A feed's ways upstream, and where each of them is."""

from __future__ import annotations

from collections.abc import AsyncIterator

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.hub.ways import Ways


class PlaceOptions(FeedOptions):
    url: str


class Place(Feed[PlaceOptions]):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        yield Event(type="t:t", data={})


def place(url: str, *fallbacks: str) -> Place:
    feed = Place(PlaceOptions(url=url))
    feed.fallbacks = [place(each) for each in fallbacks]
    return feed


def test_each_way_has_its_own_cursor() -> None:
    ways = Ways(place("a", "b"), None)
    assert ways.moved("1")
    assert not ways.moved("1")
    ways.ended(0, None, FeedBroken("no"))
    assert ways.way_cursor is None
    assert ways.moved("one")
    again = Ways(place("a", "b"), ways.cursor)
    assert again.way_cursor == "1"
    again.ended(0, None, FeedBroken("no"))
    assert again.way_cursor == "one"


def test_a_way_that_is_another_now_does_not_get_the_cursor_of_what_was_there() -> None:
    ways = Ways(place("a", "b"), None)
    ways.moved("1")
    assert Ways(place("c", "b"), ways.cursor).way_cursor is None
    assert Ways(place("c", "a"), ways.cursor).way_cursor is None


def test_a_feed_that_gets_its_first_fallback_goes_on_where_it_was() -> None:
    alone = Ways(place("a"), "41")
    assert (alone.way_cursor, alone.cursor) == ("41", "41")
    assert Ways(place("a", "b"), "41").way_cursor == "41"
    assert Ways(place("a", "b"), '{"n":1}').way_cursor == '{"n":1}'
    assert Ways(place("a", "b"), "[1]").way_cursor == "[1]"


def test_why_it_is_not_on_the_best_way_is_known_until_it_is() -> None:
    ways = Ways(place("a", "b", "c"), None)
    assert ways.ended(0, None, FeedBroken("refused"))
    assert ways.why == "local: refused"
    assert ways.ended(0, None, FeedBroken("also refused"))
    assert ways.why == "local: refused"
    ways.climb(60)
    assert ways.why == ""


def test_only_when_every_way_failed_for_good_is_there_no_hope() -> None:
    ways = Ways(place("a", "b"), None)
    hope = []
    for error in (FeedFailed("404"), FeedBroken("503"), FeedFailed("404"), FeedFailed("404")):
        ways.ended(0, None, error)
        hope.append(not ways.hopeless)
    ways.retry()
    assert [*hope, not ways.hopeless] == [True, True, True, False, True]
