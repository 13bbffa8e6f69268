"""An event stream's network faults: the right kind of error, soon, in words without secrets."""

from __future__ import annotations

import asyncio
import socket
import ssl
from typing import Any

import httpx
import pytest

from collab_dash.errors import FeedBroken, FeedError
from collab_dash.testing import ReplicaServer
from collab_dash.transports import sse
from raw_servers import STREAM_HEAD, certificate, raw_server, read_head, reset
from replicas import failure, take

SECRET = "s3cr3t"


async def error_of(url: str, **more: Any) -> tuple[list[str | bytes], FeedError]:
    """Ask with secrets everywhere; give what came and the error, which holds none."""
    async with asyncio.timeout(5):
        connection = sse.connect(f"{url}?token={SECRET}", headers={"Authorization": f"Bearer {SECRET}"}, **more)
        messages, error = await failure(connection)
    assert SECRET not in f"{error} {error.hint}"
    assert len(str(error)) < 200
    assert "\n" not in str(error)
    return [message.data for message in messages], error


async def test_a_refusal() -> None:
    async with ReplicaServer() as replica:
        replica.refuse()
        _, error = await error_of(replica.sse_url)
    assert isinstance(error, FeedBroken)
    assert "refuses connections" in str(error)


async def test_a_reset_in_the_midst_of_an_event() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(STREAM_HEAD + b"data: whole\n\ndata: hal")
        await writer.drain()
        await heard.wait()
        reset(writer)

    heard = asyncio.Event()
    async with raw_server(talk) as where, sse.connect(f"http://{where}/") as messages:
        assert (await anext(messages)).data == "whole"
        heard.set()
        with pytest.raises(FeedBroken, match="broke the connection off") as caught:
            await anext(messages)
    assert not caught.value.planned


async def test_a_chunked_stream_that_stops_in_the_midst_is_no_planned_end() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        writer.write(head + b"9\r\ndata: a\n\n\r\nff\r\ndata: b\n\n")

    async with raw_server(talk) as where:
        messages, error = await error_of(f"http://{where}/")
    assert messages == ["a", "b"]
    assert isinstance(error, FeedBroken)
    assert not error.planned


async def test_half_open_the_connection_stays_quiet_and_leaving_it_is_prompt() -> None:
    async with ReplicaServer(["a"]) as replica:
        replica.go_silent(after=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await take(sse.connect(replica.sse_url), 2)
        await replica.until(lambda: replica.connections == 0, timeout=1)


async def test_what_the_kernel_says_of_a_dead_line_is_a_break_in_plain_words() -> None:
    class DeadLine(httpx.AsyncByteStream):
        async def __aiter__(self) -> Any:
            yield b"data: a\n\n"
            raise httpx.ReadError("") from TimeoutError(110, "Connection timed out")

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=DeadLine())

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        messages, error = await error_of("http://a.example/", client=client)
    assert messages == ["a"]
    assert isinstance(error, FeedBroken)
    assert "does not answer any more" in str(error)


async def test_a_host_without_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    _, error = await error_of("https://nowhere.invalid/events")
    assert isinstance(error, FeedBroken)
    assert str(error).startswith("https://nowhere.invalid/events cannot be found")


async def test_a_certificate_of_nobody_we_know() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    context, _ = certificate("127.0.0.1")
    async with raw_server(talk, tls=context) as where:
        _, error = await error_of(f"https://{where}/")
    assert isinstance(error, FeedBroken)
    assert "certificate that is not trusted" in str(error)


async def test_a_certificate_for_another_host_and_then_the_right_one() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(STREAM_HEAD + b"data: over TLS\n\n")

    for name, fits in (("else.example", False), ("127.0.0.1", True)):
        context, authority = certificate(name)
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        async with raw_server(talk, tls=context) as where:
            messages, error = await error_of(f"https://{where}/", tls=trusting)
        assert messages == (["over TLS"] if fits else [])
        assert isinstance(error, FeedBroken)
        assert ("certificate that is not trusted" in str(error)) is not fits


async def test_plain_http_where_tls_is_expected() -> None:
    async with ReplicaServer() as replica:
        _, error = await error_of(replica.sse_url.replace("http:", "https:"))
    assert isinstance(error, FeedBroken)
    assert "TLS" in str(error)


async def test_a_web_page() -> None:
    async with ReplicaServer() as replica:
        replica.answer_html()
        _, error = await error_of(replica.sse_url)
    assert isinstance(error, FeedBroken)
    assert "answers with a web page" in str(error)


@pytest.mark.parametrize(
    ("status", "headers", "pause"), [(429, {}, None), (429, {"Retry-After": "7"}, 7), (503, {"Retry-After": "0"}, 0)]
)
async def test_a_source_that_is_too_busy(status: int, headers: dict[str, str], pause: float | None) -> None:
    async with ReplicaServer() as replica:
        replica.answer(status, "<html>stack trace</html>", headers=headers)
        _, error = await error_of(replica.sse_url)
    assert isinstance(error, FeedBroken)
    assert f"answers {status}" in str(error)
    assert error.retry_after == pause


async def test_a_body_whose_packing_is_broken() -> None:
    async with ReplicaServer() as replica:
        replica.answer(200, b"not gzip", headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"})
        _, error = await error_of(replica.sse_url)
    assert isinstance(error, FeedBroken)


async def test_an_event_that_never_ends_is_refused() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        writer.write(STREAM_HEAD + b"data: ")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with raw_server(talk) as where:
        _, error = await error_of(f"http://{where}/")
    assert isinstance(error, FeedBroken)
    assert "over 16,777,216 bytes" in str(error)
