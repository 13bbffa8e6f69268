"""
Topics and posts of a forum.

The forum is a replica: NodeBB needs a database. Its pages and messages have NodeBB's shapes, its sockets are real.
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.event import REJECTED, Event, record
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, Relay, ReplicaServer, collect
from collab_dash.testing.upstream import NETWORK_FAULTS
from collab_dash_feeds.nodebb import NodebbFeed
from node import NodeServer, node

SAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "samples" / "nodebb.json").read_text())
CONFIG, RECENT, NEW_TOPICS_POST, NEW_TOPIC, NEW_POST = SAMPLES
MEMBER = {"Cookie": "theme=dark; express.sid=member"}
RECENT_KEYS = ["topic/12", "topic/13", "post/40"]


def forum(**options: Any) -> Any:
    return node("nodebb", config=CONFIG, **{"recent": RECENT, **options})


def feed(server: NodeServer, **options: Any) -> NodebbFeed:
    configured = NodebbFeed.configure({"url": server.url, "headers": MEMBER, **options})
    assert isinstance(configured, NodebbFeed)
    return configured


class Running:
    """A feed at work."""

    def __init__(self, configured: NodebbFeed, context: FeedContext) -> None:
        self._stream: Any = configured.events(context)

    async def take(self, count: int) -> list[Event]:
        async with asyncio.timeout(10):
            return [await anext(self._stream) for _ in range(count)]

    async def close(self) -> None:
        await self._stream.aclose()


@asynccontextmanager
async def running(configured: NodebbFeed, context: FeedContext | None = None) -> AsyncIterator[Running]:
    run = Running(configured, context or FeedContext(name="forum"))
    try:
        yield run
    finally:
        await run.close()


async def failure(configured: NodebbFeed) -> FeedError:
    try:
        await collect(configured, FeedContext(name="forum"), 9)
    except FeedError as error:
        return error
    pytest.fail("it did not fail")


async def test_first_comes_what_is_recent_oldest_first() -> None:
    async with forum() as server:
        first, second, post = await collect(feed(server), FeedContext(name="forum"), 3)
    assert [first.key, second.key, post.key] == RECENT_KEYS
    assert (first.type, first.time) == ("topic:create", 1791060000000)
    assert first.data == {
        "title": "Oars & sails",
        "user": "Ana",
        "category": "General & More",
        "replies": 2,
        "views": 33,
        "votes": 1,
        "tags": ["boats"],
        "url": f"{server.url}/topic/12/oars-sails",
        "tid": 12,
        "pid": 31,
        "cid": 2,
    }
    assert (post.type, post.time) == ("post:create", 1791060050000)
    assert post.data == {
        "title": "Oars & sails",
        "user": "Bo",
        "text": "Try ash & spruce",
        "category": "General & More",
        "url": f"{server.url}/post/40",
        "tid": 12,
        "pid": 40,
        "cid": 2,
    }


async def say_new(server: NodeServer) -> None:
    await server.tells("connected")
    server.tell(emit=["event:new_post", NEW_TOPICS_POST])
    server.tell(emit=["event:new_topic", NEW_TOPIC])
    server.tell(emit=["event:user_status_change", {"uid": 3, "status": "away"}])
    server.tell(emit=["event:new_post", NEW_POST])


@pytest.mark.parametrize("ways", [["polling"], ["websocket"], ["polling", "websocket"]])
async def test_new_topics_and_posts_come_live_each_once(ways: list[str]) -> None:
    async with forum() as server, running(feed(server, transports=ways)) as forum_feed:
        await forum_feed.take(3)
        await say_new(server)
        topic, post = await forum_feed.take(2)
    assert (topic.type, topic.key, topic.data["text"]) == ("topic:create", "topic/14", "Who paints?")
    assert (topic.data["title"], topic.data["replies"]) == ("Paint & varnish", 0)
    assert (post.type, post.key, post.data["text"]) == ("post:create", "post/42", "I do. With a <brush>")
    assert post.data["title"] == "Paint & varnish"


async def test_what_came_live_is_not_told_again_by_the_list_nor_after_a_break() -> None:
    later = copy.deepcopy(RECENT)
    later["topics"].insert(0, {**NEW_TOPIC, "teaser": NEW_POST["posts"][0]})
    later["topics"].insert(0, {**NEW_TOPIC, "tid": 15, "slug": "15/keel", "mainPid": 50})
    context = FeedContext(name="forum")
    async with forum() as server:
        async with running(feed(server, interval=1), context) as forum_feed:
            await forum_feed.take(3)
            await say_new(server)
            await forum_feed.take(2)
            server.tell(recent=later)
            assert [event.key for event in await forum_feed.take(1)] == ["topic/15"]
        later["topics"].insert(0, {**NEW_TOPIC, "tid": 16, "slug": "16/mast", "mainPid": 51})
        server.tell(recent=later)
        async with running(feed(server), FeedContext(name="forum", cursor=context.cursor)) as forum_feed:
            assert [event.key for event in await forum_feed.take(1)] == ["topic/16"]


async def test_only_the_wanted_categories_are_told() -> None:
    async with forum() as server, running(feed(server, categories=[2])) as forum_feed:
        assert [event.key for event in await forum_feed.take(2)] == ["topic/12", "post/40"]
        await server.tells("connected")
        server.tell(emit=["event:new_topic", {**NEW_TOPIC, "cid": 3}])
        server.tell(emit=["event:new_post", NEW_POST])
        assert [event.key for event in await forum_feed.take(1)] == ["post/42"]


async def test_a_guest_has_a_session_of_its_own_and_learns_from_the_list() -> None:
    async with forum() as server, running(feed(server, headers={}, interval=1)) as forum_feed:
        await forum_feed.take(3)
        assert await server.tells("connected") == 0
        server.tell(recent={"topics": [{**NEW_TOPIC, "teaser": None}]})
        assert [event.key for event in await forum_feed.take(1)] == ["topic/14"]


async def test_a_forum_may_live_below_a_path() -> None:
    async with forum(prefix="/forum") as server, running(feed(server, url=f"{server.url}/forum/")) as forum_feed:
        [topic, *_] = await forum_feed.take(3)
        assert topic.data["url"] == f"{server.url}/forum/topic/12/oars-sails"
        assert await server.tells("connected") == 7


async def test_a_session_that_the_forum_does_not_know_fails() -> None:
    async with forum() as server:
        error = await failure(feed(server, headers={"Cookie": "express.sid=stale"}))
        assert isinstance(error, FeedFailed)
        assert "does not know this session" in str(error)
        assert "stale" not in f"{error} {error.hint}"


async def test_a_session_that_ends_meanwhile_fails() -> None:
    async with forum() as server, running(feed(server)) as forum_feed:
        await forum_feed.take(3)
        await server.tells("connected")
        server.tell(emit=["event:invalid_session"])
        with pytest.raises(FeedFailed, match="session"):
            await forum_feed.take(1)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("event:new_post", {"posts": 3}),
        ("event:new_post", {"posts": [{"tid": 1}]}),
        ("event:new_post", None),
        ("event:new_topic", {"title": "no id"}),
        ("event:new_topic", [1]),
    ],
)
async def test_what_cannot_be_read_is_kept_and_the_next_is_read(event: str, said: Any) -> None:
    async with forum() as server, running(feed(server)) as forum_feed:
        await forum_feed.take(3)
        await server.tells("connected")
        server.tell(emit=[event, said])
        server.tell(emit=["event:new_post", NEW_POST])
        bad, good = await forum_feed.take(2)
    assert bad.type == REJECTED
    assert json.loads(bad.data["raw"]) == said
    assert good.key == "post/42"


@pytest.mark.parametrize("recent", [[], {"topics": 3}, {}])
async def test_a_list_that_cannot_be_read_is_kept(recent: Any) -> None:
    async with forum(recent=recent) as server:
        [event] = await collect(feed(server), FeedContext(name="forum"), 1)
    assert event.type == REJECTED


async def test_a_topic_that_cannot_be_read_is_kept_once_and_the_others_are_told() -> None:
    topics = [{"title": "no id", "timestamp": []}, 7, {**NEW_TOPIC, "deleted": 1}, *RECENT["topics"]]
    async with forum(recent={"topics": topics}) as server:
        context = FeedContext(name="forum")
        events = await collect(feed(server, categories=[2, 3]), context, 5)
        assert [event.key for event in events if event.type != REJECTED] == RECENT_KEYS
        assert all(record(event, feed="forum", received=1) for event in events)
        async with running(feed(server), FeedContext(name="forum", cursor=context.cursor)) as forum_feed:
            waiting = asyncio.ensure_future(forum_feed.take(1))
            await server.tells("connected", 2)
            server.tell(emit=["event:new_post", NEW_POST])
            assert [event.key for event in await waiting] == ["post/42"]


async def test_trouble_of_the_forum_is_told() -> None:
    async with forum(status=429) as server:
        error = await failure(feed(server))
        assert isinstance(error, FeedBroken)
        assert error.retry_after == 7
        server.tell(status=503)
        assert isinstance(await failure(feed(server)), FeedBroken)
    assert "refuses connections" in str(await failure(feed(server)))
    async with ReplicaServer() as replica:
        replica.answer_html()
        configured = NodebbFeed.configure({"url": replica.url})
        with pytest.raises(FeedBroken, match="web page"):
            await collect(configured, FeedContext(name="forum"), 1)
        replica.answer(200, "[1]")
        with pytest.raises(FeedBroken, match="no NodeBB"):
            await collect(configured, FeedContext(name="forum"), 1)


async def test_a_killed_forum_is_broken() -> None:
    async with forum() as server, running(feed(server)) as forum_feed:
        await forum_feed.take(3)
        await server.tells("connected")
        await server.kill()
        with pytest.raises(FeedBroken):
            await forum_feed.take(1)


class TestConformance(FeedConformance):
    """Against the replica, behind a relay."""

    plugin = NodebbFeed
    messages = tuple({"posts": [{**NEW_POST["posts"][0], "pid": pid}]} for pid in range(101, 105))
    malformed = ({"posts": 3},)
    faults = NETWORK_FAULTS

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Relay]:
        async with forum(recent={"topics": []}) as server:

            def play(*messages: Any) -> None:
                for message in messages:
                    server.tell(deliver=["event:new_post", message])

            async with Relay("127.0.0.1", server.port, play=play) as relay:
                yield relay

    def options(self, upstream: Relay) -> dict[str, Any]:
        return {"url": f"http://127.0.0.1:{upstream.port}", "headers": MEMBER}

    def identity(self, event: Event) -> Any:
        return event.type, event.key, {name: value for name, value in event.data.items() if name != "url"}
