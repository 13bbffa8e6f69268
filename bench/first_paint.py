"""
How soon the board's first paint is there, with its hub running, against a minimal Textual app's.

Both are started as a person starts them, under a terminal of their own, turn by turn; medians are compared.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence

from rig import HubProcess, as_installed, median, pin_here, workspace

LIMIT = 1.3
ROUNDS = 15
PATIENCE = 20.0
MINIMAL = """
from textual.app import App
from textual.widgets import Static

class Minimal(App):
    def compose(self):
        yield Static("first paint")

Minimal().run()
"""
WORKSPACE = """
[session]
name = "bench"
[feeds.machine]
use = "system"
[[pages]]
title = "One"
[[pages.panes]]
feed = "machine"
view = "table"
"""


def first_paint(command: Sequence[str], marker: bytes) -> float:
    """Start a program under a terminal and give the seconds until it shows `marker`."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 45, 160, 0, 0))
    environ = {**as_installed(), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    start = time.monotonic()
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, close_fds=True, env=environ
    )
    os.close(theirs)
    try:
        _await(ours, marker, start)
        return time.monotonic() - start
    finally:
        process.kill()
        process.wait()
        os.close(ours)


def _await(terminal: int, marker: bytes, start: float) -> None:
    seen = b""
    while marker not in seen:
        if time.monotonic() - start > PATIENCE:
            raise TimeoutError(f"no {marker!r} within {PATIENCE:g} s; there was {seen[-500:]!r}")
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 65_536)


def main() -> None:
    """Print both medians and their ratio."""
    pin_here()
    with workspace(WORKSPACE) as folder:
        hub = HubProcess(folder)
        try:
            minimal, board = [], []
            for round_ in range(ROUNDS + 1):
                bare = first_paint([sys.executable, "-c", MINIMAL], b"first paint")
                ours = first_paint([sys.executable, "-m", "collab_dash", str(folder)], b"collab-dash")
                if round_:  # the first round warms the disk's cache
                    minimal.append(bare)
                    board.append(ours)
        finally:
            hub.stop()
    ratio = median(board) / median(minimal)
    print(f"minimal Textual app  {median(minimal) * 1000:6.0f} ms")
    print(f"board                {median(board) * 1000:6.0f} ms")
    print(f"ratio                {ratio:6.2f}   limit {LIMIT}   {'ok' if ratio <= LIMIT else 'MISSED'}")


if __name__ == "__main__":
    main()
