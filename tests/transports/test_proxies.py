"""Through proxies: which one, by what rules, and with a real one at the other end."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen

import pytest
import trustme
from websockets.asyncio.server import ServerConnection, serve

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.transports import Message, json_lines, long_polling, polling, sse, tls, websocket
from collab_dash.transports.proxies import proxy_for
from raw_http import CHUNKED, END, chunk, raw_server, saying, stall, whole
from replicas import failure, take

NAMES = ("http_proxy", "https_proxy", "ws_proxy", "wss_proxy", "all_proxy", "socks_proxy", "no_proxy")
USER, PASSWORD = "ana", "hush@/:%20"
QUOTED = "hush%40%2F%3A%2520"


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        ({}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p:3128"}, "https://a.example", "http://p:3128"),
        ({"https_proxy": "p:3128"}, "https://a.example", "http://p:3128"),
        ({"HTTPS_PROXY": "http://p"}, "http://a.example", None),
        ({"HTTP_PROXY": "http://p"}, "http://a.example", "http://p"),
        ({"HTTP_PROXY": "http://p"}, "https://a.example", None),
        ({"HTTPS_PROXY": "http://p"}, "wss://a.example", "http://p"),
        ({"HTTP_PROXY": "http://p"}, "ws://a.example", "http://p"),
        ({"HTTP_PROXY": "http://p"}, "wss://a.example", None),
        ({"ALL_PROXY": "socks5h://p:1080"}, "wss://a.example", "socks5h://p:1080"),
        ({"ALL_PROXY": "http://all", "HTTPS_PROXY": "http://p"}, "https://a.example", "http://p"),
        ({"ALL_PROXY": "http://all", "HTTPS_PROXY": "http://p"}, "http://a.example", "http://all"),
        ({"SOCKS_PROXY": "http://p:1080"}, "http://a.example", "socks5h://p:1080"),
        ({"HTTPS_PROXY": f"http://{USER}:{QUOTED}@p:1"}, "https://a.example", f"http://{USER}:{QUOTED}@p:1"),
        ({"HTTPS_PROXY": ""}, "https://a.example", None),
    ],
)
def test_the_environment_says_which(
    environment: dict[str, str], url: str, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = proxy_for(url)
    assert (None if found is None else found.url) == expected


@pytest.mark.parametrize(
    ("exceptions", "url", "direct"),
    [
        ("*", "https://a.example", True),
        ("a.example", "https://a.example", True),
        ("A.Example", "https://a.EXAMPLE", True),
        ("example", "https://a.example", True),
        (".a.example", "https://b.a.example", True),
        ("*.a.example", "https://b.a.example", True),
        ("a.example", "https://ba.example", False),
        ("a.example:8443", "https://a.example:8443", True),
        ("a.example:8443", "https://a.example", False),
        ("a.example:443", "wss://a.example", True),
        ("other.example , a.example", "https://a.example", True),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.0.0.0/8", "https://a.example", False),
        ("127.0.0.1:80", "http://127.0.0.1", True),
        ("::1", "http://[::1]:8000", True),
        ("[::1]", "http://[::1]:8000", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("[::1]:8000", "http://[::1]:8001", False),
        ("fe80::/10", "http://[fe80::7]", True),
        ("localhost", "http://localhost:9", True),
        (",, ,", "https://a.example", False),
        ("", "https://a.example", False),
    ],
)
def test_some_are_reached_directly(exceptions: str, url: str, direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://p")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert (proxy_for(url) is None) == direct


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://ana:hush@p", "a kind we do not speak: ftp"),
        ("http://ana:hush@p:99999", "is not the address of a proxy"),
        ("http://ana:hush@[::1", "is not the address of a proxy"),
        ("http://", "names no host"),
    ],
)
async def test_a_proxy_that_cannot_be_one_is_refused_without_telling_its_password(
    address: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", address)
    for connection in (polling.connect("https://a.example"), websocket.connect("wss://a.example")):
        _, error = await failure(connection)
        assert isinstance(error, FeedFailed)
        assert words in str(error)
        assert "HTTPS_PROXY" in str(error)
        assert "hush" not in f"{error} {error.hint}"


@contextmanager
def proxy(folder: Path, *arguments: str) -> Iterator[str]:
    """Run proxy.py; give ``host:port``."""
    told = folder / "port"
    command = [
        *(sys.executable, "-m", "proxy", "--hostname", "127.0.0.1", "--port", "0", "--port-file", str(told)),
        *("--num-acceptors", "1", "--num-workers", "1", "--data-dir", str(folder), *arguments),
    ]
    process = Popen(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, env=os.environ | {"HOME": str(folder)})
    try:
        due = time.monotonic() + 15
        while not told.exists() or not told.read_text().strip():
            assert process.poll() is None
            assert time.monotonic() < due
            time.sleep(0.01)  # the proxy writes its port into a file and tells nobody
        yield f"127.0.0.1:{int(told.read_text())}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def open_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with proxy(tmp_path_factory.mktemp("open")) as where:
        yield where


@pytest.fixture(scope="module")
def guarded_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with proxy(tmp_path_factory.mktemp("guarded"), "--basic-auth", f"{USER}:{PASSWORD}") as where:
        yield where


Opened = AbstractAsyncContextManager[AsyncIterator[Message]]
Open = Callable[[str, ssl.SSLContext | None], Opened]


def long_poll(url: str, own: ssl.SSLContext | None) -> Opened:
    return long_polling.connect(url, next_cursor=long_polling.from_header("X-Cursor"), tls=own)


WAYS: list[Open] = [
    lambda url, own: polling.connect(url, tls=own),
    long_poll,
    lambda url, own: json_lines.connect(url, tls=own),
]
ANSWER = saying(whole('{"n":1}\n', "X-Cursor: 1"))


class Authority:
    """Signs a server for loopback, and is trusted by file."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        self.client = tls.context(ca=folder / "ca.pem")
        self.server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self.server)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_http_goes_through_the_proxy(open_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{open_proxy}")
    async with raw_server(ANSWER) as server:
        for opened in WAYS:
            await take(opened(server.url, None), 1)
        assert all("via" in request.headers for request in server.requests)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        await take(WAYS[0](server.url, None), 1)
        assert "via" not in server.requests[-1].headers


async def test_tls_goes_through_a_tunnel(
    open_proxy: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://{open_proxy}")
    async with raw_server(ANSWER, tls=authority.server) as server:
        for opened in WAYS:
            await take(opened(server.url, authority.client), 1)
        assert len(server.requests) == 3
        assert all("via" not in request.headers for request in server.requests)
        _, error = await failure(polling.connect(server.url))
        assert "certificate that is not trusted" in str(error)


async def test_streams_are_passed_on_as_they_come(
    open_proxy: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://{open_proxy}")
    heard = asyncio.Event()

    async def play(request: object, writer: asyncio.StreamWriter) -> None:
        writer.write(CHUNKED + chunk("[1]\n"))
        await heard.wait()
        heard.clear()
        writer.write(chunk("[2]\n") + END)

    for context in (None, authority.server):
        async with (
            asyncio.timeout(10),
            raw_server(play, tls=context) as server,
            json_lines.connect(server.url, tls=authority.client) as messages,
        ):
            assert (await anext(messages)).data == b"[1]"
            heard.set()
            assert (await anext(messages)).data == b"[2]"


async def test_websockets_and_event_streams_go_through_it_too(
    open_proxy: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://{open_proxy}")

    async def play(link: ServerConnection) -> None:
        await link.send("hello")
        await link.wait_closed()

    for context, scheme in ((None, "ws"), (authority.server, "wss")):
        async with serve(play, "127.0.0.1", 0, ssl=context) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            [message] = await take(websocket.connect(f"{scheme}://127.0.0.1:{port}", tls=authority.client), 1)
            assert message.data == b"hello"
    stream = CHUNKED.replace(b"application/x-ndjson", b"text/event-stream") + chunk("data: 1\n\n")
    async with raw_server(saying(stream, then=stall), tls=authority.server) as source:
        [message] = await take(sse.connect(source.url, tls=authority.client), 1)
        assert message.data == "1"


async def errors_through(address: str, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> list[FeedError]:
    """Give the errors of a poll without TLS, one with it, and a WebSocket, by way of a proxy."""
    monkeypatch.setenv("ALL_PROXY", address)
    async with raw_server(ANSWER) as plain, raw_server(ANSWER, tls=authority.server) as secure:
        connections: list[Opened] = [
            polling.connect(f"{plain.url}/x?token=hush"),
            polling.connect(f"{secure.url}/x?token=hush", tls=authority.client),
            websocket.connect(f"{secure.url.replace('http', 'ws')}/x?token=hush", tls=authority.client),
        ]
        errors = [(await failure(connection))[1] for connection in connections]
        assert not plain.requests
        assert not secure.requests
    for error in errors:
        assert "hush" not in f"{error} {error.hint}"
        assert "ALL_PROXY" in error.hint
        assert "the proxy http://127.0.0.1:" in str(error)
    return errors


async def test_user_and_password_are_sent_to_the_proxy_and_nobody_else(
    guarded_proxy: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://{USER}:{QUOTED}@{guarded_proxy}")
    async with raw_server(ANSWER) as plain, raw_server(ANSWER, tls=authority.server) as secure:
        for opened in WAYS:
            await take(opened(plain.url, None), 1)
            await take(opened(secure.url, authority.client), 1)
        assert not any("authorization" in name for each in (plain, secure) for r in each.requests for name in r.headers)


@pytest.mark.parametrize("credentials", ["", f"{USER}:hush@"])
async def test_a_proxy_that_wants_another_password_is_final(
    credentials: str, guarded_proxy: str, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in await errors_through(f"http://{credentials}{guarded_proxy}", authority, monkeypatch):
        assert isinstance(error, FeedFailed)
        assert "refuses us without, or with wrong, user and password" in str(error)
        assert "http://USER:PASSWORD@HOST:PORT" in error.hint


async def test_a_proxy_that_is_not_there_is_named(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    for error in await errors_through(f"http://{USER}:hush@127.0.0.1:{port}", authority, monkeypatch):
        assert isinstance(error, FeedBroken)
        assert str(error).startswith(f"the proxy http://127.0.0.1:{port} on the way to ")
        assert str(error).endswith("refuses connections")


async def test_a_proxy_that_refuses_is_named(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    async with raw_server(saying(whole("no", status="403 Forbidden"))) as refusing:
        errors = await tunnel_errors(refusing.url, authority, monkeypatch)
    for error in errors:
        assert isinstance(error, FeedBroken)
        assert "403" in str(error)


async def tunnel_errors(address: str, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> list[FeedError]:
    monkeypatch.setenv("HTTPS_PROXY", address.replace("http://", f"http://{USER}:hush@"))
    tunnels: list[Opened] = [
        polling.connect("https://a.example/x?token=hush"),
        json_lines.connect("https://a.example/x?token=hush"),
        websocket.connect("wss://a.example/x?token=hush"),
    ]
    errors = [(await failure(connection))[1] for connection in tunnels]
    for error in errors:
        assert "hush" not in f"{error} {error.hint}"
        assert "HTTPS_PROXY" in error.hint
        assert f"the proxy {address} on the way to " in str(error)
    return errors


@asynccontextmanager
async def socks_server(*, password: bytes = b"") -> AsyncIterator[str]:
    """Serve SOCKS 5, RFC 1928 and 1929; give ``host:port``."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wanted = 2 if password else 0
        writer.write(bytes([5, wanted if wanted in methods else 255]))
        if wanted == 2 and wanted in methods:
            _, size = await reader.readexactly(2)
            await reader.readexactly(size)
            [size] = await reader.readexactly(1)
            right = await reader.readexactly(size) == password
            writer.write(bytes([1, 0 if right else 1]))
            return right
        return wanted in methods

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if await greet(reader, writer):
                _, _, _, kind = await reader.readexactly(4)
                size = 4 if kind == 1 else (await reader.readexactly(1))[0]
                name = await reader.readexactly(size)
                port = int.from_bytes(await reader.readexactly(2))
                host = socket.inet_ntoa(name) if kind == 1 else name.decode()
                there = await asyncio.open_connection("127.0.0.1" if host == "feed.invalid" else host, port)
                writer.write(bytes([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
                await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))
        finally:
            writer.close()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_http_goes_through_socks_and_names_are_found_there(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with raw_server(ANSWER) as plain, raw_server(ANSWER, tls=authority.server) as secure:
        async with socks_server() as where:
            monkeypatch.setenv("ALL_PROXY", f"socks5h://{where}")
            for opened in WAYS:
                await take(opened(plain.url.replace("127.0.0.1", "feed.invalid"), None), 1)
                await take(opened(secure.url, authority.client), 1)
        async with socks_server(password=PASSWORD.encode()) as where:
            monkeypatch.setenv("ALL_PROXY", f"socks5h://{USER}:{QUOTED}@{where}")
            await take(polling.connect(plain.url), 1)


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # httpcore leaves the refused socket open
@pytest.mark.parametrize("credentials", ["", f"{USER}:hush@"])
async def test_socks_with_another_password_is_final(credentials: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with socks_server(password=PASSWORD.encode()) as where:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://{credentials}{where}")
        _, error = await failure(polling.connect("http://feed.invalid/x?token=hush"))
    assert isinstance(error, FeedFailed)
    assert f"the proxy socks5h://{where} on the way to" in str(error)
    assert "hush" not in f"{error} {error.hint}"
    del error
    gc.collect()
