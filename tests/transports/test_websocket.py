"""One WebSocket connection: what is sent, what comes, and every way it ends."""

from __future__ import annotations

import asyncio
import logging
import ssl

import pytest

from collab_dash import __version__
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.testing import ReplicaServer
from collab_dash.transports import websocket
from raw_servers import certificate, flush, raw_server, read_head, shake_hands
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


async def test_the_first_ping_goes_out_at_once_and_its_answer_is_a_sign_of_life() -> None:
    heard = asyncio.Event()
    async with ReplicaServer() as replica:
        connection = websocket.connect(
            replica.ws_url, send=["subscribe"], ping="own", ping_every=3600, note=lambda text: heard.set()
        )
        async with connection, asyncio.timeout(5):
            await heard.wait()
            await replica.until(lambda: "subscribe" in replica.received)
        assert "own" not in replica.received  # the source's own ping has time until `ping_every`


async def test_answered_pings_are_signs_of_life_and_the_sources_own_ping_is_sent() -> None:
    notes: list[str] = []
    async with ReplicaServer() as replica:
        connection = websocket.connect(replica.ws_url, ping='{"op":"ping"}', ping_every=0.02, note=notes.append)
        async with connection:
            await replica.until(lambda: replica.received.count('{"op":"ping"}') >= 3)
    assert len(notes) >= 3
    assert set(notes) == {"answers pings"}


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


async def test_a_close_is_a_break_with_the_sources_words() -> None:
    async with ReplicaServer(["a"]) as replica:
        replica.end(4001, "come back later")
        taken, error = await failure(websocket.connect(replica.ws_url))
        assert len(taken) == 1
        assert isinstance(error, FeedBroken)
        assert "4001" in str(error)
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
        assert isinstance(error, FeedBroken)
        assert "answers with a web page" in str(error)


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


async def test_a_proxy_of_the_environment_is_used_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ReplicaServer() as replica:
        replica.answer(407)
        replica.answer(502)
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("http_proxy", replica.url)
        monkeypatch.setenv("https_proxy", replica.url)
        _, error = await failure(websocket.connect("ws://a.example/"))
        assert isinstance(error, FeedFailed)
        assert "proxy" in str(error)
        _, error = await failure(websocket.connect("wss://a.example/"))
        assert isinstance(error, FeedBroken)
        assert "proxy" in str(error)
        assert [request.method for request in replica.requests] == ["CONNECT", "CONNECT"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_followed_and_another_origin_is_told_no_secret(status: int) -> None:
    secrets = {"Authorization": "Bearer s3-cret", "X-Api-Key": "s3-cret", "Cookie": "session=s3-cret"}
    async with ReplicaServer(["a"]) as there, ReplicaServer(["a"]) as here:
        here.answer(status, headers={"Location": "/other"})
        await take(websocket.connect(here.ws_url, headers=secrets), 1)
        assert [request.path for request in here.requests] == ["/ws", "/other"]
        assert here.requests[1].headers["x-api-key"] == "s3-cret"
        for location in (there.ws_url, there.url + "/ws"):  # some write http in its place
            here.answer(status, headers={"Location": location})
            await take(websocket.connect(here.ws_url, headers=secrets), 1)
        assert len(there.requests) == 2
        assert "s3-cret" not in str([request.headers for request in there.requests])
        assert there.requests[0].headers["user-agent"].startswith("collab-dash/")


async def test_redirects_in_circles_have_an_end() -> None:
    async with ReplicaServer() as replica:
        replica.answer(302, headers={"Location": "/ws?token=s3-cret"}, times=50)
        _, error = await failure(websocket.connect(replica.ws_url))
    assert isinstance(error, FeedFailed)
    assert "redirects" in str(error)
    assert "s3-cret" not in str(error)


async def test_a_redirect_from_tls_to_none_is_refused() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: ws://127.0.0.1:9/?token=s3-cret\r\nConnection: close\r\n\r\n")

    tls, authority = certificate("127.0.0.1")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with raw_server(talk, tls=tls) as where:
        _, error = await failure(websocket.connect(f"wss://{where}/", tls=trusting))
    assert isinstance(error, FeedFailed)
    assert "redirects where we do not follow" in str(error)


async def test_certificates_go_along_on_a_redirect_to_tls() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await shake_hands(reader, writer)
        protocol.send_text(b"over TLS")
        await flush(protocol, writer)
        await reader.read()

    tls, authority = certificate("127.0.0.1")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with raw_server(talk, tls=tls) as where, ReplicaServer() as replica:
        replica.answer(307, headers={"Location": f"wss://{where}/"})
        [message] = await take(websocket.connect(replica.ws_url, tls=trusting), 1)
    assert message.data == b"over TLS"


async def test_no_header_or_message_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with ReplicaServer(["a"]) as replica:
        await take(websocket.connect(replica.ws_url, headers={"X-Key": "secret"}, send=["secret"]), 1)
    ours = [record for record in caplog.records if record.name != "websockets.server"]
    assert "secret" not in "".join(record.getMessage() for record in ours)
