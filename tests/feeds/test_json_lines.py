"""The generic feed of JSON lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import msgspec
import pydantic
import pytest

from collab_dash.errors import FeedBroken
from collab_dash.event import REJECTED
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, Relay, ReplicaRequest, collect
from collab_dash.testing.upstream import NETWORK_FAULTS
from collab_dash_feeds.json_lines import JsonLinesFeed
from raw_http import CHUNKED, END, chunk, raw_server, saying, stall

RESUMED = {"cursor": "id", "parameter": "since", "key": "name"}


async def test_lines_become_events_and_what_is_no_json_is_kept() -> None:
    lines = b'{"id":1,"name":"a"}\n\n{"id":\xff}\n[1]\nnot json\n'
    async with raw_server(saying(CHUNKED, chunk(lines), then=stall)) as server:
        feed = JsonLinesFeed.configure({"url": server.url, "key": "name"})
        events = await collect(feed, FeedContext(name="f"), 4)
    assert [event.type for event in events] == ["json-lines:message", REJECTED, "json-lines:message", REJECTED]
    assert (events[0].key, events[0].data) == ("a", {"id": 1, "name": "a"})
    assert events[2].data == {"value": [1]}
    assert events[1].data["raw"] == '{"id":\ufffd}'


async def test_it_goes_on_where_it_was() -> None:
    async with raw_server(saying(CHUNKED, chunk('{"id":7}\n{"name":"without"}\n'), then=stall)) as server:
        feed = JsonLinesFeed.configure({"url": f"{server.url}/?since=1&room=a"} | RESUMED)
        context = FeedContext(name="f")
        await collect(feed, context, 2)
        assert context.cursor == "7"
        await collect(feed, FeedContext(name="f", cursor=context.cursor), 1)
    assert [request.query for request in server.requests] == [{"since": "1", "room": "a"}, {"since": "7", "room": "a"}]


async def test_without_positions_nothing_is_asked_for_and_none_is_kept() -> None:
    async with raw_server(saying(CHUNKED, chunk('{"id":7}\n'), then=stall)) as server:
        context = FeedContext(name="f", cursor="old")
        await collect(JsonLinesFeed.configure({"url": server.url}), context, 1)
    assert server.requests[0].query == {}
    assert context.cursor == "old"


async def test_the_end_of_the_answer_is_a_break() -> None:
    async with raw_server(saying(CHUNKED, chunk("1\n"), END)) as server:
        with pytest.raises(FeedBroken, match="ended the answer"):
            await collect(JsonLinesFeed.configure({"url": server.url}), FeedContext(name="f"), 2)


def test_silence_is_as_it_is_set() -> None:
    assert JsonLinesFeed.configure({"url": "https://a.example"}).silence is None
    assert JsonLinesFeed.configure({"url": "https://a.example", "silence": 5}).silence == 5
    with pytest.raises(pydantic.ValidationError, match="not JMESPath"):
        JsonLinesFeed.configure({"url": "https://a.example", "cursor": "a["})


class Lines:
    """Lines for all who ask, from after the parameter ``since``, which counts them."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self._more = asyncio.Event()

    def play(self, *messages: Any) -> None:
        self.lines += [each.encode() if isinstance(each, str) else msgspec.json.encode(each) for each in messages]
        self._more.set()
        self._more = asyncio.Event()

    async def answer(self, request: ReplicaRequest, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        at = int(request.query.get("since", 0))
        while True:
            for line in self.lines[at:]:
                writer.write(chunk(line + b"\n"))
            at = len(self.lines)
            await writer.drain()
            await self._more.wait()


class TestJsonLines(FeedConformance):
    plugin = JsonLinesFeed
    messages: ClassVar = [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}, {"id": 3, "name": "a", "text": "東京"}]
    resumes = True
    faults = NETWORK_FAULTS
    notices_silence = "the system probes the line"

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Relay]:
        lines = Lines()
        async with raw_server(lines.answer) as server, Relay("127.0.0.1", server.port, play=lines.play) as relay:
            yield relay

    def options(self, upstream: Relay) -> dict[str, Any]:
        return {"url": f"http://{upstream.host}:{upstream.port}/"} | RESUMED
