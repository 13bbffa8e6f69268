"""The generic polling feed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, ClassVar

import pydantic
import pytest

from collab_dash.errors import FeedFailed
from collab_dash.event import Event
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaRequest, ReplicaServer, collect
from collab_dash_feeds.polling import PollingFeed
from raw_http import raw_server, saying, whole

ITEMS = {"items": "items", "key": "id", "interval": 0.1}


def document(*items: tuple[str, int]) -> dict[str, object]:
    return {"items": [{"id": name, "v": version} for name, version in items]}


async def test_new_and_edited_items_come_once() -> None:
    notes: list[str] = []
    async with ReplicaServer([document(("a", 1), ("b", 1))]) as replica, asyncio.TaskGroup() as group:
        feed = PollingFeed.configure({"url": replica.poll_url} | ITEMS)
        four = group.create_task(collect(feed, FeedContext(name="f", note=notes.append), 4))
        await replica.until(lambda: len(replica.requests) == 2)
        replica.play(document(("a", 2), ("b", 1), ("c", 1)))
        events = await four
        assert [(event.key, event.data["v"]) for event in events] == [("a", 1), ("b", 1), ("a", 2), ("c", 1)]
        assert notes[0].startswith("next poll in 0 s")


async def test_a_restart_repeats_nothing() -> None:
    async with ReplicaServer([document(("a", 1), ("b", 1), ("c", 1))]) as replica:
        feed = PollingFeed.configure({"url": replica.poll_url} | ITEMS)
        context = FeedContext(name="f")
        await collect(feed, context, 2)
        context = FeedContext(name="f", cursor=context.cursor)
        [third] = await collect(feed, context, 1)
        assert third.key == "c"
        replica.play(document(("c", 1), ("d", 1)))
        [fourth] = await collect(feed, FeedContext(name="f", cursor=context.cursor), 1)
        assert fourth.key == "d"


async def test_a_page_can_be_watched_as_text() -> None:
    async with ReplicaServer() as replica:
        replica.answer_html()
        feed = PollingFeed.configure({"url": replica.poll_url, "format": "text"})
        [event] = await collect(feed, FeedContext(name="f"), 1)
        assert event.type == "polling:message"
        assert event.data["value"].startswith("<!doctype html>")


async def test_a_document_that_is_one_event_may_return_to_what_it_was() -> None:
    async with ReplicaServer([{"up": True}]) as replica, asyncio.TaskGroup() as group:
        feed = PollingFeed.configure({"url": replica.poll_url, "interval": 0.1})
        three = group.create_task(collect(feed, FeedContext(name="f"), 3))
        await replica.until(lambda: len(replica.requests) == 2)
        replica.play({"up": False})
        await replica.until(lambda: len(replica.requests) == 4)
        replica.play({"up": True})
        assert [event.data["up"] for event in await three] == [True, False, True]


async def told_of(*documents: Any, count: int, **options: Any) -> list[Event]:
    """Give the first events of documents, each of which is listed once the one before was fetched."""
    async with ReplicaServer(documents[:1]) as replica, asyncio.TaskGroup() as group:
        feed = PollingFeed.configure({"url": replica.poll_url} | ITEMS | options)
        events = group.create_task(collect(feed, FeedContext(name="f"), count))
        for each in documents[1:]:
            fetched = len(replica.requests) + 2
            await replica.until(lambda: len(replica.requests) >= fetched)  # noqa: B023 - awaited in this turn
            replica.play(each)
        return await events


@pytest.mark.parametrize(
    ("options", "types"),
    [
        ({}, ["polling:message"] * 4),
        ({"edited": "order:update"}, ["polling:message", "polling:message", "order:update", "polling:message"]),
        (
            {"type": "order:create", "edited": "{id}-edited"},
            ["order:create", "order:create", "polling:a-edited", "order:create"],
        ),
    ],
)
async def test_an_edited_item_has_the_type_of_a_new_one_unless_told_otherwise(
    options: dict[str, Any], types: list[str]
) -> None:
    events = await told_of(document(("a", 1), ("b", 1)), document(("a", 2), ("b", 1), ("c", 1)), count=4, **options)
    assert [event.key for event in events] == ["a", "b", "a", "c"]
    assert [event.data["v"] for event in events] == [1, 1, 2, 1]
    assert [event.type for event in events] == types


async def test_an_item_is_known_as_edited_after_a_restart() -> None:
    async with ReplicaServer([document(("a", 1))]) as replica:
        feed = PollingFeed.configure({"url": replica.poll_url, "edited": "order:update"} | ITEMS)
        context = FeedContext(name="f")
        await collect(feed, context, 1)
        replica.play(document(("a", 2)))
        [event] = await collect(feed, FeedContext(name="f", cursor=context.cursor), 1)
    assert event.type == "order:update"


async def test_with_a_version_only_that_tells_edits() -> None:
    def listed(version: Any, text: str, *more: str) -> Any:
        return {"items": [{"id": "a", "updated": version, "text": text}, *({"id": name} for name in more)]}

    events = await told_of(
        listed(1, "first"),
        listed(1, "viewed 7 times"),
        listed(2, "edited"),
        listed(2, "", "end"),
        count=3,
        version="updated",
    )
    assert [(event.key, event.data.get("text")) for event in events] == [("a", "first"), ("a", "edited"), ("end", None)]


async def test_items_with_times_are_told_oldest_first() -> None:
    listed = {"items": [{"id": "c", "at": 3}, {"id": "a", "at": 1}, {"id": "b", "at": 2}]}
    assert [event.key for event in await told_of(listed, count=3, time="at")] == ["a", "b", "c"]
    assert [event.key for event in await told_of(listed, count=3)] == ["c", "a", "b"]
    listed["items"].append({"id": "d"})
    assert [event.key for event in await told_of(listed, count=4, time="at")] == ["c", "a", "b", "d"]


async def test_an_item_without_a_version_is_told_by_its_content() -> None:
    events = await told_of(document(("a", 1)), document(("a", 2)), count=2, version="updated")
    assert [event.data["v"] for event in events] == [1, 2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"next": "link"}, "next needs items"),
        ({"items": "[*]", "version": "v"}, "version needs key"),
        ({"items": "[*]", "edited": "a:b"}, "edited needs key"),
        ({"items": "[*]", "page_parameter": "after"}, "page_parameter needs next"),
        ({"items": "[*]", "next": "link", "page_parameter": "after"}, "page_parameter needs next"),
        ({"edited": "Update"}, "is not an event type"),
        ({"next": "a["}, "not JMESPath"),
        ({"max_pages": 0}, "greater than or equal to 1"),
    ],
)
def test_options_that_do_not_fit_together_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=words):
        PollingFeed.configure({"url": "https://a.example"} | options)


def by_link(where: str, page: int) -> tuple[dict[str, Any], list[str]]:
    return {}, [f'Link: <{where}?page={page + 1}>; rel="next"'] if page < 3 else []


def by_address(where: str, page: int) -> tuple[dict[str, Any], list[str]]:
    return {"links": {"next": f"{where}?page={page + 1}" if page < 3 else None}}, []


def by_cursor(where: str, page: int) -> tuple[dict[str, Any], list[str]]:
    return {"meta": {"next": page + 1, "has_more": page < 3}}, []


@pytest.mark.parametrize(
    ("options", "tell"),
    [
        ({"next": "link"}, by_link),
        ({"next": "links.next"}, by_address),
        ({"next": "meta.has_more && meta.next", "page_parameter": "page"}, by_cursor),
    ],
)
async def test_pages_are_found_in_every_way(
    options: dict[str, Any], tell: Callable[[str, int], tuple[dict[str, Any], list[str]]]
) -> None:
    async def play(request: ReplicaRequest, writer: asyncio.StreamWriter) -> None:
        page = int(request.query.get("page", 1))
        more, headers = tell("/items", page)
        writer.write(whole(json.dumps({"items": [{"id": page}], **more}), *headers))

    async with raw_server(play) as server:
        feed = PollingFeed.configure(
            {"url": f"{server.url}/items", "headers": {"X-Key": "k"}, "interval": 0.1} | ITEMS | options
        )
        context = FeedContext(name="f")
        events = await collect(feed, context, 3)
        assert [event.key for event in events] == ["1", "2", "3"]
        assert all(request.headers["x-key"] == "k" for request in server.requests)
        assert "unfinished" not in (context.cursor or "")


async def test_a_page_elsewhere_stops_the_feed_and_is_told_no_secret() -> None:
    answer = whole('{"items":[{"id":1}]}', 'Link: <http://evil.invalid/2>; rel="next"')
    async with raw_server(saying(answer)) as server:
        feed = PollingFeed.configure({"url": server.url, "next": "link"} | ITEMS)
        with pytest.raises(FeedFailed, match=r"has its next page elsewhere: http://evil\.invalid/2$"):
            await collect(feed, FeedContext(name="f"), 1)


class TestPolling(FeedConformance):
    plugin = PollingFeed
    messages: ClassVar = [document(("a", 1)), document(("a", 1), ("b", 1), ("c", 1)), document(("a", 2), ("c", 1))]
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.poll_url} | ITEMS
