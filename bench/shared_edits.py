"""
The shared document through a hub: an edit to the other screens' replicas, joining a large document, its size on disk.

Every peer is a joined session with a replica of its own, as a screen's is; all of them share one core here, so that
what they do with an edit counts too. Limits: p99 under 20 ms with 20 peers; a document of 5,000 marks joined within
300 ms, from connecting to the replica being level; on disk at most twice its encoded size once it is put together.

    python bench/shared_edits.py [--peers 20] [--rate 50] [--seconds 6] [--marks 5000] [--runs 3]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

from rig import HubProcess, median, pin_here, workspace

from collab_dash.board import Pane
from collab_dash.doc import edits
from collab_dash.doc.document import Changed, Document
from collab_dash.doc.entries import Author, Mark
from collab_dash.peer.replica import Replica
from collab_dash.peer.session import Session, join

EDIT_MS, JOIN_MS, TIMES = 20.0, 300.0, 2.0
CHUNK = 100
BOARD = """
[session]
name = "bench"
[[pages]]
title = "First"
[[pages.panes]]
view = "feeds"
"""


async def drain(session: Session) -> None:
    async for _ in session:
        pass


@contextlib.asynccontextmanager
async def replica_at(link: str) -> AsyncIterator[Replica]:
    """Join with a replica that is level."""
    async with join(link, name="bench", feeds=()) as session:
        replica = Replica(session)
        session.share(replica)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(replica.run()), tasks.create_task(drain(session))]
            await replica.ready.wait()
            yield replica
            for task in running:
                task.cancel()


async def until(replica: Replica, shared: int) -> None:
    while replica.unshared > shared:
        await asyncio.sleep(0.002)


async def time_edits(link: str, peers: int, rate: int, seconds: float) -> tuple[float, float]:
    """Let peers edit in turn; give the median and the 99th percentile of the milliseconds until another has it."""
    delays: list[float] = []
    async with contextlib.AsyncExitStack() as stack:
        replicas = [await stack.enter_async_context(replica_at(link)) for _ in range(peers)]
        with replicas[0].edit() as document:
            panes = [edits.add_pane(document, next(iter(document.pages)), Pane(view="feeds")) for _ in replicas]
        for replica in replicas:
            while not replica.document.panes.keys() >= set(panes):
                await asyncio.sleep(0.002)

        def watch(replica: Replica, own: str) -> None:
            def changed(which: Changed | None) -> None:
                now = time.monotonic_ns()
                others = [id_ for root, id_ in which or () if root == "panes" and id_ != own]
                delays.extend((now - int(replica.document.panes[id_].title)) / 1e6 for id_ in others)

            replica.watchers.append(changed)

        for replica, pane in zip(replicas, panes, strict=True):
            watch(replica, pane)
        started, count = time.monotonic(), int(rate * seconds)
        for number in range(count):
            await asyncio.sleep(started + number / rate - time.monotonic())
            replica = replicas[number % peers]
            with replica.edit() as document:
                edits.change(document, "panes", panes[number % peers], title=str(time.monotonic_ns()))
        for replica in replicas:
            await until(replica, 0)
        async with asyncio.timeout(5):
            while len(delays) < count * (peers - 1):
                await asyncio.sleep(0.01)
    settled = sorted(delays[len(delays) // 10 :])
    return settled[len(settled) // 2], settled[len(settled) * 99 // 100]


async def fill(link: str, marks: int) -> None:
    """Let somebody pin many events."""
    author = Author(id="", name="bench", color="red")
    async with replica_at(link) as replica:
        for first in range(0, marks, CHUNK):
            with replica.edit() as document:
                for number in range(first, min(first + CHUNK, marks)):
                    line = f"M {number % 80 / 10} - {number} km of somewhere"
                    time_ = 1_763_820_000_000 + number
                    edits.add_mark(
                        document, Mark(offset=number, feed="quakes", time=time_, text=line, by=author, at=time_)
                    )
            await until(replica, 0)


async def time_join(link: str) -> float:
    started = time.monotonic()
    async with replica_at(link) as replica:
        seconds = time.monotonic() - started
        assert replica.document.marks
    return seconds * 1000


def sizes(database: Path) -> tuple[int, int]:
    """Give the bytes of the rows that hold the document, and of its encoding."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        rows = [row[0] for row in opened.execute("SELECT data FROM doc_updates ORDER BY id")]
    document = Document()
    for row in rows:
        document.apply(row)
    return sum(map(len, rows)), len(document.since())


def run(peers: int, rate: int, seconds: float, marks: int) -> tuple[float, float, float]:
    with workspace(BOARD) as folder:
        hub = HubProcess(folder)
        try:
            p50, p99 = asyncio.run(time_edits(hub.link, peers, rate, seconds))
            asyncio.run(fill(hub.link, marks))
            joins = [asyncio.run(time_join(hub.link)) for _ in range(5)]
            live = sizes(folder / "collab.db")
        finally:
            hub.stop()
        HubProcess(folder).stop()  # it puts together what it finds
        kept, encoded = sizes(folder / "collab.db")
    print(
        f"edit p50 {p50:5.2f} ms  p99 {p99:5.2f} ms   join {median(joins):5.0f} ms   "
        f"on disk {live[0]:,} bytes while it runs, {kept:,} put together, of {encoded:,}",
        flush=True,
    )
    return p99, median(joins), max(kept, live[0]) / encoded


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peers", type=int, default=20)
    options.add_argument("--rate", type=int, default=50, help="edits a second, of all peers together")
    options.add_argument("--seconds", type=float, default=6)
    options.add_argument("--marks", type=int, default=5000)
    options.add_argument("--runs", type=int, default=3)
    args = options.parse_args()
    pin_here()
    runs = [run(args.peers, args.rate, args.seconds, args.marks) for _ in range(args.runs)]
    p99, joins, times = (median([each[side] for each in runs]) for side in range(3))
    print(f"median p99 {p99:.2f} ms to {args.peers} peers: {p99 / EDIT_MS:.2f} x the limit of {EDIT_MS:g} ms")
    print(f"median join of {args.marks:,} marks {joins:.0f} ms: {joins / JOIN_MS:.2f} x the limit of {JOIN_MS:g} ms")
    print(f"on disk {times:.2f} x the encoded size: {times / TIMES:.2f} x the limit of {TIMES:g}")


if __name__ == "__main__":
    main()
