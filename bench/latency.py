"""
From upstream's hands to a peer's hands, through the whole hub, recording on.

A source sends events stamped with the machine's monotonic clock at a steady rate; one of the peers reads the
stamps. Goal: p99 under 10 ms at 500 events a second with 20 peers.

    python bench/latency.py [--peers 20] [--rate 500] [--seconds 6] [--runs 3]
"""

from __future__ import annotations

import argparse
import asyncio
import re
import time

from rig import FEED, HubProcess, Source, counters, event_text, frame, median, pin_here, workspace

GOAL_MS = 10.0
STAMPED = re.compile(rb'"t":(\d+),')


async def run(peers: int, rate: int, seconds: float) -> tuple[float, float]:
    delays: list[float] = []

    def read(data: bytes) -> None:
        now = time.monotonic_ns()
        delays.extend((now - int(stamp)) / 1e6 for stamp in STAMPED.findall(data))

    async with Source() as source:
        with workspace(FEED.format(url=source.url)) as folder:
            hub = HubProcess(folder)
            try:
                async with counters(hub.link, peers, read):
                    await source.connected.wait()
                    started = time.monotonic()
                    for number in range(int(rate * seconds)):
                        await asyncio.sleep(started + number / rate - time.monotonic())
                        await source.send(frame(event_text(number, time.monotonic_ns())))
                    async with asyncio.timeout(10):
                        while len(delays) < int(rate * seconds):
                            await asyncio.sleep(0.01)
            finally:
                hub.stop()
    settled = sorted(delays[rate // 2 :])
    return settled[len(settled) // 2], settled[len(settled) * 99 // 100]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peers", type=int, default=20)
    options.add_argument("--rate", type=int, default=500)
    options.add_argument("--seconds", type=float, default=6)
    options.add_argument("--runs", type=int, default=3)
    args = options.parse_args()
    pin_here()
    tails = []
    for _ in range(args.runs):
        p50, p99 = asyncio.run(run(args.peers, args.rate, args.seconds))
        tails.append(p99)
        print(f"p50 {p50:6.2f} ms   p99 {p99:6.2f} ms")
    middle = median(tails)
    print(
        f"median p99 {middle:.2f} ms at {args.rate}/s to {args.peers} peers: "
        f"{middle / GOAL_MS:.2f} x the limit of {GOAL_MS:g} ms"
    )


if __name__ == "__main__":
    main()
