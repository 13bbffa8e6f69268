"""One connection upstream, however many feeds and peers want the same."""

from __future__ import annotations

import asyncio
from pathlib import Path

from collab_dash.peer.session import join
from collab_dash.testing import ReplicaServer
from hubs import hub_of, link, take_events, workspace_at


def feed(name: str, url: str, more: str = "") -> str:
    return f'[feeds.{name}]\nuse = "websocket"\nurl = "{url}"\n{more}\n'


async def test_two_feeds_and_two_peers_make_one_connection(tmp_path: Path) -> None:
    async with ReplicaServer([{"n": 1}]) as replica:
        workspace = workspace_at(tmp_path, feed("a", replica.ws_url) + feed("b", replica.ws_url))
        async with hub_of(workspace) as hub, join(link(hub)) as one, join(link(hub), feeds=("b",)) as two:
            await replica.until(lambda: len(replica.requests) == 1)
            replica.play({"n": 2})
            seen = await take_events(one, 2)
            assert {event.feed for event in seen} == {"a", "b"}
            assert {event.feed for event in await take_events(two, 1)} == {"b"}
            assert len(replica.requests) == replica.connections == 1


async def test_other_options_make_another_connection(tmp_path: Path) -> None:
    async with ReplicaServer() as replica:
        same, other = feed("b", replica.ws_url), feed("c", replica.ws_url, 'key = "id"')
        limited = feed("d", replica.ws_url, 'limit = "5/s"')
        async with hub_of(workspace_at(tmp_path, feed("a", replica.ws_url) + same + other + limited)):
            await replica.until(lambda: replica.connections == 2)
        assert len(replica.requests) == 2, "a limit is a feed's own and asks nothing else of the source"


async def test_feeds_at_different_places_of_a_source_go_there_apart(tmp_path: Path) -> None:
    def sse(name: str, url: str) -> str:
        return f'[feeds.{name}]\nuse = "sse"\nurl = "{url}"\n'

    async with ReplicaServer([{"n": 1}, {"n": 2}]) as replica:
        url = replica.sse_url
        async with hub_of(workspace_at(tmp_path, sse("a", url))) as hub, join(link(hub), since=0) as session:
            assert len(await take_events(session, 2)) == 2
        async with (
            hub_of(workspace_at(tmp_path, sse("a", url) + sse("b", url))) as hub,
            join(link(hub), since=0) as session,
        ):
            async with asyncio.timeout(5):
                events = await take_events(session, 4)
            assert [(event.feed, event.data) for event in events if event.feed == "b"] == [
                ("b", {"n": 1}),
                ("b", {"n": 2}),
            ]
            assert len([event for event in events if event.feed == "a"]) == 2
        assert [request.headers.get("last-event-id") for request in replica.requests] == [None, "2", None]
