"""
What the board costs and how fast it answers: the real program under a terminal of 160×45, on a real hub, six panes.

Two runs, each several times: the share of a core it takes at 1,000 events a second, and how long a key takes to
show on the terminal at 20,000 events a second. The hub has one core; the board, the source of events and the
terminal share the other.

    python bench/board.py [--runs 3] [--seconds 10] [--keys 300]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import os
import pty
import random
import re
import struct
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator
from pathlib import Path

from rig import FEED, HubProcess, Source, event_text, frame, median, pin_here, workspace

CORE_LIMIT, KEY_LIMIT = 1 / 3, 0.100
CALM, FLOOD = 1_000, 20_000
TICK = 0.01
SETTLE = 4.0
BOARD = (
    FEED
    + """
[[pages]]
title = "Six"
[[pages.panes]]
feed = "source"
view = "table"
columns = ["key", "n", "spark(n)", "age"]
width = 4
[[pages.panes]]
feed = "source"
view = "line"
field = "n"
key = "k001"
width = 4
[[pages.panes]]
feed = "source"
view = "stat"
field = "n"
by = "feed"
width = 4
[[pages.panes]]
feed = "source"
view = "log"
columns = ["time", "key", "n", "t"]
width = 4
[[pages.panes]]
feed = "source"
view = "bars"
by = "key"
width = 4
[[pages.panes]]
feed = "source"
view = "json"
width = 4
"""
)
PANES = 6


def focused(pane: int) -> re.Pattern[bytes]:
    """Find a heavy corner with a pane's number: what the terminal gets once that pane has the focus."""
    return re.compile("┏━".encode() + rb"[^\xe2]*m%d " % pane)


class Terminal:
    """The board under a terminal that remembers what was written since somebody last looked."""

    def __init__(self, folder: Path) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 160, 0, 0))
        environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        command = [sys.executable, "-m", "collab_dash", str(folder), "--name", "bench"]
        self.process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, env=environ
        )
        os.close(theirs)
        self.seen = b""
        self.written = 0
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._ours, self._read)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            data = os.read(self._ours, 1 << 20)
            self.written += len(data)
            self.seen += data
            self._changed.set()

    async def shows(self, text: re.Pattern[bytes], *, within: float = 20.0) -> None:
        """Wait until a text is written."""
        async with asyncio.timeout(within):
            while text.search(self.seen) is None:
                self.seen = self.seen[-200:]
                self._changed.clear()
                await self._changed.wait()

    async def focus(self, pane: int) -> float:
        """Give the seconds from a pane's key to its heavy frame on the terminal."""
        self.seen = b""
        start = time.monotonic()
        os.write(self._ours, b"%d" % pane)
        await self.shows(focused(pane))
        return time.monotonic() - start

    def cpu_seconds(self) -> float:
        """Give the processor time the board has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End the board."""
        asyncio.get_running_loop().remove_reader(self._ours)
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


class Stream:
    """Events at an even rate, counted as they are sent."""

    def __init__(self, source: Source, rate: int) -> None:
        self._source = source
        self._rate = rate
        self.sent = 0

    async def run(self) -> None:
        started = time.monotonic()
        while True:
            due = int((time.monotonic() - started) * self._rate)
            if due > self.sent:
                numbers = range(self.sent, due)
                await self._source.send(b"".join(frame(event_text(number, 0)) for number in numbers))
                self.sent = due
            await asyncio.sleep(TICK)


@contextlib.asynccontextmanager
async def flowing(rate: int) -> AsyncIterator[tuple[Terminal, Stream, HubProcess]]:
    """Open a board on a hub that gets `rate` events a second."""
    async with Source() as source:
        with workspace(BOARD.format(url=source.url)) as folder:
            hub = HubProcess(folder)
            terminal = Terminal(folder)
            stream = Stream(source, rate)
            sending = None
            try:
                await terminal.shows(focused(1))
                await source.connected.wait()
                sending = asyncio.create_task(stream.run())
                await asyncio.sleep(SETTLE)
                terminal.seen = b""
                yield terminal, stream, hub
            finally:
                if sending is not None:
                    sending.cancel()
                    await asyncio.gather(sending, return_exceptions=True)
                terminal.close()
                hub.stop()


async def cost(seconds: float) -> float:
    """Give the share of a core that the board takes."""
    async with flowing(CALM) as (terminal, stream, _):
        cpu, sent, written, started = terminal.cpu_seconds(), stream.sent, terminal.written, time.monotonic()
        await asyncio.sleep(seconds)
        took = time.monotonic() - started
        share = (terminal.cpu_seconds() - cpu) / took
        rate, output = (stream.sent - sent) / took, (terminal.written - written) / took
    print(f"  {rate:7,.0f} events/s   board {share:5.1%} of a core   {output / 1000:5.0f} kB/s to the terminal")
    return share


async def latency(keys: int) -> float:
    """Give the 99th percentile of the time from a key to its answer."""
    chance = random.Random(1)
    async with flowing(FLOOD) as (terminal, stream, hub):
        cpu, hub_cpu, sent, started = terminal.cpu_seconds(), hub.cpu_seconds(), stream.sent, time.monotonic()
        times = []
        for number in range(keys):
            await asyncio.sleep(chance.uniform(0.02, 0.2))
            times.append(await terminal.focus((number + 1) % PANES + 1))
        took = time.monotonic() - started
        rate = (stream.sent - sent) / took
        share, hub_share = (terminal.cpu_seconds() - cpu) / took, (hub.cpu_seconds() - hub_cpu) / took
    times.sort()
    p99 = times[min(int(len(times) * 0.99), len(times) - 1)]
    print(
        f"  {rate:7,.0f} events/s   key p50 {median(times) * 1000:4.0f} ms   p99 {p99 * 1000:4.0f} ms"
        f"   board {share:4.0%}, hub {hub_share:4.0%} of a core"
    )
    return p99


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--seconds", type=float, default=10.0)
    options.add_argument("--keys", type=int, default=300)
    args = options.parse_args()
    pin_here()
    share = median([asyncio.run(cost(args.seconds)) for _ in range(args.runs)])
    p99 = median([asyncio.run(latency(args.keys)) for _ in range(args.runs)])
    for what, value, limit in (("share of a core", share, CORE_LIMIT), ("key p99, seconds", p99, KEY_LIMIT)):
        verdict = "ok" if value < limit else "MISSED"
        print(f"{what:<17} {value:.3f}   limit {limit:.3f}   ratio {value / limit:.2f}   {verdict}")


if __name__ == "__main__":
    main()
