"""The server that feeds are tested against does what it says, and goes away at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
import websockets

from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.testing import ReplicaServer, collect


async def test_one_address_speaks_every_transport() -> None:
    async with ReplicaServer([{"n": 1}, {"n": 2}], end=True) as replica, httpx.AsyncClient() as client:
        assert (await client.get(replica.poll_url)).json() == {"n": 2}
        assert (await client.get(replica.long_poll_url)).json() == {
            "cursor": "2",
            "items": [{"n": 1}, {"n": 2}],
        }
        stream = await client.get(replica.url, headers={"Accept": "text/event-stream"})
        assert stream.text == 'id: 1\ndata: {"n":1}\n\nid: 2\ndata: {"n":2}\n\n'
        async with websockets.connect(replica.ws_url) as connection:
            assert [message async for message in connection] == ['{"n":1}', '{"n":2}']
        assert [request.path for request in replica.requests] == ["/document", "/long-poll", "/", "/ws"]


async def test_it_ends_at_once_with_clients_in_every_state() -> None:
    async def ask(url: str, accept: str) -> None:
        with suppress(httpx.TransportError):
            await client.get(url, headers={"Accept": accept}, timeout=10)

    async def listen(url: str) -> None:
        async with websockets.connect(url) as connection:
            with suppress(websockets.ConnectionClosed):
                while True:
                    await connection.recv()

    async with httpx.AsyncClient() as client, asyncio.TaskGroup() as group:
        async with ReplicaServer(["x"]) as replica:
            group.create_task(ask(replica.sse_url, "text/event-stream"))
            group.create_task(ask(replica.long_poll_url + "?cursor=1", "*/*"))
            group.create_task(listen(replica.ws_url))
            await replica.until(lambda: len(replica.requests) == 3)
            started = time.monotonic()
        assert time.monotonic() - started < 1


async def test_refusing_and_resuming_keep_the_port() -> None:
    async with ReplicaServer(["x"]) as replica, httpx.AsyncClient() as client:
        url = replica.poll_url
        replica.refuse()
        with pytest.raises(httpx.ConnectError):
            await client.get(url)
        await replica.resume()
        assert (await client.get(url)).text == "x"


async def test_faults_come_in_the_order_they_were_asked_for() -> None:
    async with ReplicaServer(["x"]) as replica, httpx.AsyncClient() as client:
        replica.answer(503, times=2)
        replica.answer_html()
        statuses = [(await client.get(replica.poll_url)).status_code for _ in range(4)]
        assert statuses == [503, 503, 200, 200]


async def test_open_connections_can_be_cut() -> None:
    async with ReplicaServer(["x"]) as replica:
        connection = await websockets.connect(replica.ws_url)
        assert await connection.recv() == "x"
        replica.cut_now()
        with pytest.raises(websockets.ConnectionClosedError):
            await connection.recv()
        await connection.close()


async def test_waiting_for_what_never_happens_ends() -> None:
    async with ReplicaServer() as replica:
        with pytest.raises(TimeoutError):
            await replica.until(lambda: False, timeout=0.01)


class CountFeed(Feed[FeedOptions]):
    closed = False

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        try:
            for number in range(3):
                context.cursor = str(number)
                yield Event(type="count:up", data={"n": number})
        finally:
            type(self).closed = True


async def test_collecting_stops_at_the_count_or_the_end_and_closes_the_feed() -> None:
    context = FeedContext(name="f")
    events = await collect(CountFeed(FeedOptions()), context, 2)
    assert [event.data["n"] for event in events] == [0, 1]
    assert context.cursor == "1"
    assert CountFeed.closed
    assert len(await collect(CountFeed(FeedOptions()), context, 99)) == 3
