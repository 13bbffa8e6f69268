"""
A hundred people move their cursors: what it costs the hub, and whether each of them sees every frame.

Each joins by a link of its own, says where it looks, and then moves on 5 and on 10 times a second, at moments of its
own. Prints the hub's processor time as a share of a core, the longest anybody waited for a frame, and how many frames
each got. Fails if one got others than another, or if the last that anybody said is not the last that all know.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
import zlib
from collections.abc import AsyncIterator
from functools import partial

from rig import HubProcess, pin_here, workspace

from collab_dash.doc.sync import Kind, Presence, read, read_presence, write, write_presence

PEERS, SECONDS, RATES = 100, 10.0, (5.0, 10.0)
WORKSPACE = '[session]\nname = "bench"\n'


class Mover(asyncio.Protocol):
    """
    A person's program, without what it draws.

    Args:
        token: To join by.
        number: Its client number.

    """

    def __init__(self, token: str, number: int) -> None:
        self.number = number
        self.token = token
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.said = 0
        self.counting = False
        self.frames: list[bytes] = []
        self.times: list[float] = []
        self.digest = 0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        host, port = transport.get_extra_info("peername")[:2]
        transport.write(
            f"GET /ws HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 101"):
            hello = {"protocol": 1, "token": self.token, "name": f"p{self.number}", "feeds": []}
            self._send(0x81, json.dumps({"id": 1, "event": "session:hello", "data": hello}).encode())
            data = data.partition(b"\r\n\r\n")[2]
        self._buffer += data
        while (frame := self._next_frame()) is not None:
            self._take(*frame)

    def _next_frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(buffer[2:start])
        if len(buffer) < start + size:
            return None
        self._buffer = buffer[start + size :]
        return buffer[0] & 15, buffer[start : start + size]

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == 1 and b'"recovered"' in payload and not self.joined.done():
            self.joined.set_result(None)
        elif kind == 9:
            self._send(0x8A, payload)
        elif kind == 2 and self.counting:
            self.times.append(time.monotonic())
            self.digest = zlib.crc32(payload, self.digest)
            if self.number == 1:
                self.frames.append(payload)

    def _send(self, head: int, payload: bytes) -> None:
        size = len(payload)
        length = bytes((0x80 | size,)) if size < 126 else b"\xfe" + size.to_bytes(2)
        self.transport.write(bytes((head,)) + length + b"\0\0\0\0" + payload)

    def move(self) -> None:
        """Put the cursor on another row."""
        self.said += 1
        glance = {"page": "5f1d0c3a", "pane": "9b27e4d1", "offset": 1_000_000 + self.said, "scroll": self.said % 50}
        entry = Presence(self.number, self.said, json.dumps(glance, separators=(",", ":")).encode())
        self._send(0x82, write(Kind.AWARENESS, write_presence([entry])))

    def ask(self) -> None:
        """Have everything from now on."""
        self._send(0x82, write(Kind.ASK_AWARENESS))

    async def wander(self, rate: float, until: float) -> None:
        """Move on so many times a second."""
        due = time.monotonic() + (self.number % PEERS) / PEERS / rate
        while due < until:
            await asyncio.sleep(due - time.monotonic())
            self.move()
            due += 1 / rate


@contextlib.asynccontextmanager
async def movers(link: str) -> AsyncIterator[list[Mover]]:
    """Join all of them."""
    match = re.fullmatch(r"http://([^:]+):(\d+)/#(.+)", link)
    assert match is not None
    peers = []
    for number in range(1, PEERS + 1):
        make = partial(Mover, match[3], number)
        _, peer = await asyncio.get_running_loop().create_connection(make, match[1], int(match[2]))
        await peer.joined
        peer.ask()
        peer.move()
        peers.append(peer)
    try:
        yield peers
    finally:
        for peer in peers:
            peer.transport.abort()


async def measure(hub: HubProcess, rate: float) -> None:
    """Let everybody move at one rate, and print what came of it."""
    async with movers(hub.link) as peers:
        await asyncio.sleep(1.0)
        for peer in peers:
            peer.counting = True
        before, start = hub.cpu_seconds(), time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for peer in peers:
                tasks.create_task(peer.wander(rate, start + SECONDS))
        await asyncio.sleep(0.5)
        share = (hub.cpu_seconds() - before) / (time.monotonic() - start)
        gaps = [max(b - a for a, b in zip(peer.times, peer.times[1:], strict=False)) for peer in peers]
        counts = sorted(len(peer.times) for peer in peers)
        assert len({(peer.digest, len(peer.times)) for peer in peers}) == 1, f"frames were dropped: {counts}"
        assert known(peers[0].frames) == {peer.number: 1_000_000 + peer.said for peer in peers}, "not the last word"
    moves, size = sum(peer.said for peer in peers) / SECONDS, sum(map(len, peers[0].frames)) / counts[0] / 1024
    print(
        f"{PEERS} peers, {rate:g} moves a second each: hub {share:.3f} of a core at {moves:,.0f} moves a second, "
        f"{counts[0]} frames of {size:.1f} KiB to each, none dropped, longest gap {max(gaps) * 1000:.0f} ms"
    )


def known(frames: list[bytes]) -> dict[int, int]:
    """Give the event under everybody's cursor, as somebody knows it who got these frames."""
    cursors: dict[int, int] = {}
    for frame in frames:
        for client, _, state in read_presence(read(frame).payload):
            told = json.loads(state)
            if told is None:
                cursors.pop(client, None)
            else:
                cursors[client] = told["offset"]
    return cursors


def main() -> None:
    """Measure every rate on a hub of its own."""
    pin_here()
    for rate in RATES:
        with workspace(WORKSPACE) as folder:
            hub = HubProcess(folder)
            try:
                asyncio.run(measure(hub, rate))
            finally:
                hub.stop()


if __name__ == "__main__":
    main()
