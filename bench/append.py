"""
How fast events reach the disk: `Log.append` beside raw `sqlite3.executemany`, same rows, schema, pragmas and batches.

Runs alternate, so that a noisy machine is noisy for both; medians are printed. A batch of one costs a hop to the
writer's thread, which raw sqlite3 on the calling thread does not pay; under load batches are large.

The second table is the hub under load: raw sqlite3 on a thread too, beside an event loop that works for some
milliseconds between two looks at its sockets. A cell there ends early once it took `CELL_SECONDS`.

    python bench/append.py [--runs 7] [--seconds 0.15]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from statistics import median

from collab_dash.event import Event, Record, record
from collab_dash.server.process import SWITCH_INTERVAL
from collab_dash.store import schema
from collab_dash.store.log import Log, open_log

BATCHES = (1, 100, 500, 1000)
GOAL = 0.8
CELL_SECONDS = 8.0
BUSY_SECONDS = 0.004
INSERT = "INSERT INTO events VALUES (?,?,?,?,?,?,?)"


def rows(count: int) -> list[Record]:
    payload = {"price": "64123.51", "side": "buy", "note": "x" * 150}
    event = Event(type="ticker:update", key="BTC-USD", data=payload)
    return [record(event, feed=f"feed{number % 5}", received=number) for number in range(count)]


def raw_database(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    schema.migrate(connection, path)
    schema.tune(connection)
    return connection


def raw_append(connection: sqlite3.Connection, first: int, batch: Sequence[Record]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(INSERT, ((offset, *row) for offset, row in enumerate(batch, first)))
    connection.execute("COMMIT")


async def time_log(log: Log, batch: Sequence[Record], seconds: float) -> float:
    done, start = 0, time.perf_counter()
    while time.perf_counter() < start + seconds:
        await log.append(batch, {})
        done += len(batch)
    return done / (time.perf_counter() - start)


async def time_raw(connection: sqlite3.Connection, batch: Sequence[Record], seconds: float, *, thread: bool) -> float:
    (last,) = connection.execute("SELECT coalesce(max(offset), 0) FROM events").fetchone()
    done, start = 0, time.perf_counter()
    while time.perf_counter() < start + seconds:
        first = last + done + 1
        if thread:
            await asyncio.to_thread(raw_append, connection, first, batch)
        else:
            raw_append(connection, first, batch)
        done += len(batch)
    return done / (time.perf_counter() - start)


@contextlib.asynccontextmanager
async def busy_loop() -> AsyncIterator[None]:
    async def work() -> None:
        while True:
            until = time.perf_counter() + BUSY_SECONDS
            while time.perf_counter() < until:
                sum(range(100))
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        worker = tasks.create_task(work())
        try:
            yield
        finally:
            worker.cancel()


async def measure(size: int, runs: int, seconds: float, *, busy: bool) -> tuple[float, float]:
    batch = rows(size)
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        log = await open_log(Path(folder, "log.db"))
        with contextlib.closing(raw_database(Path(folder, "raw.db"))) as connection:
            try:
                end = time.perf_counter() + CELL_SECONDS
                while len(ours) < runs and (not ours or time.perf_counter() < end):
                    async with busy_loop() if busy else contextlib.nullcontext():
                        ours.append(await time_log(log, batch, seconds))
                        theirs.append(await time_raw(connection, batch, seconds, thread=busy))
            finally:
                await log.close()
    return median(ours), median(theirs)


async def table(runs: int, seconds: float, *, busy: bool) -> None:
    print(f"{'batch':>6} {'Log.append':>12} {'executemany':>12} {'ratio':>6}")
    for size in BATCHES:
        ours, theirs = await measure(size, runs, seconds, busy=busy)
        print(f"{size:>6,} {ours:>12,.0f} {theirs:>12,.0f} {ours / theirs:>6.2f}", flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="runs of each, alternating")
    parser.add_argument("--seconds", type=float, default=0.15, help="length of one run")
    options = parser.parse_args()
    sys.setswitchinterval(SWITCH_INTERVAL)
    print(f"rows/s, medians of up to {options.runs} runs; goal: a ratio of {GOAL} or more")
    print("\nidle event loop (executemany on the calling thread)")
    await table(options.runs, options.seconds, busy=False)
    print("\nbusy event loop (executemany on another thread)")
    await table(options.runs, options.seconds, busy=True)


if __name__ == "__main__":
    asyncio.run(main())
