"""A hanging request: the cursor is carried, silence is normal, and no server can make it spin."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from secrets import token_hex
from typing import Any

import httpx
import pytest

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.testing import ReplicaServer
from collab_dash.transports import http, long_polling
from collab_dash.transports.long_polling import from_header
from raw_http import CHUNKED, chunk, raw_server
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


def ever_new() -> str:
    return token_hex()


AT_ONCE: list[Answer] = [
    lambda request: httpx.Response(204),
    lambda request: httpx.Response(304),
    lambda request: httpx.Response(408),
    lambda request: httpx.Response(200, content=b""),
    lambda request: httpx.Response(200, content=b"\n"),
    lambda request: httpx.Response(200, content=b'{"items":[],"cursor":5}', headers={"x-cursor": "5"}),
    lambda request: httpx.Response(200, content=b"[]"),
    lambda request: httpx.Response(200, content=b"the same"),
    lambda request: httpx.Response(204, headers={"x-cursor": ever_new()}),
    lambda request: httpx.Response(200, content=b" ", headers={"x-cursor": ever_new()}),
    lambda request: httpx.Response(200, content=ever_new().encode(), headers={"x-cursor": "5"}),
]


@pytest.mark.parametrize("answer", AT_ONCE)
async def test_an_immediate_answer_without_news_is_never_a_busy_loop(
    answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = await pauses_of(answer, monkeypatch, count=8)
    assert all(pause >= 0.4 for pause in pauses[1:])
    assert pauses[-1] > 8


async def test_answers_that_hold_nothing_are_no_news_however_their_cursor_moves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    notes: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        cursor = ever_new()
        return httpx.Response(200, content=f'{{"items":[],"cursor":"{cursor}"}}'.encode(), headers={"x-cursor": cursor})

    pauses = await pauses_of(answer, monkeypatch, count=8, fruitful=lambda: False, note=notes.append)
    assert all(pause >= 0.4 for pause in pauses)
    assert pauses[-1] > 8
    assert notes == ["no news"] * 8


@pytest.mark.parametrize("answer", AT_ONCE)
async def test_an_hour_of_answers_at_once_is_few_requests(answer: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def count(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        return answer(request)

    await pauses_of(count, monkeypatch, seconds=3600)
    assert 150 < len(asked) < 600


async def test_the_time_that_a_source_asks_for_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = iter(("40", "999999", "0"))

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(204, headers={"Retry-After": next(waits)})

    pauses = await pauses_of(answer, monkeypatch, count=3)
    assert [round(pause) for pause in pauses[:2]] == [40, 3600]
    assert 0.4 < pauses[2] < 20


async def test_a_source_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CONNECT_TIMEOUT", 0.2)

    async def drip(request: object, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED)
        while not writer.transport.is_closing():
            writer.write(chunk("x" * 1000))
            await writer.drain()
            await asyncio.sleep(0.01)

    async with raw_server(drip) as server:
        _, error = await failure(long_polling.connect(server.url, next_cursor=X_CURSOR, hang=0.2))
        assert isinstance(error, FeedBroken)
        assert "did not finish its answer" in str(error)
        _, error = await failure(long_polling.connect(server.url, next_cursor=X_CURSOR, max_size=5000))
        assert "more than 5,000 bytes" in str(error)
        assert len(server.requests) == 2


async def test_a_host_that_is_not_there_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("")

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        _, error = await failure(
            long_polling.connect("https://a.example/", next_cursor=X_CURSOR, client=client, hang=1)
        )
    assert isinstance(error, FeedBroken)
    assert str(error) == "https://a.example/ did not answer within 10 s"


async def test_news_at_once_again_and_again_is_asked_for_at_a_bounded_pace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers = itertools.count()

    def answer(request: httpx.Request) -> httpx.Response:
        number = str(next(numbers))
        return httpx.Response(200, content=number.encode(), headers={"x-cursor": number})

    pauses = await pauses_of(answer, monkeypatch, count=8)
    assert all(0 < pause <= 0.05 for pause in pauses)


async def pauses_of(
    answer: Answer, monkeypatch: pytest.MonkeyPatch, *, count: int = 100_000, seconds: float = 1e9, **options: Any
) -> list[float]:
    """Record the pauses between requests, so many or for so many seconds, without living through them."""
    pauses: list[float] = []

    class Enough(Exception):
        pass

    async def pause(seconds_of_it: float) -> None:
        pauses.append(seconds_of_it)
        if len(pauses) == count or sum(pauses) > seconds:
            raise Enough

    monkeypatch.setattr("collab_dash.transports.long_polling.asyncio.sleep", pause)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(Enough):
            await take(
                long_polling.connect("https://a.example/", next_cursor=X_CURSOR, client=client, **options), 10_000
            )
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
