"""Other addresses of a source: how they are written, and that a feed takes them when it has to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pydantic
import pytest

from collab_dash.hub import ladder, watch
from collab_dash.hub import runner as runner_module
from collab_dash.peer.session import Events, Session, join
from collab_dash.testing import ReplicaServer
from collab_dash.wire import FeedStatus
from collab_dash_feeds.sse import SseFeed
from collab_dash_feeds.websocket import WebSocketFeed
from hubs import hub_of, link, workspace_at

WS, HTTP = "ws://127.0.0.1:1/ws", "http://127.0.0.1:1"


def ways(*fallback: Any, **options: Any) -> list[Any]:
    return list(WebSocketFeed.configure({"url": WS, "fallback": fallback, **options}).fallbacks)


def test_an_address_says_by_its_scheme_and_place_what_it_is() -> None:
    assert [way.transport for way in ways(f"{HTTP}/events", f"{HTTP}/a.json", "ws://127.0.0.1:2")] == [
        "sse",
        "polling",
        "websocket",
    ]
    stream = SseFeed.configure({"url": f"{HTTP}/events", "fallback": [f"{HTTP}/a.json"]})
    assert [way.transport for way in stream.fallbacks] == ["polling"]


def test_all_ways_share_what_is_not_said_otherwise() -> None:
    table = {"use": "long-polling", "url": f"{HTTP}/news", "items": "updates", "hang": 30}
    stream, news = ways(f"{HTTP}/events", table, headers={"A": "b"}, items="data[]", key="id")
    assert (stream.options.headers, stream.options.items, stream.options.key) == ({"A": "b"}, "data[]", "id")
    assert (news.options.headers, news.options.items, news.options.hang) == ({"A": "b"}, "updates", 30)
    assert {stream.options.type, news.options.type} == {"websocket:message"}, (
        "an event is named alike whichever way it came"
    )
    assert stream.silence is not None
    assert news.patience > 30, "a hanging request shows no sign of life before its answer"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("ftp://h/", "address 1: 'ftp://h/' should start with"),
        ("http://", "address 1: url: has no host name"),
        ({"url": f"{HTTP}/x", "use": "carrier-pigeon"}, "there is no transport 'carrier-pigeon'"),
        ({"url": f"{HTTP}/x", "intervall": 3}, "address 1: intervall: Extra inputs"),
        ({"use": "polling"}, "address 1: url: Field required"),
        ({"url": f"{HTTP}/x", "fallback": [f"{HTTP}/y"]}, "list all addresses one after the other"),
        (5, "fallback"),
    ],
)
def test_an_address_that_cannot_be_used_is_named(entry: Any, said: str) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        ways(entry)
    assert said in str(caught.value)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner_module, "backoff", lambda: iter(lambda: 0.005, None))
    monkeypatch.setattr(watch, "LIFE", 0.01)


class Seen:
    """What a peer saw of one feed."""

    def __init__(self, session: Session) -> None:
        self._updates = aiter(session)
        self.statuses: list[FeedStatus] = []
        self.numbers: list[int] = []

    async def until(self, transport: str, numbers: list[int]) -> FeedStatus:
        """Read on until the feed is live on that transport and all these events have come."""
        async with asyncio.timeout(10):
            while not (
                self.numbers == numbers
                and self.statuses
                and (self.statuses[-1].transport, self.statuses[-1].state) == (transport, "live")
            ):
                update = await anext(self._updates)
                if isinstance(update, FeedStatus):
                    self.statuses.append(update)
                elif isinstance(update, Events):
                    self.numbers += [event.data["n"] for event in update.events if event.type == "websocket:message"]
        return self.statuses[-1]


@asynccontextmanager
async def watching(folder: Path, options: str) -> AsyncIterator[Seen]:
    text = f'[feeds.f]\nuse = "websocket"\n{options}\n'
    async with hub_of(workspace_at(folder, text)) as hub, join(link(hub), since=0) as session:
        yield Seen(session)


def options(first: str, *others: str) -> str:
    listed = ", ".join(f'"{other}"' for other in others)
    return f'url = "{first}"\nfallback = [{listed}]\nsilence = 0.3'


async def test_a_websocket_that_is_refused_becomes_an_event_stream(tmp_path: Path) -> None:
    async with (
        ReplicaServer([{"n": 1}, {"n": 2}]) as replica,
        watching(tmp_path, options("ws://127.0.0.1:1/ws", replica.sse_url)) as seen,
    ):
        status = await seen.until("sse", [1, 2])
        assert status.fallback == "websocket: ws://127.0.0.1:1/ws refuses connections"


@pytest.mark.parametrize("status", [403, 404, 426, 503])
async def test_a_websocket_that_is_blocked_becomes_an_event_stream(tmp_path: Path, status: int) -> None:
    async with ReplicaServer([{"n": 1}]) as replica:
        replica.answer(status)
        async with watching(tmp_path, options(replica.ws_url, replica.sse_url)) as seen:
            assert f"answers {status}" in (await seen.until("sse", [1])).fallback


async def test_a_websocket_whose_frames_are_swallowed_becomes_an_event_stream(tmp_path: Path) -> None:
    async with ReplicaServer([{"n": 1}]) as replica:
        replica.go_silent()
        async with watching(tmp_path, options(replica.ws_url, replica.sse_url)) as seen:
            assert "no sign of life" in (await seen.until("sse", [1])).fallback


async def test_where_streams_are_blocked_too_the_document_is_polled(tmp_path: Path) -> None:
    async with ReplicaServer([{"n": 1}]) as replica:
        replica.answer_html(times=2)
        async with watching(tmp_path, options(replica.ws_url, replica.sse_url, replica.poll_url)) as seen:
            await seen.until("polling", [1])


async def test_a_connection_that_is_cut_again_and_again_is_left_and_nothing_is_told_twice(tmp_path: Path) -> None:
    async with ReplicaServer([{"n": 1}, {"n": 2}, {"n": 3}]) as replica:
        replica.cut(after=1, times=1)
        replica.cut(after=2, times=1)
        replica.cut(after=3, times=1)
        async with watching(tmp_path, options(replica.ws_url, replica.sse_url)) as seen:
            await seen.until("sse", [1, 2, 3])
            kinds = [request.headers.get("upgrade", "sse") for request in replica.requests]
            assert kinds == ["websocket"] * 3 + ["sse"]


async def test_it_climbs_back_and_is_on_one_way_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "CLIMB_FIRST", 0.3)
    async with ReplicaServer([{"n": 1}]) as replica:
        replica.answer(503)
        async with watching(tmp_path, options(replica.ws_url, replica.sse_url)) as seen:
            await seen.until("sse", [1])
            assert replica.connections == 1
            status = await seen.until("websocket", [1])
            assert (status.fallback, replica.connections) == ("", 1)
            replica.play({"n": 2})
            await seen.until("websocket", [1, 2])


async def test_when_the_hub_starts_anew_what_another_way_told_is_not_told_again(tmp_path: Path) -> None:
    async with ReplicaServer([{"n": 1}]) as replica:
        text = options(replica.ws_url, replica.poll_url.replace("http", "http", 1))
        table = text.replace(f'"{replica.poll_url}"', f'{{ use = "polling", url = "{replica.poll_url}" }}')
        async with watching(tmp_path, table) as seen:
            await seen.until("websocket", [1])
        replica.answer(503)
        replica.play({"n": 2})
        async with watching(tmp_path, table) as seen:
            await seen.until("polling", [1, 2])
