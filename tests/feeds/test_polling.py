"""The generic polling feed."""

from __future__ import annotations

import asyncio

from collab_dash.feed import FeedContext
from collab_dash.testing import ReplicaServer, collect
from collab_dash_feeds.polling import PollingFeed

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
