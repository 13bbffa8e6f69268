"""
How fast event streams are decoded: ours beside httpx-sse and npm's eventsource-parser, on the same bytes.

The first ratio is that of whole clients as they are used: chunks of a body through an `httpx.Response` into events,
by `aiter_bytes` and our decoder on one side, by httpx-sse's `aiter_sse` on the other. The second is that of our decoder
alone and eventsource-parser's, which runs in another engine, compiled while it runs. Runs alternate, so that a noisy
machine is noisy for all; medians are printed.

    pip install httpx-sse
    npm ci --prefix tests/npm
    python bench/sse_decoding.py [--runs 9] [--events 3000]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import importlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import httpx
from rig import median, pin_here

from collab_dash.transports.sse_decoder import SseDecoder

GOAL = 3.0
NPM = Path(__file__).parent.parent / "tests" / "npm"
CHUNKS = {"64 KiB": 65536, "16 KiB": 16384, "4 KiB": 4096, "an event": 0}

NPM_SCRIPT = """
import { readFileSync } from 'node:fs'
import { createParser } from 'eventsource-parser'
const { stream, sizes, runs } = JSON.parse(readFileSync(process.argv[1], 'utf8'))
const bytes = Buffer.from(stream, 'base64')
const chunks = []
let at = 0
for (const size of sizes) chunks.push(bytes.subarray(at, at += size))
const rates = []
for (let run = 0; run < runs; run += 1) {
  let events = 0
  const parser = createParser({ onEvent: () => { events += 1 } })
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const start = process.hrtime.bigint()
  for (const chunk of chunks) parser.feed(decoder.decode(chunk, { stream: true }))
  rates.push(events / (Number(process.hrtime.bigint() - start) / 1e9))
}
console.log(JSON.stringify(rates))
"""


def corpora(count: int) -> dict[str, bytes]:
    """Make streams as sources send them; the larger an event, the fewer of them."""

    def ticks(number: int) -> bytes:
        return b'data: {"id":"k%03d","n":%d,"price":"64123.51","pad":"%s"}\n\n' % (number % 100, number, b"x" * 140)

    def named(number: int) -> bytes:
        return b"id: %d\nevent: tick\n" % number + ticks(number)

    def edits(number: int) -> bytes:
        place = b'[{"topic":"eqiad.mediawiki.recentchange","partition":0,"timestamp":17000%08d}]' % number
        change = b'{"$schema":"/mediawiki/recentchange/1.0.0","n":%d,"pad":"%s"}' % (number, b"y" * 1200)
        return b"event: message\nid: " + place + b"\ndata: " + change + b"\n\n"

    def lines(number: int) -> bytes:
        return b"event: log\nid: %d\n" % number + b"data: a line of the event %s\n" % (b"z" * 40) * 8 + b"\n"

    made: dict[str, tuple[Callable[[int], bytes], int]] = {
        "200 B, data": (ticks, count * 4),
        "220 B, id, event, data": (named, count * 4),
        "1.4 KB, id, event, data": (edits, count),
        "550 B, 8 lines of data": (lines, count),
    }
    streams = {name: b"".join(map(make, range(many))) for name, (make, many) in made.items()}
    return streams | {f"{name}, CRLF": stream.replace(b"\n", b"\r\n") for name, stream in list(streams.items())[1:2]}


def cut(stream: bytes, size: int) -> list[bytes]:
    """Cut a stream as a network does: into chunks of `size` bytes, or of one event each where it is 0."""
    if size:
        return [stream[at : at + size] for at in range(0, len(stream), size)]
    end = b"\r\n\r\n" if b"\r\n" in stream else b"\n\n"
    return [event + end for event in stream.split(end)[:-1]]


class Body(httpx.AsyncByteStream):
    """A response's body that is there already."""

    def __init__(self, chunks: Sequence[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


def response(chunks: Sequence[bytes]) -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=Body(chunks))


async def read_by_us(chunks: Sequence[bytes]) -> int:
    events, decoder = 0, SseDecoder()
    async for chunk in response(chunks).aiter_bytes():
        for _ in decoder.feed(chunk):
            events += 1
    return events


def reader_of(library: Any) -> Callable[[Sequence[bytes]], Coroutine[Any, Any, int]]:
    async def read(chunks: Sequence[bytes]) -> int:
        events = 0
        async for _ in library.EventSource(response(chunks)).aiter_sse():
            events += 1
        return events

    return read


def decode(chunks: Sequence[bytes]) -> int:
    decoder = SseDecoder()
    return sum(len(decoder.feed(chunk)) for chunk in chunks)


def rate(work: Callable[[], int]) -> float:
    gc.collect()
    start = time.perf_counter()
    events = work()
    return events / (time.perf_counter() - start)


def npm_rates(chunks: Sequence[bytes], runs: int) -> list[float]:
    """Give the rates of eventsource-parser; none if it is not installed."""
    node = shutil.which("node")
    if node is None or not (NPM / "node_modules" / "eventsource-parser").exists():
        return []
    given = {"stream": base64.b64encode(b"".join(chunks)).decode(), "sizes": list(map(len, chunks)), "runs": runs}
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(given, file)
        file.flush()
        command = [node, "--input-type=module", "--eval", NPM_SCRIPT, file.name]
        told = subprocess.run(command, capture_output=True, check=True, cwd=NPM, timeout=120)
    rates: list[float] = json.loads(told.stdout)
    return rates


def measure(name: str, chunks: Sequence[bytes], library: Any, runs: int) -> float:
    """Print a line; give the ratio of the clients."""
    read_by_them = reader_of(library)
    ours, theirs, alone = [], [], []
    for _ in range(runs):
        ours.append(rate(lambda: asyncio.run(read_by_us(chunks))))
        theirs.append(rate(lambda: asyncio.run(read_by_them(chunks))))
        alone.append(rate(lambda: decode(chunks)))
    npm = npm_rates(chunks, runs)
    ratio = median(ours) / median(theirs)
    beside_npm = f"{median(npm):>12,.0f} {median(alone) / median(npm):>6.2f}" if npm else f"{'absent':>12} {'':>6}"
    clients = f"{median(ours):>12,.0f} {median(theirs):>12,.0f} {ratio:>6.2f}"
    print(f"{name:<36} {clients} {median(alone):>14,.0f} {beside_npm}", flush=True)
    return ratio


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9, help="runs of each, alternating")
    parser.add_argument(
        "--events", type=int, default=3000, help="large events in a stream, small ones four times as many"
    )
    options = parser.parse_args()
    try:
        library = importlib.import_module("httpx_sse")
    except ImportError:
        sys.exit("httpx-sse, which this compares with, is not installed: pip install httpx-sse")
    pin_here()
    print(f"events/s, medians of {options.runs} runs; goal: a ratio of {GOAL:g} or more to httpx-sse")
    print(f"{'':<36} {'ours':>12} {'httpx-sse':>12} {'ratio':>6} {'decoder alone':>14} {'npm':>12} {'ratio':>6}")
    for name, stream in corpora(options.events).items():
        for how, size in CHUNKS.items():
            measure(f"{name}; {how}", cut(stream, size), library, options.runs)


if __name__ == "__main__":
    main()
