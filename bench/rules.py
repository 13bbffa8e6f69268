"""
What rules cost the hub: `Rules.evaluate` for a batch of events, beside what checking and encoding the same batch costs.

No rule is met in any of the cells but the last, where every event meets one that waits to have held for long enough.

    python bench/rules.py [--runs 7]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from collab_dash.event import Event, record
from collab_dash.hub.alerts import Alerts
from collab_dash.hub.recorder import Recorder
from collab_dash.hub.rules import Rules
from collab_dash.hub.targets import Targets
from collab_dash.rules import Rule
from collab_dash.store.log import open_log

EVENTS = 1000
CELLS = {
    "no rules": (0.01, []),
    "a rule on another feed": (0.2, ["other: price > 5"]),
    "a rule on this feed": (2.0, ["market: change_24h > 50"]),
    "ten rules on all feeds": (8.0, [f"*: change_24h > {50 + number}" for number in range(10)]),
    "a rule that waits": (8.0, ["market: change_24h < 50"]),
}


def timed(work: Callable[[], None], runs: int) -> float:
    """Give the median time of a run, in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


async def measure(runs: int) -> bool:
    events = [
        Event(type="ticker:update", key=f"K{n % 50}", data={"price": n * 1.5, "change_24h": n % 40, "side": "buy"})
        for n in range(EVENTS)
    ]
    batch = [record(event, feed="market", received=1) for event in events]
    encoding = timed(lambda: [record(event, feed="market", received=1) for event in events].clear(), runs)
    print(f"{'checking and encoding':24} {encoding / EVENTS * 1e6:6.2f} µs an event")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        log = await open_log(Path(folder) / "bench.db")
        alerts = Alerts(Recorder(log, lambda first, records: None), (), Targets({}, Path(folder)))
        for name, (limit, whens) in CELLS.items():
            hold = 3600.0 if name.endswith("waits") else 0.0
            rules = Rules(alerts, [Rule(id=f"r{number}", when=when, hold=hold) for number, when in enumerate(whens)])
            cost = timed(lambda rules=rules: rules.evaluate(1, batch), runs)  # type: ignore[misc]
            good &= cost / encoding < limit
            print(f"{name:24} {cost / EVENTS * 1e6:6.2f} µs an event: {cost / encoding:.2f} ×, limit {limit} ×")
        await log.close()
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    return 0 if asyncio.run(measure(parser.parse_args().runs)) else 1


if __name__ == "__main__":
    sys.exit(main())
