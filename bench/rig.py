"""What the measurements share: processes on a core of their own, a source, and peers that only count."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

HUB_CORE, OTHER_CORE = 0, (os.cpu_count() or 1) - 1
STAMP = b'"t":'


def event_text(number: int, stamp: int, size: int = 200) -> bytes:
    """Give an upstream message of `size` bytes that carries a number and a monotonic time in nanoseconds."""
    head = b'{"id":"k%03d","n":%d,"t":%d,"pad":"' % (number % 100, number, stamp)
    return head + b"x" * (size - len(head) - 2) + b'"}'


def frame(payload: bytes) -> bytes:
    """Frame a text message of 126 to 65,535 bytes as a server does."""
    return b"\x81\x7e" + len(payload).to_bytes(2, "big") + payload


@contextlib.contextmanager
def workspace(text: str) -> Iterator[Path]:
    """Make a workspace folder with private runtime folders; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        root = Path(folder)
        (root / "collab.toml").write_text(text)
        for name in ("RUNTIME", "STATE", "DATA"):
            os.environ[f"COLLAB_DASH_{name}_DIR"] = str(root / name.lower())
        os.environ["COLLAB_DASH_CONFIG"] = str(root / "none.toml")
        yield root


class HubProcess:
    """A hub on a core of its own."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "collab_dash", "serve", str(folder), "--port", "0"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {HUB_CORE})
        )
        assert self.process.stdout is not None
        self.link = self.process.stdout.readline().split()[1]
        self.process.stdout.readline()

    def cpu_seconds(self) -> float:
        """Give the processor time it has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it in order."""
        self.process.terminate()
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()


def ask_for_websocket(transport: asyncio.Transport, path: str) -> None:
    """Send the handshake of RFC 6455 section 4.1."""
    host, port = transport.get_extra_info("peername")[:2]
    key = base64.b64encode(os.urandom(16)).decode()
    transport.write(
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )


class Counter(asyncio.Protocol):
    """A peer that joins and counts events, without parsing what it gets."""

    def __init__(self, token: str, on_data: Callable[[bytes], None] | None = None) -> None:
        self.events = 0
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last = 0.0
        self._token = token
        self._on_data = on_data
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        ask_for_websocket(transport, "/ws")

    def _greet(self) -> None:
        hello = b'{"id":1,"event":"session:hello","data":{"protocol":1,"token":"%s"}}' % self._token.encode()
        mask = b"\0\0\0\0"
        self.transport.write(b"\x81\xfe" + len(hello).to_bytes(2, "big") + mask + hello)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 101"):
            self._greet()
        elif not self.joined.done() and b'"recovered"' in data:
            self.joined.set_result(None)
        data = self._tail + data
        cut = len(data) - len(STAMP) + 1
        self.events += data.count(STAMP)
        self._tail = data[cut:] if cut > 0 else data
        if self._tail.count(STAMP):
            raise AssertionError("a marker was counted twice")
        self.last = time.monotonic()
        if self._on_data is not None:
            self._on_data(data)


@contextlib.asynccontextmanager
async def counters(
    link: str, count: int, on_data: Callable[[bytes], None] | None = None
) -> AsyncIterator[list[Counter]]:
    """Join `count` peers that only count; the last one also hands its bytes to `on_data`."""
    match = re.fullmatch(r"http://([^:]+):(\d+)/#(.+)", link)
    assert match is not None
    host, port, token = match[1], int(match[2]), match[3]
    loop = asyncio.get_running_loop()
    peers: list[Counter] = []
    for number in range(count):
        make = partial(Counter, token, on_data if number == count - 1 else None)
        _, peer = await loop.create_connection(make, host, port)
        await peer.joined
        peers.append(peer)
    try:
        yield peers
    finally:
        for peer in peers:
            peer.transport.abort()


class Source:
    """A WebSocket server that sends prepared messages to whoever connects, when told to."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.connected = asyncio.Event()
        self.url = ""
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Source:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        if self._writer is not None:
            self._writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from hashlib import sha1

        request = await reader.readuntil(b"\r\n\r\n")
        match = re.search(rb"Sec-WebSocket-Key: (\S+)", request)
        assert match is not None
        accept = base64.b64encode(sha1(match[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        await writer.drain()
        self._writer = writer
        self.connected.set()

    async def send(self, data: bytes) -> None:
        """Send frames, waiting while the hub takes none."""
        assert self._writer is not None
        self._writer.write(data)
        await self._writer.drain()


FEED = """
[session]
name = "bench"
[feeds.source]
use = "websocket"
url = "{url}"
key = "id"
type = "bench:tick"
limit = "off"
"""


def as_installed() -> dict[str, str]:
    """Give an environment in which modules keep their bytecode, as those do that an installer has compiled."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def pin_here() -> None:
    """Keep this process off the hub's core."""
    os.sched_setaffinity(0, {OTHER_CORE})


def median(values: Sequence[float]) -> float:
    """Give the median."""
    return statistics.median(values)
