"""A polled document: conditional, never twice, at the pace the source asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.testing import ReplicaServer
from collab_dash.transports import polling
from collab_dash.transports.polling import PollCursor
from replicas import failure, take


async def test_an_unchanged_document_costs_nothing_and_a_changed_one_comes() -> None:
    async with ReplicaServer([[1]]) as replica, asyncio.TaskGroup() as group:
        two = group.create_task(take(polling.connect(replica.poll_url, interval=0.01), 2))
        await replica.until(lambda: len(replica.requests) == 3)
        replica.play([1, 2])
        assert [message.data for message in await two] == [b"[1]", b"[1,2]"]
        tags = [request.headers.get("if-none-match") for request in replica.requests]
        assert tags[0] is None
        assert tags[1] is not None
        assert tags[1] == tags[2]


async def test_a_restart_goes_on_with_the_validators() -> None:
    async with ReplicaServer([[1]]) as replica:
        [message] = await take(polling.connect(replica.poll_url), 1)
        notes: list[str] = []

        class Stop(Exception):
            pass

        def note(text: str) -> None:
            notes.append(text)
            raise Stop

        with pytest.raises(Stop):
            await take(polling.connect(replica.poll_url, cursor=message.cursor, note=note), 1)
        assert replica.requests[1].headers["if-none-match"] == PollCursor.parse(message.cursor).etag


Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


class Enough(Exception):
    """Raised by a note to end polling."""


async def run(answer: Answer, *, polls: int, cursor: str | None = None) -> tuple[list[bytes], list[str]]:
    """Give the bodies and the notes of that many polls."""
    notes: list[str] = []
    bodies: list[bytes] = []

    def note(text: str) -> None:
        notes.append(text)
        if len(notes) == polls:
            raise Enough

    async def poll(fake: httpx.AsyncClient) -> None:
        url = "https://a.example/"
        async with polling.connect(url, interval=0.001, cursor=cursor, client=fake, note=note) as messages:
            async for message in messages:
                assert isinstance(message.data, bytes)
                bodies.append(message.data)

    async with client(answer) as fake:
        with pytest.raises(Enough):
            await poll(fake)
    return bodies, notes


async def test_last_modified_is_sent_back() -> None:
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("if-modified-since"))
        if asked[-1]:
            return httpx.Response(304)
        return httpx.Response(200, headers={"last-modified": "Sat, 22 Nov 2025 10:00:00 GMT"}, content=b"x")

    bodies, _ = await run(answer, polls=2)
    assert bodies == [b"x"]
    assert asked == [None, "Sat, 22 Nov 2025 10:00:00 GMT"]


async def test_a_source_without_validators_is_still_not_shown_twice() -> None:
    bodies, _ = await run(lambda request: httpx.Response(200, content=b"same"), polls=3)
    assert bodies == [b"same"]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"retry-after": "7"}, 7), ({"x-poll-interval": "60"}, 60), ({"retry-after": "999999"}, 3600)],
)
async def test_the_pace_a_source_asks_for_is_kept(headers: dict[str, str], seconds: int) -> None:
    _, notes = await run(lambda request: httpx.Response(200, headers=headers, content=b"x"), polls=1)
    assert notes == [f"next poll in {seconds} s"]


async def test_an_unreadable_cursor_counts_as_none() -> None:
    bodies, _ = await run(lambda request: httpx.Response(200, content=b"x"), polls=1, cursor="not json")
    assert bodies == [b"x"]


async def test_a_body_over_the_limit_is_a_break() -> None:
    async with ReplicaServer(["x" * 1000]) as replica:
        _, error = await failure(polling.connect(replica.poll_url, max_size=999))
        assert "more than 999 bytes" in str(error)


async def test_a_web_page_is_no_data_unless_wanted() -> None:
    async with ReplicaServer() as replica:
        replica.answer_html(times=2)
        _, error = await failure(polling.connect(replica.poll_url))
        assert isinstance(error, FeedBroken)
        assert "web page" in str(error)
        [message] = await take(polling.connect(replica.poll_url, html=True), 1)
        assert isinstance(message.data, bytes)
        assert b"Sign in" in message.data


async def test_errors_say_whether_they_may_mend() -> None:
    async with ReplicaServer(["{}"]) as replica:
        replica.answer(503, headers={"Retry-After": "5"})
        replica.answer(404)
        replica.cut()
        _, error = await failure(polling.connect(replica.poll_url))
        assert isinstance(error, FeedBroken)
        assert error.retry_after == 5
        _, gone = await failure(polling.connect(replica.poll_url))
        assert isinstance(gone, FeedFailed)
        _, cut = await failure(polling.connect(replica.poll_url))
        assert isinstance(cut, FeedBroken)
