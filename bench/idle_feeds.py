"""
What feeds cost that are connected and say nothing: 200 of them in one hub, beside the same hub without any.

Half are WebSockets, half event streams; each is a connection of its own, kept alive by the pings and comments that such
sources send. Goals: under 2 % of a core for all, under 1 MB each.

    python bench/idle_feeds.py [--feeds 200] [--seconds 20]
"""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import suppress
from pathlib import Path

import websockets
from rig import HubProcess, pin_here, workspace

GOAL_CORE = 0.02
GOAL_BYTES = 1_000_000
COMMENT_EVERY = 15.0
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n"


class Quiet:
    """Two servers that accept connections and send only signs of life."""

    def __init__(self) -> None:
        self.connected = 0
        self._streams: set[asyncio.Task[object]] = set()

    async def __aenter__(self) -> Quiet:
        self._websocket = await websockets.serve(self._listen, "127.0.0.1", 0, ping_interval=20)
        self._sse = await asyncio.start_server(self._stream, "127.0.0.1", 0)
        self.ports = [next(iter(each.sockets)).getsockname()[1] for each in (self._websocket, self._sse)]
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._websocket.close()
        self._sse.close()
        if self._streams:
            await asyncio.wait(self._streams, timeout=COMMENT_EVERY + 5)

    async def _listen(self, connection: websockets.ServerConnection) -> None:
        self.connected += 1
        await connection.wait_closed()

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        await reader.readuntil(b"\r\n\r\n")
        self.connected += 1
        writer.write(STREAM)
        with suppress(ConnectionError):
            while not reader.at_eof():
                with suppress(TimeoutError):
                    async with asyncio.timeout(COMMENT_EVERY):
                        await reader.read()
                writer.write(b": still here\n\n")
                await writer.drain()
        writer.transport.abort()

    def feed(self, number: int) -> str:
        """Give the configuration of one feed; its query makes it another source."""
        use, scheme = (("websocket", "ws"), ("sse", "http"))[number % 2]
        url = f"{scheme}://127.0.0.1:{self.ports[number % 2]}/?feed={number}"
        return f'[feeds.f{number}]\nuse = "{use}"\nurl = "{url}"\n'


def resident(pid: int) -> int:
    """Give the bytes of memory that a process holds for itself."""
    fields = Path(f"/proc/{pid}/smaps_rollup").read_text().split()
    return sum(int(fields[fields.index(name) + 1]) for name in ("Private_Clean:", "Private_Dirty:")) * 1024


async def measure(feeds: int, seconds: float) -> tuple[float, int]:
    """Give the share of a core and the memory of a hub with so many idle feeds."""
    async with Quiet() as quiet:
        text = '[session]\nname = "bench"\n' + "".join(quiet.feed(number) for number in range(feeds))
        with workspace(text) as folder:
            hub = HubProcess(folder)
            try:
                async with asyncio.timeout(60):
                    while quiet.connected < feeds:
                        await asyncio.sleep(0.05)
                await asyncio.sleep(2)
                cpu, started = hub.cpu_seconds(), time.monotonic()
                await asyncio.sleep(seconds)
                return (hub.cpu_seconds() - cpu) / (time.monotonic() - started), resident(hub.process.pid)
            finally:
                hub.stop()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--feeds", type=int, default=200)
    options.add_argument("--seconds", type=float, default=20.0)
    args = options.parse_args()
    pin_here()
    _, bare = asyncio.run(measure(2, 0.1))
    core, memory = asyncio.run(measure(args.feeds, args.seconds))
    each = (memory - bare) / (args.feeds - 2)
    print(f"{args.feeds} idle feeds: {core:.2%} of a core ({core / GOAL_CORE:.2f} x the limit of {GOAL_CORE:.0%})")
    print(f"each {each / 1e6:.3f} MB ({each / GOAL_BYTES:.2f} x the limit of {GOAL_BYTES / 1e6:g} MB)")


if __name__ == "__main__":
    main()
