"""
Events through the whole hub: WebSocket feed in, parsed, validated, recorded, and received by every one of 50 peers.

The hub has one core for all of it, its log's thread included. Goal: 20,000 events a second in, a million
deliveries a second out.

    python bench/through_hub.py [--peers 50] [--events 100000] [--runs 3]
"""

from __future__ import annotations

import argparse
import asyncio
import time

from rig import FEED, HubProcess, Source, counters, event_text, frame, median, pin_here, workspace

GOAL = 20_000
CHUNK = 200


async def run(peers: int, events: int) -> tuple[float, float]:
    frames = [frame(event_text(number, 0)) for number in range(CHUNK)]
    chunk = b"".join(frames)
    async with Source() as source:
        with workspace(FEED.format(url=source.url)) as folder:
            hub = HubProcess(folder)
            try:
                async with counters(hub.link, peers) as joined:
                    await source.connected.wait()
                    cpu, started = hub.cpu_seconds(), time.monotonic()
                    for _ in range(events // CHUNK):
                        await source.send(chunk)
                    async with asyncio.timeout(60):
                        while min(peer.events for peer in joined) < events:
                            await asyncio.sleep(0.005)
                    seconds = max(peer.last for peer in joined) - started
                    used = hub.cpu_seconds() - cpu
                    assert all(peer.events == events for peer in joined)
                    return events / seconds, used / seconds
            finally:
                hub.stop()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peers", type=int, default=50)
    options.add_argument("--events", type=int, default=100_000)
    options.add_argument("--runs", type=int, default=3)
    args = options.parse_args()
    pin_here()
    rates = []
    for _ in range(args.runs):
        rate, core = asyncio.run(run(args.peers, args.events))
        rates.append(rate)
        print(f"{rate:>9,.0f} events/s in  {rate * args.peers:>11,.0f} deliveries/s  {core:4.0%} of the core")
    middle = median(rates)
    print(f"median {middle:,.0f} events/s to {args.peers} peers: {middle / GOAL:.2f} x the goal of {GOAL:,}")


if __name__ == "__main__":
    main()
