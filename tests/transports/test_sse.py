"""One event stream: read, resumed, and every way it ends."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.testing import ReplicaServer
from collab_dash.transports import Message, sse
from replicas import failure, take


async def test_messages_have_name_and_cursor() -> None:
    async with ReplicaServer([{"a": 1}, Message("two\nlines", event="note", cursor="x7")]) as replica:
        taken = await take(sse.connect(replica.sse_url, headers={"X-Key": "k"}), 2)
        assert taken == [Message('{"a":1}', "message", "1"), Message("two\nlines", "note", "x7")]
        assert replica.requests[0].headers["x-key"] == "k"
        assert replica.requests[0].headers["accept"] == "text/event-stream"
        await replica.until(lambda: replica.connections == 0)


async def test_it_goes_on_after_the_last_event_id_in_utf_8() -> None:
    async with ReplicaServer([Message("a", cursor="é1"), Message("b", cursor="é2")]) as replica:
        assert await take(sse.connect(replica.sse_url, cursor="é1"), 1) == [Message("b", "message", "é2")]
        assert replica.requests[0].headers["last-event-id"].encode("latin-1").decode() == "é1"


async def test_the_end_of_the_stream_is_a_break() -> None:
    async with ReplicaServer(["a"], end=True) as replica:
        taken, error = await failure(sse.connect(replica.sse_url))
        assert [message.data for message in taken] == ["a"]
        assert isinstance(error, FeedBroken)
        assert error.retry_after is None


async def test_a_cut_in_the_midst_gives_no_half_message() -> None:
    async with ReplicaServer(["a", "b"]) as replica:
        replica.cut(after=1)
        taken, error = await failure(sse.connect(replica.sse_url))
        assert [message.data for message in taken] == ["a"]
        assert isinstance(error, FeedBroken)


async def test_the_sources_reconnection_time_reaches_the_runner() -> None:
    async with ReplicaServer() as replica:
        replica.answer(200, "retry: 2500\n\n", headers={"Content-Type": "text/event-stream"})
        _, error = await failure(sse.connect(replica.sse_url))
        assert isinstance(error, FeedBroken)
        assert error.retry_after == 2.5


async def test_comments_are_noted_as_signs_of_life() -> None:
    notes: list[str] = []
    async with ReplicaServer() as replica:
        replica.answer(200, ":\n\n", headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await failure(sse.connect(replica.sse_url, note=notes.append))
        assert notes == ["stream open", "heartbeat"]


async def test_204_ends_the_feed_for_good() -> None:
    async with ReplicaServer() as replica:
        replica.answer(204)
        _, error = await failure(sse.connect(replica.sse_url))
        assert isinstance(error, FeedFailed)
        assert "ended the stream" in str(error)


async def test_a_web_page_is_not_an_event_stream() -> None:
    async with ReplicaServer() as replica:
        replica.answer_html()
        _, error = await failure(sse.connect(replica.sse_url))
        assert isinstance(error, FeedBroken), "a page to sign in may stand there for now"
        assert "answers with a web page" in str(error)


async def test_to_the_letter_a_web_page_ends_it() -> None:
    async with ReplicaServer() as replica:
        replica.answer_html()
        _, error = await failure(sse.connect(replica.sse_url, conduct="strict"))
        assert isinstance(error, FeedFailed)
        assert "answers text/html, not text/event-stream" in str(error)


async def test_429_carries_the_pause_asked_for() -> None:
    async with ReplicaServer() as replica:
        replica.answer(429, headers={"Retry-After": "3"})
        _, error = await failure(sse.connect(replica.sse_url))
        assert isinstance(error, FeedBroken)
        assert error.retry_after == 3


async def test_garbage_and_refusal_are_breaks() -> None:
    async with ReplicaServer() as replica:
        replica.answer_garbage()
        _, error = await failure(sse.connect(replica.sse_url))
        assert "does not speak HTTP" in str(error)
        replica.refuse()
        _, error = await failure(sse.connect(replica.sse_url))
        assert "refuses connections" in str(error)


async def test_a_nonsensical_address_has_failed() -> None:
    for url in ["http://", "http://[::1", "gopher://a.example/"]:
        _, error = await failure(sse.connect(url))
        assert isinstance(error, FeedFailed), url


async def test_leaving_a_silent_stream_takes_no_time() -> None:
    async with ReplicaServer(["a"]) as replica:
        replica.go_silent(after=1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(take(sse.connect(replica.sse_url), 2), 0.2)
        await replica.until(lambda: replica.connections == 0, timeout=1)


async def test_a_function_can_stand_in_for_the_network() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=b"data: x\n\n")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        assert await take(sse.connect("https://a.example/", client=client), 1) == [Message("x", "message")]
