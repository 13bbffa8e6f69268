"""Every way that a source over HTTP fails: told in time, in calm words, without a secret, and of the right kind."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, closing

import pytest

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.testing import ReplicaServer
from collab_dash.transports import Message, http, json_lines, long_polling, polling
from collab_dash.transports.address import may_be_told, origin
from collab_dash.transports.http_client import make_client
from collab_dash.transports.long_polling import from_header
from raw_http import CHUNKED, Play, chunk, raw_server, reset, saying, stall, whole
from replicas import failure, take

Opened = AbstractAsyncContextManager[AsyncIterator[Message]]
Open = Callable[[str], Opened]

SECRETS = {"Authorization": "Bearer hush-header"}
QUERY = "?token=hush-query"


def poll(url: str) -> Opened:
    return polling.connect(url + QUERY, headers=SECRETS, timeout=0.3, interval=0.01)


def long_poll(url: str) -> Opened:
    cursor = from_header("X-Cursor")
    return long_polling.connect(url + QUERY, headers=SECRETS, next_cursor=cursor, hang=0.3)


def read_lines(url: str) -> Opened:
    return json_lines.connect(url + QUERY, headers=SECRETS, answer_within=0.3)


EACH = pytest.mark.parametrize("opened", [poll, long_poll, read_lines])


async def broken(opened: Open, url: str, *, within: float = 2.0) -> FeedError:
    """Give the error a connection ends with."""
    begun = time.monotonic()
    async with asyncio.timeout(15):
        messages, error = await failure(opened(url))
    assert time.monotonic() - begun < within
    assert not messages
    text = f"{error} {error.hint}"
    assert "hush" not in text
    assert "Traceback" not in text
    assert "\n" not in text
    return error


async def broken_by(opened: Open, play: Play) -> FeedError:
    """Give the error that a server's play ends with."""
    async with raw_server(play) as server:
        return await broken(opened, server.url)


@EACH
async def test_refused(opened: Open) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    error = await broken(opened, url)
    assert isinstance(error, FeedBroken)
    assert str(error) == f"{url} refuses connections"
    assert error.hint == "is the source running there?"


@EACH
async def test_no_such_host(opened: Open) -> None:
    error = await broken(opened, "http://feed.invalid", within=15)
    assert isinstance(error, FeedBroken)
    assert str(error) == "http://feed.invalid cannot be found: no such host, or no name service"


@EACH
async def test_reset_in_the_midst_of_an_answer(opened: Open) -> None:
    error = await broken_by(opened, saying(CHUNKED, chunk('{"half'), then=reset))
    assert isinstance(error, FeedBroken)
    assert "broke" in str(error)


@EACH
async def test_reset_before_an_answer(opened: Open) -> None:
    error = await broken_by(opened, reset)
    assert isinstance(error, FeedBroken)
    assert "broke" in str(error)


@EACH
async def test_hung_up_in_the_midst_of_an_answer(opened: Open) -> None:
    error = await broken_by(opened, saying(CHUNKED, chunk('{"half')))
    assert isinstance(error, FeedBroken)
    assert "broke off" in str(error)


@EACH
async def test_hung_up_without_an_answer(opened: Open) -> None:
    error = await broken_by(opened, saying())
    assert isinstance(error, FeedBroken)
    assert str(error).endswith("broke the connection off without an answer")


async def test_a_document_whose_server_says_nothing() -> None:
    error = await broken_by(poll, stall)
    assert str(error).endswith("took over 0.3 s to answer")
    error = await broken_by(poll, saying(CHUNKED, chunk('{"half'), then=stall))
    assert str(error).endswith("took over 0.3 s to answer")


async def test_lines_whose_server_says_nothing() -> None:
    error = await broken_by(read_lines, stall)
    assert isinstance(error, FeedBroken)
    assert str(error).endswith("did not begin to answer within 0.3 s")


async def test_a_hanging_request_that_stays_unanswered_is_asked_anew() -> None:
    asked = asyncio.Event()

    async def play(request: object, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) == 3:
            asked.set()
        await asyncio.Event().wait()

    async with raw_server(play) as server, asyncio.timeout(10):
        taking = asyncio.create_task(take(long_poll(server.url), 1))
        await asked.wait()
        taking.cancel()
        await asyncio.wait({taking})
    assert taking.cancelled()


async def test_half_an_answer_to_a_hanging_request_is_no_silence() -> None:
    error = await broken_by(long_poll, saying(CHUNKED, chunk('{"half'), then=stall))
    assert isinstance(error, FeedBroken)
    assert str(error).endswith("did not finish its answer within 0.3 s")
    assert "hang" in error.hint


async def test_a_quiet_line_is_probed_by_the_system() -> None:
    async with (
        raw_server(saying(whole("[]"))) as server,
        make_client() as client,
        client.stream("GET", server.url) as response,
    ):
        connection = response.extensions["network_stream"].get_extra_info("socket")
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        names = ("TCP_KEEPINTVL", "TCP_KEEPCNT")
        probes = [connection.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in names]
    assert probes == [10, 3]


def test_a_line_that_died_is_not_said_to_be_slow_to_connect() -> None:
    died = OSError(110, "Connection timed out")
    assert "does not answer any more" in str(http.broken_connection("https://a.example", died))
    away = OSError(113, "No route to host")
    assert "cannot be reached from here" in str(http.broken_connection("https://a.example", away))


@EACH
async def test_tls_with_a_server_that_has_none(opened: Open) -> None:
    async with ReplicaServer() as server:
        error = await broken(opened, server.url.replace("http:", "https:"))
    assert isinstance(error, FeedBroken)
    assert "and we cannot agree on TLS" in str(error)


@EACH
async def test_a_web_page(opened: Open) -> None:
    error = await broken_by(opened, saying(whole("<!doctype html>", "Content-Type: text/html")))
    assert isinstance(error, FeedBroken)
    assert str(error).endswith("answers with a web page, not with data")
    assert "a page to sign in" in error.hint


@EACH
@pytest.mark.parametrize(("header", "seconds"), [(["Retry-After: 7"], 7.0), ([], None)])
async def test_too_many_requests(opened: Open, header: list[str], seconds: float | None) -> None:
    error = await broken_by(opened, saying(whole("slow down", *header, status="429 Too Many Requests")))
    assert isinstance(error, FeedBroken)
    assert error.retry_after == seconds
    assert str(error).endswith("answers 429: too many requests")


@EACH
async def test_a_storm_of_503_is_broken_each_time(opened: Open) -> None:
    async with raw_server(saying(whole("", status="503 Service Unavailable"))) as server:
        for _ in range(20):
            error = await broken(opened, server.url)
            assert isinstance(error, FeedBroken)
            assert str(error).endswith("answers 503: it has trouble of its own")
    assert len(server.requests) == 20


@EACH
async def test_garbage_in_the_place_of_an_answer(opened: Open) -> None:
    error = await broken_by(opened, saying(b"\x00\xffno protocol\x1b]0;x\x07\r\n\r\n"))
    assert isinstance(error, FeedBroken)
    assert "does not speak HTTP" in str(error)
    assert str(error).isprintable()


@EACH
async def test_what_the_source_quotes_of_us_is_not_told(opened: Open) -> None:
    error = await broken_by(opened, saying(b"HTTP/1.1 what is Bearer hush-header?\r\n\r\n"))
    assert str(error).endswith("does not speak HTTP: illegal status line")


async def test_a_header_that_cannot_be_sent_is_not_told() -> None:
    async with raw_server(stall) as server:
        error = await broken(lambda url: polling.connect(url, headers={"Authorization": "hush\n"}), server.url)
    assert isinstance(error, FeedFailed)
    assert "check the feed's headers" in error.hint


@EACH
async def test_an_answer_with_broken_compression(opened: Open) -> None:
    error = await broken_by(opened, saying(whole("no gzip", "Content-Encoding: gzip")))
    assert isinstance(error, FeedBroken)


@EACH
async def test_redirects_in_circles(opened: Open) -> None:
    async with raw_server(saying(b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n")) as server:
        error = await broken(opened, server.url)
    assert isinstance(error, FeedFailed)
    assert str(error).endswith("redirects in circles")
    assert len(server.requests) == 11


@EACH
async def test_the_body_of_a_redirect_may_have_no_end(opened: Open) -> None:
    async def play(request: object, writer: asyncio.StreamWriter) -> None:
        if len(server.requests) > 1:
            writer.write(whole("[1]\n", "X-Cursor: 1"))
            return
        writer.write(CHUNKED.replace(b"200 OK", b"302 Found\r\nContent-Encoding: gzip\r\nLocation: /there"))
        while not writer.transport.is_closing():
            writer.write(chunk("x" * 65536))
            await writer.drain()

    async with raw_server(play) as server, asyncio.timeout(5):
        [message] = await take(opened(server.url), 1)
    assert bytes(message.data if isinstance(message.data, bytes) else b"").strip() == b"[1]"


@EACH
async def test_what_is_sent_along_does_not_follow_a_redirect_to_another_origin(opened: Open) -> None:
    async with raw_server(saying(whole("[1]\n", "X-Cursor: 1"))) as other:
        there = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {other.url}/there\r\n\r\n".encode()
        async with raw_server(saying(there)) as server:
            await take(opened(server.url), 1)
    assert server.requests[0].headers["authorization"] == "Bearer hush-header"
    assert "hush" not in str(other.requests)


async def test_no_header_but_harmless_ones_goes_to_another_origin() -> None:
    async with raw_server(saying(whole("[1]\n"))) as other:
        there = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {other.url}/there\r\n\r\n".encode()
        async with raw_server(saying(there)) as server, make_client() as client:
            await client.get(server.url, headers={"X-Api-Key": "hush", "Last-Event-ID": "7"})
            await client.get(f"{other.url}/itself", headers={"X-Api-Key": "known"})
    followed, itself = other.requests
    assert "x-api-key" not in followed.headers
    assert followed.headers["last-event-id"] == "7"
    assert followed.headers["user-agent"] == http.USER_AGENT
    assert itself.headers["x-api-key"] == "known"


def test_the_same_host_made_safer_is_the_same_place() -> None:
    home = origin("http://a.example/x")
    assert may_be_told(home, origin("https://a.example:443/"))
    assert may_be_told(home, origin("http://A.EXAMPLE:80/"))
    assert not may_be_told(home, origin("https://a.example:8443/"))
    assert not may_be_told(origin("https://a.example"), home)
    assert not may_be_told(home, origin("http://b.example"))
