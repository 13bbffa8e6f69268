"""A hanging request: the cursor is carried, silence is normal, and no server can make it spin."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from secrets import token_hex

import httpx
import pytest

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.testing import ReplicaServer
from collab_dash.transports import long_polling
from collab_dash.transports.long_polling import from_header
from replicas import failure, take

X_CURSOR = from_header("X-Cursor")


async def test_each_request_carries_the_cursor_of_the_answer_before() -> None:
    async with ReplicaServer([1]) as replica, asyncio.TaskGroup() as group:
        both = group.create_task(take(long_polling.connect(replica.long_poll_url, next_cursor=X_CURSOR), 2))
        await replica.until(lambda: len(replica.requests) == 2)
        replica.play(2)
        assert [message.cursor for message in await both] == ["1", "2"]
        assert [request.query for request in replica.requests] == [{}, {"cursor": "1"}]


async def test_it_goes_on_from_a_cursor_and_keeps_the_urls_own_query() -> None:
    async with ReplicaServer([1, 2]) as replica:
        url = f"{replica.long_poll_url}?room=a%20b"
        [message] = await take(long_polling.connect(url, next_cursor=X_CURSOR, cursor="1"), 1)
        assert message.data == b'{"cursor":"2","items":[2]}'
        assert replica.requests[0].query == {"room": "a b", "cursor": "1"}


async def test_a_server_that_hangs_up_without_news_is_asked_again() -> None:
    notes: list[str] = []
    async with ReplicaServer(hold=0.6) as replica, asyncio.TaskGroup() as group:
        connection = long_polling.connect(replica.long_poll_url, next_cursor=X_CURSOR, note=notes.append)
        one = group.create_task(take(connection, 1))
        await replica.until(lambda: len(replica.requests) == 2)
        replica.play("news")
        assert len(await one) == 1
        assert notes == ["no news"]


async def test_a_server_that_never_answers_is_asked_again() -> None:
    async with ReplicaServer(["news"]) as replica:
        replica.go_silent()
        connection = long_polling.connect(replica.long_poll_url, next_cursor=X_CURSOR, hang=0.6)
        assert len(await take(connection, 1)) == 1
        assert len(replica.requests) == 2


Answer = Callable[[httpx.Request], httpx.Response]


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: httpx.Response(204),
        lambda request: httpx.Response(304),
        lambda request: httpx.Response(200, content=b""),
        lambda request: httpx.Response(200, content=b"\n"),
        lambda request: httpx.Response(200, content=b'{"items":[],"cursor":5}', headers={"x-cursor": "5"}),
        lambda request: httpx.Response(200, content=b"[]"),
        lambda request: httpx.Response(204, headers={"x-cursor": token_hex()}),
        lambda request: httpx.Response(200, content=token_hex().encode(), headers={"x-cursor": "5"}),
    ],
)
async def test_an_immediate_answer_without_news_is_never_a_busy_loop(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = await pauses_of(answer, monkeypatch, count=8)
    assert all(pause >= 0.4 for pause in pauses[1:])
    assert pauses[-1] > 8


async def test_news_at_once_again_and_again_is_asked_for_at_a_bounded_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = itertools.count()

    def answer(request: httpx.Request) -> httpx.Response:
        number = str(next(numbers))
        return httpx.Response(200, content=number.encode(), headers={"x-cursor": number})

    pauses = await pauses_of(answer, monkeypatch, count=8)
    assert all(0 < pause <= 0.05 for pause in pauses)


async def pauses_of(answer: Answer, monkeypatch: pytest.MonkeyPatch, *, count: int) -> list[float]:
    """Record the pauses between requests without living through them."""
    pauses: list[float] = []

    class Enough(Exception):
        pass

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == count:
            raise Enough

    monkeypatch.setattr("collab_dash.transports.long_polling.asyncio.sleep", pause)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(Enough):
            await take(long_polling.connect("https://a.example/", next_cursor=X_CURSOR, client=client), 10_000)
    return pauses


async def test_with_etag_the_cursor_travels_as_if_none_match() -> None:
    async with ReplicaServer(["x"]) as replica:
        connection = long_polling.connect(
            replica.poll_url, next_cursor=from_header("ETag"), parameter=None, cursor='"old"'
        )
        [message] = await take(connection, 1)
        assert replica.requests[0].headers["if-none-match"] == '"old"'
        assert message.cursor not in {None, '"old"'}


async def test_errors_say_whether_they_may_mend() -> None:
    async with ReplicaServer() as replica:
        replica.answer(429, headers={"Retry-After": "9"})
        replica.answer(401)
        replica.answer_html()
        _, error = await failure(long_polling.connect(replica.long_poll_url, next_cursor=X_CURSOR))
        assert isinstance(error, FeedBroken)
        assert error.retry_after == 9
        _, error = await failure(long_polling.connect(replica.long_poll_url, next_cursor=X_CURSOR))
        assert isinstance(error, FeedFailed)
        _, error = await failure(long_polling.connect(replica.long_poll_url, next_cursor=X_CURSOR))
        assert "web page" in str(error)
