"""A WebSocket's network faults: the right kind of error, soon, in words without secrets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import pytest
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.testing import ReplicaServer
from collab_dash.transports import websocket
from raw_servers import certificate, flush, raw_server, read_head, reset, shake_hands
from replicas import failure, take

SECRET = "s3cr3t"


async def error_of(url: str, **more: Any) -> tuple[list[str | bytes], FeedError]:
    """Connect with secrets everywhere; give what came and the error, which holds none."""
    async with asyncio.timeout(5):
        given = {"headers": {"Authorization": f"Bearer {SECRET}"}, "send": [SECRET]} | more
        messages, error = await failure(websocket.connect(f"{url}?token={SECRET}", **given))
    assert SECRET not in f"{error} {error.hint}"
    assert len(str(error)) < 250
    assert str(error).isprintable()
    return [message.data for message in messages], error


async def test_a_refusal() -> None:
    async with ReplicaServer() as replica:
        replica.refuse()
        _, error = await error_of(replica.ws_url)
    assert isinstance(error, FeedBroken)
    assert "refuses connections" in str(error)


async def test_a_reset_in_the_midst_of_a_message() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await shake_hands(reader, writer)
        protocol.send_text(b"whole")
        await flush(protocol, writer)
        writer.write(b"\x81\x7e\x01\x00only half of a mess")
        await writer.drain()
        await heard.wait()
        reset(writer)

    heard = asyncio.Event()
    async with raw_server(talk) as where, asyncio.timeout(5), websocket.connect(f"ws://{where}/") as messages:
        assert (await anext(messages)).data == b"whole"
        heard.set()
        with pytest.raises(FeedBroken, match="broke off") as caught:
            await anext(messages)
        assert not caught.value.planned


@pytest.mark.parametrize("how", ["reset", "end"])
async def test_a_connection_lost_before_the_handshake_is_done(how: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        if how == "reset":
            reset(writer)

    async with raw_server(talk) as where:
        _, error = await error_of(f"ws://{where}/")
    assert isinstance(error, FeedBroken)
    assert "broke off before the connection was made" in str(error)


async def test_half_open_no_ping_is_answered_and_leaving_is_prompt() -> None:
    notes: list[str] = []
    async with ReplicaServer(["a"]) as replica:
        replica.go_silent(after=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await take(websocket.connect(replica.ws_url, ping_every=0.02, note=notes.append), 2)
        assert notes == []
        await replica.until(lambda: replica.connections == 0, timeout=2)


async def test_a_host_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    _, error = await error_of("wss://nowhere.invalid/live")
    assert isinstance(error, FeedBroken)
    assert str(error).startswith("wss://nowhere.invalid/live cannot be found")


async def test_a_certificate_of_nobody_we_know() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    context, _ = certificate("127.0.0.1")
    async with raw_server(talk, tls=context) as where:
        _, error = await error_of(f"wss://{where}/")
    assert isinstance(error, FeedBroken)
    assert "certificate that is not trusted" in str(error)


async def test_a_certificate_for_another_host_and_then_the_right_one() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await shake_hands(reader, writer)
        protocol.send_text(b"over TLS")
        protocol.send_close(1001)
        await flush(protocol, writer)

    for name, fits in (("else.example", False), ("127.0.0.1", True)):
        context, authority = certificate(name)
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        async with raw_server(talk, tls=context) as where:
            messages, error = await error_of(f"wss://{where}/", tls=trusting)
        assert messages == ([b"over TLS"] if fits else [])
        assert isinstance(error, FeedBroken)
        assert ("certificate that is not trusted" in str(error)) is not fits


async def test_plain_where_tls_is_expected_and_the_reverse() -> None:
    async with ReplicaServer() as replica:
        _, error = await error_of(replica.ws_url.replace("ws:", "wss:"))
    assert isinstance(error, FeedBroken)
    assert "TLS" in str(error)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    context, _ = certificate("127.0.0.1")
    async with raw_server(talk, tls=context) as where:
        _, error = await error_of(f"ws://{where}/")
    assert isinstance(error, FeedBroken)


async def test_a_web_page() -> None:
    async with ReplicaServer() as replica:
        replica.answer_html()
        _, error = await error_of(replica.ws_url)
    assert isinstance(error, FeedBroken), "a page to sign in may stand there for now"
    assert "answers with a web page" in str(error)


async def test_a_web_server_that_is_no_websocket_server() -> None:
    async with ReplicaServer() as replica:
        replica.answer(200, "{}", headers={"Content-Type": "application/json"})
        _, error = await error_of(replica.ws_url)
    assert isinstance(error, FeedFailed)
    assert "like a web server" in str(error)


@pytest.mark.parametrize(
    ("status", "headers", "pause"), [(429, {}, None), (429, {"Retry-After": "7"}, 7), (503, {"Retry-After": "0"}, 0)]
)
async def test_a_source_that_is_too_busy(status: int, headers: dict[str, str], pause: float | None) -> None:
    async with ReplicaServer() as replica:
        replica.answer(status, "<html>stack trace</html>", headers=headers)
        _, error = await error_of(replica.ws_url)
    assert isinstance(error, FeedBroken)
    assert f"answers {status}" in str(error)
    assert error.retry_after == pause


@pytest.mark.parametrize(
    "head",
    [
        b"\x00\xff\x1b[2J\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /a\r\nLocation: /b\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: mailto:a@b.example\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n",
        b"HTTP/1.1 429 No\r\nRetry-After: 1\r\nRetry-After: 2\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ],
)
async def test_no_answer_to_the_handshake_is_a_traceback(head: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(head)

    async with raw_server(talk) as where:
        messages, error = await error_of(f"ws://{where}/")
    assert messages == []
    assert str(error).startswith("ws://127.0.0.1")


BAD_FRAMES = {
    "no such opcode": b"\x83\x00",
    "a reserved bit": b"\xc1\x01a",
    "masked by a server": b"\x81\x81\x00\x00\x00\x00a",
    "a continuation of nothing": b"\x80\x01a",
    "a ping that is too long": b"\x89\x7e\x00\x7e" + b"x" * 126,
    "half of a close code": b"\x88\x01\x03",
    "1005, which must not be sent": b"\x88\x02\x03\xed",
    "a reason that is not UTF-8": b"\x88\x03\x03\xe8\xff",
}


@pytest.mark.parametrize("name", BAD_FRAMES)
async def test_a_frame_against_the_protocol_is_a_break(name: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await shake_hands(reader, writer)
        protocol.send_text(b"before")
        await flush(protocol, writer)
        writer.write(BAD_FRAMES[name])
        while b"\x88" not in await reader.read(1000):  # our close
            pass

    async with raw_server(talk) as where:
        messages, error = await error_of(f"ws://{where}/")
    assert messages == [b"before"]
    assert isinstance(error, FeedBroken)
    assert not error.planned


async def test_a_message_over_the_limit_in_fragments_is_refused_before_its_end() -> None:
    """The source does not even listen to our close: it goes on with its message for ever."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await shake_hands(reader, writer)
        protocol.send_text(b"x" * 1000, fin=False)
        while True:
            protocol.send_continuation(b"x" * 1000, fin=False)
            await flush(protocol, writer)
            await asyncio.sleep(0)

    async with raw_server(talk) as where:
        _, error = await error_of(f"ws://{where}/", max_size=100_000)
    assert isinstance(error, FeedBroken)
    assert "over 100,000 bytes" in str(error)


async def test_a_small_message_that_unpacks_to_a_huge_one_is_refused_before_it_has() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocol = await shake_hands(reader, writer, ServerPerMessageDeflateFactory())
        protocol.send_text(b"0" * 50_000_000)
        packed = b"".join(protocol.data_to_send())
        sizes.append(len(packed))
        writer.write(packed)
        await reader.read()

    sizes: list[int] = []
    async with raw_server(talk) as where:
        _, error = await error_of(f"ws://{where}/")
    assert sizes[0] < 100_000
    assert isinstance(error, FeedBroken)
    assert "over 16,777,216 bytes" in str(error)


async def test_a_slow_reader_holds_little_and_loses_nothing() -> None:
    count, size = 2000, 10_000
    sent = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        protocol = await shake_hands(reader, writer)
        writer.transport.set_write_buffer_limits(high=0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        for number in range(count):
            protocol.send_text(b"%05d" % number + b"x" * size)
            try:
                async with asyncio.timeout(None if number < 20 or stalled.is_set() else 1.0):
                    await flush(protocol, writer)
            except TimeoutError:
                stalled.set()
                await writer.drain()
            sent += 1
        protocol.send_close(1001)
        await flush(protocol, writer)

    stalled = asyncio.Event()
    async with raw_server(talk) as where, asyncio.timeout(15), websocket.connect(f"ws://{where}/") as messages:
        await anext(messages)
        await stalled.wait()  # the source cannot send on, while nobody takes anything here
        assert sent * size < count * size / 2
        numbers = []
        with pytest.raises(FeedBroken, match="1001"):  # noqa: PT012 - the messages end by it
            async for message in messages:
                numbers.append(int(message.data[:5]))
    assert numbers == list(range(1, count))
