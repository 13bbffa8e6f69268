"""
From a source's messages to rows in the log, by each transport: events for each second of processor time.

The hub has one core for all of it, its log's thread included, and no peers. What it used is read from the system, so a
transport that may not ask as often as it could (polling) is measured by its work as well. Goal: 25,000 a second for
WebSocket and SSE.

    python bench/ingest.py [--events 60000] [--runs 3] [TRANSPORT ...]
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

from rig import HubProcess, Source, event_text, frame, median, pin_here, workspace

GOAL = 25_000
CHUNK = 200
PAGE = 1000

FEED = """
[session]
name = "bench"
[feeds.source]
use = "{use}"
url = "{url}"
key = "id"
type = "bench:tick"
limit = "off"
{more}
"""
MORE = {
    "polling": 'items = "items"\ninterval = 0.1',
    "long-polling": 'items = "items"',
    "socketio": 'transports = ["websocket"]',
}


def texts(first: int, count: int) -> list[bytes]:
    return [event_text(number, number) for number in range(first, first + count)]


def page(first: int) -> bytes:
    items = b",".join(texts(first, PAGE))
    return b'{"cursor":"%d","items":[%s]}' % (first + PAGE, items)


def answer(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head + body


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


Send = Callable[[int], Coroutine[None, None, None]]


class HttpSource:
    """Answers over HTTP: a stream in chunks, or page after page to whoever asks again."""

    def __init__(self, kind: bytes, write: Callable[[list[bytes]], bytes] | None) -> None:
        self.connected = asyncio.Event()
        self.url = ""
        self.left = 0
        self._kind = kind
        self._write = write
        self._go = asyncio.Event()
        self._serving: set[asyncio.Task[object]] = set()

    async def __aenter__(self) -> HttpSource:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        if self._serving:
            await asyncio.wait(self._serving, timeout=5)

    async def send(self, events: int) -> None:
        """Let so many events go."""
        self.left = events
        self._go.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.connected.set()
                await self._go.wait()
                await (self._page(writer) if self._write is None else self._stream(writer, self._write))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _page(self, writer: asyncio.StreamWriter) -> None:
        self.left -= PAGE
        writer.write(answer(page(self.left) if self.left >= 0 else b'{"cursor":"end","items":[]}'))
        await writer.drain()

    async def _stream(self, writer: asyncio.StreamWriter, write: Callable[[list[bytes]], bytes]) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % self._kind)
        body = chunked(write(texts(0, CHUNK)))
        for _ in range(self.left // CHUNK):
            writer.write(body)
            await writer.drain()


async def send_frames(source: Source, events: int) -> None:
    chunk = b"".join(frame(text) for text in texts(0, CHUNK))
    for _ in range(events // CHUNK):
        await source.send(chunk)


class SocketIoSource:
    """A server of python-socketio that emits."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()

    async def __aenter__(self) -> SocketIoSource:
        import socketio
        import uvicorn

        self._server = socketio.AsyncServer(async_mode="asgi", ping_interval=600)
        self._server.on("connect", self._connect)
        config = uvicorn.Config(socketio.ASGIApp(self._server), port=0, log_level="critical", lifespan="off")
        self._uvicorn = uvicorn.Server(config)
        self._task = asyncio.create_task(self._uvicorn.serve())
        while not self._uvicorn.started:
            await asyncio.sleep(0.01)
        port = self._uvicorn.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._uvicorn.should_exit = self._uvicorn.force_exit = True
        await self._task

    async def _connect(self, sid: str, environ: object, auth: object = None) -> None:
        self.connected.set()

    async def send(self, events: int) -> None:
        """Emit so many events."""
        for number in range(events):
            await self._server.emit("tick", {"id": f"k{number % 100:03}", "n": number, "pad": "x" * 160})
            if number % CHUNK == 0:
                await asyncio.sleep(0)


def sse(items: list[bytes]) -> bytes:
    return b"".join(b"id: 1\nevent: tick\ndata: %s\n\n" % item for item in items)


def lines(items: list[bytes]) -> bytes:
    return b"\n".join(items) + b"\n"


@asynccontextmanager
async def source_of(transport: str) -> AsyncIterator[tuple[str, asyncio.Event, Send]]:
    if transport == "websocket":
        async with Source() as websocket:
            yield websocket.url, websocket.connected, partial(send_frames, websocket)
    elif transport == "socketio":
        async with SocketIoSource() as socketio:
            yield socketio.url, socketio.connected, socketio.send
    else:
        kinds: dict[str, tuple[bytes, Callable[[list[bytes]], bytes] | None]] = {
            "sse": (b"text/event-stream", sse),
            "json-lines": (b"application/x-ndjson", lines),
            "long-polling": (b"", None),
            "polling": (b"", None),
        }
        async with HttpSource(*kinds[transport]) as source:
            yield source.url, source.connected, source.send


async def recorded(database: Path, events: int) -> None:
    """Wait until the log holds so many events of the source."""
    async with asyncio.timeout(120):
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as log:
            while (log.execute("SELECT coalesce(max(offset), 0) FROM events").fetchone()[0]) < events:
                await asyncio.sleep(0.01)


async def run(transport: str, events: int) -> tuple[float, float]:
    async with source_of(transport) as (url, connected, send):
        text = FEED.format(use=transport, url=url, more=MORE.get(transport, ""))
        with workspace(text) as folder:
            hub = HubProcess(folder)
            try:
                await asyncio.wait_for(connected.wait(), 20)
                cpu, started = hub.cpu_seconds(), time.monotonic()
                async with asyncio.TaskGroup() as group:
                    group.create_task(send(events))
                    await recorded(folder / "collab.db", events)
                    used, seconds = hub.cpu_seconds() - cpu, time.monotonic() - started
                return events / used, events / seconds
            finally:
                hub.stop()


def main() -> None:
    transports = ("websocket", "sse", "json-lines", "long-polling", "polling", "socketio")
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("transports", nargs="*", default=transports, metavar="TRANSPORT")
    options.add_argument("--events", type=int, default=60_000)
    options.add_argument("--runs", type=int, default=3)
    args = options.parse_args()
    pin_here()
    print(f"{'transport':<14} {'per core':>10} {'on the clock':>13}   of {GOAL:,}")
    for transport in args.transports:
        runs = [asyncio.run(run(transport, args.events)) for _ in range(args.runs)]
        core, clock = (median([each[side] for each in runs]) for side in (0, 1))
        print(f"{transport:<14} {core:>8,.0f}/s {clock:>11,.0f}/s   {core / GOAL:.2f} x", flush=True)


if __name__ == "__main__":
    main()
