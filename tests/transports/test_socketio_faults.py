"""Faults of a Socket.IO connection: each ends it in words, in time, and tells no secret."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme
import websockets
from engineio import base_client

import replicas
from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.testing import Relay, ReplicaServer
from collab_dash.transports import socketio, socketio_client
from node import node

OPEN = '0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    assert base_client.connected_clients == []


async def failure(url: str, **options: Any) -> FeedError:
    """Give the error by which a connection cannot be made, or ends."""
    async with asyncio.timeout(10):
        return (await replicas.failure(socketio.connect(url, **options)))[1]


@pytest.mark.parametrize("ways", [["polling"], ["websocket"], ["polling", "websocket"]])
@pytest.mark.parametrize(
    ("status", "headers", "kind", "retry_after"),
    [
        (429, {"Retry-After": "7"}, FeedBroken, 7.0),
        (429, {}, FeedBroken, None),
        (503, {}, FeedBroken, None),
        (401, {}, FeedFailed, None),
        (404, {}, FeedFailed, None),
    ],
)
async def test_a_status_is_told(ways: Any, status: int, headers: Any, kind: type, retry_after: float | None) -> None:
    async with ReplicaServer() as replica:
        replica.answer(status, "no", headers=headers, times=9)
        error = await failure(f"{replica.url}/?key=secret", transports=ways)
    assert isinstance(error, kind)
    assert f"answers {status}" in str(error)
    assert "secret" not in f"{error} {error.hint}"
    assert getattr(error, "retry_after", None) == retry_after


@pytest.mark.parametrize("ways", [["polling"], ["websocket"]])
@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda replica: replica.answer_html(times=9), "web page|answers 200"),
        (lambda replica: replica.answer_garbage(times=9), "does not speak"),
        (lambda replica: replica.answer(200, "", times=9), "does not speak Socket.IO|answers 200"),
        (lambda replica: replica.answer(200, '0{"sid":1}', times=9), "does not speak Socket.IO|answers 200"),
        (lambda replica: replica.answer(200, "0[[[", times=9), "does not speak Socket.IO|answers 200"),
        (lambda replica: replica.go_silent(times=9), "did not answer within"),
    ],
)
async def test_what_is_not_socketio_is_broken(
    ways: Any, prepare: Callable[[ReplicaServer], None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socketio_client, "_OPEN_TIMEOUT", 0.3)
    async with ReplicaServer() as replica:
        prepare(replica)
        error = await failure(replica.url, transports=ways)
    assert isinstance(error, FeedBroken)
    assert any(word in str(error) for word in words.split("|")), str(error)


async def test_a_server_of_version_2_is_named() -> None:
    async with ReplicaServer() as replica:
        replica.answer(200, f"{len(OPEN)}:{OPEN}2:40", headers={"Content-Type": "text/plain; charset=UTF-8"}, times=2)
        error = await failure(replica.url)
    assert isinstance(error, FeedFailed)
    assert "Socket.IO 2" in str(error)


async def test_the_wrong_path_is_final() -> None:
    async with node("socketio") as server:
        error = await failure(server.url, path="elsewhere")
    assert isinstance(error, FeedFailed)
    assert "path" in error.hint


async def test_a_redirect_elsewhere_is_not_followed() -> None:
    async with ReplicaServer() as there, ReplicaServer() as replica:
        replica.answer(302, headers={"Location": f"{there.url}/x?y=secret"})
        error = await failure(replica.url, headers={"X-Key": "k"})
        assert there.requests == []
    assert isinstance(error, FeedFailed)
    assert str(error) == f"{replica.url} redirects to {there.url}"


@pytest.mark.parametrize("ways", [["polling"], ["websocket"]])
async def test_a_redirect_on_the_same_server_is_followed(ways: Any) -> None:
    async with ReplicaServer() as replica:
        replica.answer(302, headers={"Location": "/moved"})
        replica.answer(503)
        error = await failure(replica.url, transports=ways)
        assert [request.path for request in replica.requests] == ["/socket.io/", "/moved"]
    assert "answers 503" in str(error)


async def test_no_such_host() -> None:
    error = await failure("http://no-such-host.invalid/?key=secret")
    assert isinstance(error, FeedBroken)
    assert "no such host" in str(error)
    assert "secret" not in str(error)


async def test_a_certificate_that_nobody_vouches_for_and_one_that_somebody_does() -> None:
    authority = trustme.CA()
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    async with node("socketio") as server:

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection("127.0.0.1", server.port)
            await asyncio.gather(_pass(reader, back), _pass(there, writer))

        async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=ours) as door:
            url = f"https://127.0.0.1:{door.sockets[0].getsockname()[1]}"
            error = await failure(url)
            assert isinstance(error, FeedBroken)
            assert "certificate that is not trusted" in str(error)
            theirs = ssl.create_default_context()
            authority.configure_trust(theirs)
            async with socketio.connect(url, tls=theirs) as connection:
                server.tell(emit=["tick", 1])
                assert (await anext(connection)).data == "1"
                assert (await server.tells("connected"))["way"] == "websocket"


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def test_the_proxy_of_the_environment_is_used_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ReplicaServer() as proxy:
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("http_proxy", proxy.url)
        proxy.answer(503, times=2)
        error = await failure("http://far.example/")
        assert proxy.requests[0].path.startswith(("http://far.example/", "/socket.io"))
        assert isinstance(error, FeedBroken)
        proxy.refuse()
        assert "proxy" in str(await failure("http://far.example/"))
    monkeypatch.setenv("http_proxy", "socks5h://127.0.0.1:1")
    error = await failure("http://far.example/")
    assert isinstance(error, FeedFailed)
    assert "SOCKS" in str(error)


@asynccontextmanager
async def deaf_server(*frames: str | bytes) -> AsyncIterator[str]:
    """Run a server that accepts any WebSocket, says some frames and answers nothing."""

    async def serve(connection: websockets.ServerConnection) -> None:
        for frame in frames:
            await connection.send(frame)
        await connection.wait_closed()

    async with websockets.serve(serve, "127.0.0.1", 0, max_size=None) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (["hello"], "does not speak Socket.IO"),
        (['0{"sid":"x"}'], "does not speak Socket.IO"),
        ([OPEN, "40"], "speaks the protocol of Socket.IO 2"),
        ([OPEN, '40{"sid":"y"}', "42{"], "broke the protocol"),
        ([OPEN, '40{"sid":"y"}', "42null"], "broke the protocol"),
        ([OPEN, '40{"sid":"y"}', "42[]"], "broke the protocol"),
        ([OPEN, '40{"sid":"y"}', "49"], "broke the protocol"),
        ([OPEN, '40{"sid":"y"}', "42" + "[" * 100_000], "broke the protocol"),
        ([OPEN, '40{"sid":"y"}', '451-["a",{"_placeholder":true,"num":7}]', b"x"], "broke the protocol"),
        (
            [OPEN, '40{"sid":"y"}', '452-["a",{"_placeholder":true,"num":0}]', b"x" * 600, b"x" * 600],
            "over 1,000 bytes",
        ),
        ([OPEN, '40{"sid":"y"}', f'42["a","{"x" * 2000}"]'], "over 1,000 bytes"),
    ],
)
async def test_a_broken_protocol_ends_the_connection(frames: list[str | bytes], words: str) -> None:
    async with deaf_server(*frames) as url:
        error = await failure(url, transports=["websocket"], max_size=1000 if "1,000" in words else 1 << 24)
    assert words in str(error)


async def test_an_answer_to_a_poll_that_is_too_large_is_broken() -> None:
    async with (
        node("socketio", transports=["polling"]) as server,
        socketio.connect(server.url, max_size=1000) as connection,
    ):
        server.tell(emit=["big", "x" * 2000])
        with pytest.raises(FeedBroken, match="more than 1,000 bytes"):
            await anext(connection)


async def test_it_can_be_left_at_any_time_at_once() -> None:
    async with ReplicaServer() as replica:
        replica.go_silent(times=9)
        connecting = asyncio.create_task(failure(replica.url))
        await replica.until(lambda: len(replica.requests) == 1)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(2):
                await connecting
    async with (
        node("socketio") as server,
        Relay("127.0.0.1", server.port) as relay,
        asyncio.timeout(5),
        socketio.connect(f"http://127.0.0.1:{relay.port}"),
    ):
        relay.go_silent()


async def test_nothing_secret_is_told_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with node("socketio", token="s3cret") as server:
        url, headers = f"{server.url}/?key=s3cret-q", {"Authorization": "Bearer s3cret-h"}
        async with socketio.connect(url, auth={"token": "s3cret"}, headers=headers) as connection:
            await connection.emit("hello", "s3cret-e")
            await server.kill()
            with pytest.raises(FeedBroken) as caught:
                await anext(connection)
        error = await failure(url, headers=headers)
    for text in (caplog.text, str(caught.value), caught.value.hint, str(error), error.hint):
        assert "s3cret" not in text


async def test_a_line_that_is_dead_without_a_word_is_noticed_by_missing_pings() -> None:
    hasty = OPEN.replace("25000", "50").replace("20000", "50")
    async with deaf_server(hasty, '40{"sid":"y"}') as url:
        error = await failure(url, transports=["websocket"])
    assert isinstance(error, FeedBroken)
    assert "fell silent: no ping for 0.1 s" in str(error)
