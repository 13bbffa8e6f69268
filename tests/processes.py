"""The program itself, run as people run it: as processes, on pipes and on terminals."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import signal
import struct
import sys
import termios
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PATIENCE = 15.0


class Program:
    """A running ``collab-dash``."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.output = bytearray()
        self.count = 0
        self._pulse = asyncio.Event()

    @property
    def lines(self) -> list[str]:
        """The whole lines it has written so far."""
        return self.output.decode(errors="replace").split("\n")[:-1]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its lines, read as JSON."""
        return [json.loads(line) for line in self.lines]

    @property
    def last(self) -> dict[str, Any]:
        """Its last whole line, read as JSON; empty before the first."""
        end = self.output.rfind(b"\n")
        last: dict[str, Any] = json.loads(self.output[self.output.rfind(b"\n", 0, end) + 1 : end]) if end > 0 else {}
        return last

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on its output holds."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    await self._pulse.wait()
        except TimeoutError:
            state = "runs" if self.process.returncode is None else f"has ended with {self.process.returncode}"
            raise AssertionError(
                f"it never came to be; the program {state} and wrote {self.output[-2000:]!r}"
            ) from None

    async def shows(self, text: str, *, after: int = 0) -> int:
        """Wait until it has written a text; give the place behind it."""
        sought = text.encode()
        await self.until(lambda: self.output.find(sought, after) >= 0)
        return self.output.index(sought, after) + len(sought)

    async def has(self, count: int) -> None:
        """Wait until it has written so many lines."""
        await self.until(lambda: self.count >= count)

    def take(self, data: bytes) -> None:
        """Take what it wrote."""
        self.output += data
        self.count += data.count(b"\n")
        self._pulse.set()
        self._pulse = asyncio.Event()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Wait for its end; give its exit code."""
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
            process.terminate()
        try:
            async with asyncio.timeout(5):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _command(arguments: tuple[object, ...]) -> list[str]:
    return [sys.executable, "-m", "collab_dash", *map(str, arguments)]


@asynccontextmanager
async def program(*arguments: object) -> AsyncIterator[Program]:
    """Run ``collab-dash`` on pipes for as long as the block runs."""
    process = await asyncio.create_subprocess_exec(*_command(arguments), stdin=DEVNULL, stdout=PIPE)
    running = Program(process)

    async def read() -> None:
        assert process.stdout is not None
        while data := await process.stdout.read(1 << 16):
            running.take(data)

    reading = asyncio.create_task(read())
    try:
        yield running
    finally:
        await _end(process)
        await reading


async def output_of(*arguments: object) -> str:
    """Run ``collab-dash`` to its end; give what it wrote."""
    async with program(*arguments) as running:
        assert await running.ended() == 0
    return running.output.decode()


class Hub(NamedTuple):
    """A hub in the foreground, with its links."""

    running: Program
    editor: str
    viewer: str

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.editor).port or 0

    @property
    def pid(self) -> int:
        """Its process."""
        return self.running.process.pid


@asynccontextmanager
async def hub_process(workspace: Path, *options: str, port: int = 0) -> AsyncIterator[Hub]:
    """Run ``collab-dash serve`` until the end of the block, or until it is killed in it."""
    async with program("serve", workspace, "--port", port, *options) as running:
        await running.has(2)
        ready, viewer = running.lines
        yield Hub(running, ready.removeprefix("ready "), viewer.removeprefix("viewer "))


class Terminal(Program):
    """A running ``collab-dash`` that draws on a terminal of its own."""

    def __init__(self, process: Process, keys: int) -> None:
        super().__init__(process)
        self._keys = keys

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._keys, keys.encode())


@asynccontextmanager
async def terminal(
    *arguments: object,
    columns: int = 160,
    lines: int = 45,
    stdin: int | None = None,
    state: Path | None = None,
    stranger: bool = False,
) -> AsyncIterator[Terminal]:
    """
    Run ``collab-dash`` on a terminal for as long as the block runs.

    Args:
        *arguments: Of the command.
        columns: Cells across.
        lines: Lines of the terminal.
        stdin: What replaces the terminal as its input.
        state: The state folder of another person; None for the one that all programs of a test have.
        stranger: Whether whoever sits there has not yet said how they want to be called.

    """
    state = state or Path(os.environ["COLLAB_DASH_STATE_DIR"])
    if not stranger and not (state / "person.json").exists():
        state.mkdir(parents=True, exist_ok=True)
        (state / "person.json").write_text(json.dumps({"secret": str(state), "name": "you"}))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    ours_alone = ("COLUMNS", "LINES")  # they would say how large another terminal is
    environ = {name: value for name, value in os.environ.items() if name not in ours_alone}
    environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLLAB_DASH_STATE_DIR": str(state)}
    process = await asyncio.create_subprocess_exec(
        *_command(arguments),
        stdin=theirs if stdin is None else stdin,
        stdout=theirs,
        stderr=theirs,
        env=environ,
        preexec_fn=lambda: _own(theirs),
    )
    os.close(theirs)
    running = Terminal(process, ours)
    loop = asyncio.get_running_loop()

    def read() -> None:
        try:
            running.take(os.read(ours, 1 << 16))
        except OSError:  # EIO: nobody holds the other end any more
            loop.remove_reader(ours)

    loop.add_reader(ours, read)
    try:
        yield running
    finally:
        await _end(process)
        loop.remove_reader(ours)
        os.close(ours)


def _own(terminal: int) -> None:
    """Make a terminal the controlling one, as a login does."""
    os.setsid()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
