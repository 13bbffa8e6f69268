"""One WebSocket connection: what is sent, what comes, and every way it ends."""

from __future__ import annotations

import asyncio
import logging

import pytest

from collab_dash import __version__
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.testing import ReplicaServer
from collab_dash.transports import websocket
from replicas import failure, take


async def test_subscribe_messages_go_out_before_anything_comes() -> None:
    async with ReplicaServer(["a", b"\x00\xff"], subscribe=2) as replica:
        taken = await take(websocket.connect(replica.ws_url, send=["one", "two"], headers={"X-Key": "k"}), 2)
        assert [message.data for message in taken] == [b"a", b"\x00\xff"]
        assert replica.received == ["one", "two"]
        assert replica.requests[0].headers["x-key"] == "k"
        assert replica.requests[0].headers["user-agent"] == f"collab-dash/{__version__}"
        await replica.until(lambda: replica.connections == 0)


@pytest.mark.parametrize("compression", [True, False])
async def test_compression_is_offered_unless_not_wanted(compression: bool) -> None:
    async with ReplicaServer(["a" * 1000]) as replica:
        [message] = await take(websocket.connect(replica.ws_url, compression=compression), 1)
        assert message.data == b"a" * 1000
        assert ("sec-websocket-extensions" in replica.requests[0].headers) is compression


async def test_subprotocols_are_offered() -> None:
    async with ReplicaServer(["a"]) as replica:
        await take(websocket.connect(replica.ws_url, subprotocols=["graphql-ws", "v1"]), 1)
        assert replica.requests[0].headers["sec-websocket-protocol"] == "graphql-ws, v1"


async def test_answered_pings_are_signs_of_life_and_the_sources_own_ping_is_sent() -> None:
    heard = asyncio.Event()

    def note(text: str) -> None:
        assert text == "answers pings"
        heard.set()

    async with ReplicaServer() as replica:
        connection = websocket.connect(replica.ws_url, ping='{"op":"ping"}', ping_every=0.02, note=note)
        async with connection, asyncio.timeout(5):
            await heard.wait()
            await replica.until(lambda: '{"op":"ping"}' in replica.received)


async def test_silence_is_left_to_the_caller_and_leaving_is_quick() -> None:
    async with ReplicaServer(["a"]) as replica:
        replica.go_silent(after=1)
        notes: list[str] = []
        connection = websocket.connect(replica.ws_url, ping_every=0.02, note=notes.append)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(take(connection, 2), 0.2)
        assert notes == []
        await replica.until(lambda: replica.connections == 0, timeout=2)


async def test_ten_megabytes_come_through() -> None:
    async with ReplicaServer(["x" * 10_000_000]) as replica:
        [message] = await take(websocket.connect(replica.ws_url), 1)
        assert len(message.data) == 10_000_000


async def test_a_larger_message_is_a_break_that_says_why() -> None:
    async with ReplicaServer(["small", "x" * 1001]) as replica:
        taken, error = await failure(websocket.connect(replica.ws_url, max_size=1000))
        assert len(taken) == 1
        assert isinstance(error, FeedBroken)
        assert "over 1,000 bytes" in str(error)


@pytest.mark.parametrize("code", [1000, 1001, 1008, 1011, 1012, 3000, 4001])
async def test_a_close_is_a_break_with_the_sources_words(code: int) -> None:
    async with ReplicaServer(["a"]) as replica:
        replica.end(code, "come back later")
        taken, error = await failure(websocket.connect(replica.ws_url))
        assert len(taken) == 1
        assert isinstance(error, FeedBroken)
        assert str(code) in str(error)
        assert "come back later" in str(error)


async def test_a_cut_in_the_midst_gives_no_half_message() -> None:
    async with ReplicaServer(["a", "b"]) as replica:
        replica.cut(after=1)
        taken, error = await failure(websocket.connect(replica.ws_url))
        assert [message.data for message in taken] == [b"a"]
        assert isinstance(error, FeedBroken)
        assert "broke off" in str(error)


async def test_statuses_of_the_handshake_mean_what_they_mean_elsewhere() -> None:
    async with ReplicaServer() as replica:
        replica.answer(429, headers={"Retry-After": "4"})
        replica.answer(401)
        replica.answer_html()
        _, error = await failure(websocket.connect(replica.ws_url))
        assert isinstance(error, FeedBroken)
        assert error.retry_after == 4
        _, error = await failure(websocket.connect(replica.ws_url))
        assert isinstance(error, FeedFailed)
        _, error = await failure(websocket.connect(replica.ws_url))
        assert isinstance(error, FeedFailed)
        assert "like a web server" in str(error)


async def test_garbage_refusal_and_no_tls_are_breaks() -> None:
    async with ReplicaServer() as replica:
        replica.answer_garbage()
        _, error = await failure(websocket.connect(replica.ws_url))
        assert isinstance(error, FeedBroken)
        assert "does not speak WebSocket" in str(error)
        _, error = await failure(websocket.connect(replica.ws_url.replace("ws:", "wss:")))
        assert isinstance(error, FeedBroken)
        assert "TLS" in str(error)
        replica.refuse()
        _, error = await failure(websocket.connect(replica.ws_url))
        assert "refuses connections" in str(error)


async def test_a_nonsensical_address_has_failed() -> None:
    for url in ["https://a.example", "ws://", "ws://a.example/#fragment"]:
        _, error = await failure(websocket.connect(url))
        assert isinstance(error, FeedFailed), url


async def test_a_broken_proxy_of_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ReplicaServer() as replica:
        replica.answer(407)
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("http_proxy", replica.url)
        monkeypatch.setenv("https_proxy", replica.url)
        _, error = await failure(websocket.connect("ws://a.example/"))
        assert isinstance(error, FeedBroken)
        assert "proxy" in str(error)


async def test_no_header_or_message_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with ReplicaServer(["a"]) as replica:
        await take(websocket.connect(replica.ws_url, headers={"X-Key": "secret"}, send=["secret"]), 1)
    ours = [record for record in caplog.records if record.name != "websockets.server"]
    assert "secret" not in "".join(record.getMessage() for record in ours)
