"""The generic event stream feed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pydantic
import pytest

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, ReplicaServer, collect
from collab_dash.transports import Message
from collab_dash_feeds.sse import SseFeed
from raw_servers import STREAM_HEAD, certificate, raw_server, read_head


async def test_named_messages_become_events_and_the_cursor_follows() -> None:
    messages = [Message('{"n":1}', event="tick", cursor="a"), Message("7", cursor="b")]
    async with ReplicaServer(messages) as replica:
        context = FeedContext(name="f", environ={"TOKEN": "s3"})
        feed = SseFeed.configure({"url": replica.sse_url, "headers": {"Authorization": "Bearer ${TOKEN}"}})
        first, second = await collect(feed, context, 2)
        assert (first.type, first.data) == ("sse:tick", {"n": 1})
        assert (second.type, second.data) == ("sse:message", {"value": 7})
        assert context.cursor == "b"
        assert replica.requests[0].headers["authorization"] == "Bearer s3"


async def test_the_cursor_moves_with_the_last_event_of_a_message() -> None:
    async with ReplicaServer(
        [Message('{"d":[1,2]}', cursor="a"), Message('{"d":[]}', cursor="b"), '{"d":[3]}']
    ) as replica:
        context = FeedContext(name="f")
        feed = SseFeed.configure({"url": replica.sse_url, "items": "d"})
        stream: Any = feed.events(context)
        async with asyncio.timeout(5), aclosing(stream):
            cursors = [(await anext(stream), context.cursor)[1] for _ in range(3)]
        assert cursors == [None, "a", "3"]


async def test_a_second_run_goes_on_where_the_first_was() -> None:
    async with ReplicaServer([{"n": 1}, {"n": 2}]) as replica:
        feed = SseFeed.configure({"url": replica.sse_url})
        context = FeedContext(name="f")
        await collect(feed, context, 1)
        [event] = await collect(feed, FeedContext(name="f", cursor=context.cursor), 1)
        assert event.data == {"n": 2}


async def cursors_of(*chunks: bytes) -> tuple[list[str | None], str | None, FeedError]:
    """Give the cursor at each event of a stream, the one afterwards, and how it ended."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(STREAM_HEAD + b"".join(chunks))

    async with raw_server(talk) as where:
        context = FeedContext(name="f", cursor="before")
        stream: Any = SseFeed.configure({"url": f"http://{where}/"}).events(context)
        cursors: list[str | None] = []
        async with aclosing(stream):
            try:
                async for _ in stream:
                    cursors.append(context.cursor)
            except FeedError as error:
                return cursors, context.cursor, error
    pytest.fail("it ended without an error")


async def test_an_id_alone_moves_the_cursor_after_the_events_before_it() -> None:
    assert (await cursors_of(b"data: 1\nid: a\n\nid: b\n\n"))[:2] == (["a"], "b")
    assert (await cursors_of(b"id: a\n\ndata: 1\n\n"))[:2] == (["a"], "a")
    assert (await cursors_of(b"data: 1\n\nid: unfinished\n"))[:2] == (["before"], "before")


async def test_an_emptied_id_makes_the_cursor_forget() -> None:
    assert (await cursors_of(b"data: 1\nid\n\n"))[:2] == ([""], "")
    async with ReplicaServer([{"n": 1}]) as replica:
        await collect(SseFeed.configure({"url": replica.sse_url}), FeedContext(name="f", cursor=""), 1)
        assert "last-event-id" not in replica.requests[0].headers


async def test_the_sources_reconnection_time_is_kept_while_it_is_away() -> None:
    async with ReplicaServer() as replica:
        feed = SseFeed.configure({"url": replica.sse_url})
        replica.answer(200, "retry: 1500\n", headers={"Content-Type": "text/event-stream"})
        replica.answer(503)
        for _ in range(3):
            with pytest.raises(FeedBroken) as caught:
                await collect(feed, FeedContext(name="f"), 1)
            assert caught.value.retry_after == 1.5
            replica.refuse()


@pytest.mark.parametrize(("conduct", "error"), [("resilient", FeedBroken), ("strict", FeedFailed)])
async def test_the_conduct_says_what_a_busy_source_means(conduct: str, error: type[FeedError]) -> None:
    async with ReplicaServer() as replica:
        replica.answer(503)
        with pytest.raises(error, match="503"):
            await collect(SseFeed.configure({"url": replica.sse_url, "conduct": conduct}), FeedContext(name="f"), 1)


async def test_a_source_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(STREAM_HEAD + b"data: 1\n\n")

    tls, authority = certificate("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with raw_server(talk, tls=tls) as where:
        feed = SseFeed.configure({"url": f"https://{where}/", "ca": "ca.pem"})
        [event] = await collect(feed, FeedContext(name="f", folder=tmp_path), 1)
        assert event.data == {"value": 1}
        with pytest.raises(FeedBroken, match="certificate"):
            await collect(SseFeed.configure({"url": f"https://{where}/"}), FeedContext(name="f"), 1)


class TestSse(FeedConformance):
    plugin = SseFeed
    messages = ({"n": 1}, Message('{"n": 2}', event="tick"), '{"n":\n3}')
    resumes = True
    notices_silence = "TCP keep-alive; set silence to see more"

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.sse_url, "type": "n:update"}


async def test_a_missing_variable_has_failed_by_name() -> None:
    feed = SseFeed.configure({"url": "https://a.example/${SHOP_TOKEN}"})
    with pytest.raises(FeedFailed, match="SHOP_TOKEN"):
        await collect(feed, FeedContext(name="f"), 1)


def test_options_are_checked_and_secrets_are_not_shown() -> None:
    with pytest.raises(pydantic.ValidationError, match="should start with https"):
        SseFeed.configure({"url": "ws://a.example"})
    feed = SseFeed.configure({"url": "https://a.example", "headers": {"X-Key": "secret"}, "silence": 30})
    assert "secret" not in repr(feed.options)
    assert feed.silence == 30
    assert SseFeed.silence is None
