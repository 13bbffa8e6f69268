"""
How fast the command answers: `collab-dash --help` beside `python -c "import pydantic"`, each a new process.

Runs alternate, so that a noisy machine is noisy for both; medians are printed. `python -c pass` is the floor of both.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from rig import as_installed

GOAL = 1.5
HELP = "collab-dash --help"
PYDANTIC = 'python -c "import pydantic"'
FLOOR = "python -c pass"


def installed() -> str:
    beside = Path(sys.executable).with_name("collab-dash")
    found = str(beside) if beside.exists() else shutil.which("collab-dash")
    if found is None:
        sys.exit("collab-dash is not installed beside this python")
    return found


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=as_installed())
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=25, help="runs of each, alternating")
    options = parser.parse_args()
    commands = {
        HELP: [installed(), "--help"],
        PYDANTIC: [sys.executable, "-c", "import pydantic"],
        FLOOR: [sys.executable, "-c", "pass"],
    }
    for command in commands.values():
        seconds(command)  # so that no first run writes byte code
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(options.runs):
        for name, command in commands.items():
            taken[name].append(seconds(command))
    for name, times in taken.items():
        print(f"{name:<28} {median(times) * 1000:6.1f} ms")
    ratio = median(taken[HELP]) / median(taken[PYDANTIC])
    print(f"\nratio {ratio:.2f}, medians of {options.runs} runs; goal: under {GOAL}")


if __name__ == "__main__":
    main()
