"""A child process whose output is read line by line: what the feeds of programs share."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from collab_dash.errors import FeedBroken, FeedFailed

from ._lines import Line, LineSplitter

STDOUT, STDERR = 1, 2
PENDING_BYTES = 4 << 20
END_WITHIN = 2.0
LINGER = 0.5
_PENDING_LINES = 1000


def _split(value: Any) -> Any:
    return shlex.split(value) if isinstance(value, str) else value


Command = Annotated[tuple[str, ...], BeforeValidator(_split), Field(min_length=1)]
"""A program and its arguments: a list, or a string with quotes that is split as by a shell; none runs."""


async def start(
    command: Sequence[str],
    folder: Path,
    *,
    hint: str = "check the spelling, or give the program's full path",
    pending_bytes: int = PENDING_BYTES,
    end_within: float = END_WITHIN,
    linger: float = LINGER,
) -> Child:
    """
    Start a program as the leader of its own process group, without standard input and without a shell.

    Args:
        command: The program and its arguments.
        folder: Where it runs.
        hint: What to do if there is no such program.
        pending_bytes: Output that may wait to be taken; above, the program is slowed down.
        end_within: Seconds it has to end once asked to.
        linger: Seconds that the output of an ended program may be held open by what it left running.

    Raises:
        FeedFailed: If it cannot be started.

    """
    try:
        _, child = await asyncio.get_running_loop().subprocess_exec(
            lambda: Child(pending_bytes, end_within, linger),
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            cwd=folder,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise FeedFailed(f"cannot run {error.filename}: there is no such program or folder", hint=hint) from error
    except (OSError, ValueError) as error:
        raise FeedFailed(
            f"cannot run {command[0]}: {error}",
            hint="it must be an executable file; a script needs a first line such as #!/bin/sh",
        ) from error
    return child


def check_exit(program: str, code: int | None, complaint: str) -> None:
    """
    Let an exit in order pass.

    Args:
        program: Its name.
        code: Its exit status, negative for a signal's number.
        complaint: What it said last on standard error, or an empty string.

    Raises:
        FeedBroken: If it failed or was ended by a signal.

    """
    if code:
        how = f"was ended by {_signal_name(-code)}" if code < 0 else f"exited with status {code}"
        raise FeedBroken(f"{program} {how}: {complaint}" if complaint else f"{program} {how}")


def printable(raw: bytes) -> str:
    """Make an error's reason of what a program said: one line that no terminal obeys."""
    text = raw[:500].decode(errors="replace")
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Child(asyncio.SubprocessProtocol):
    """
    A child process, whose output waits as lines in a bounded queue; see `start`.

    Args:
        pending_bytes: Output that may wait to be taken.
        end_within: Seconds it has to end once asked to.
        linger: Seconds that its output may stay open after it.

    """

    def __init__(self, pending_bytes: int, end_within: float, linger: float) -> None:
        self._pending_bytes = pending_bytes
        self._end_within = end_within
        self._linger = linger
        self._lines: deque[tuple[int, Line]] = deque()
        self._splitters = {STDOUT: LineSplitter(), STDERR: LineSplitter()}
        self._changed = asyncio.Event()
        self._exited = asyncio.Event()
        self._closed = asyncio.Event()
        self._bytes = 0
        self._paused = False
        self._ending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)  # noqa: S101 - the loop's own promise, for mypy
        self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._take(fd, self._splitters[fd].feed(data))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._take(fd, self._splitters[fd].finish())

    def process_exited(self) -> None:
        self._exited.set()
        self._changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set()
        self._changed.set()

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal's number, or None while it runs."""
        return self._transport.get_returncode()

    async def lines(self) -> AsyncGenerator[tuple[int, Line]]:
        """Yield ``(1 or 2, line)`` for standard output and error until it has exited and all is read."""
        while await self._something():
            while self._lines:
                fd, line = self._lines.popleft()
                self._bytes -= len(line.raw)
                yield fd, line
                if not self._lines:
                    self._pause(False)

    async def end(self) -> None:
        """End the child and all that it started: ask first, then force. Leaves no zombie."""
        self._ending = True
        self._pause(False)
        try:
            self._signal(signal.SIGTERM)
            async with asyncio.timeout(self._end_within):
                await self._closed.wait()
        except TimeoutError:
            pass
        finally:
            self._signal(signal.SIGKILL)
            self._transport.close()
        await self._closed.wait()

    async def _something(self) -> bool:
        """Wait for a line; False means that there will be none."""
        while not self._lines:
            if self._closed.is_set():
                return False
            self._changed.clear()
            try:
                # What the child left running may hold its pipes open for ever.
                async with asyncio.timeout(self._linger if self._exited.is_set() else None):
                    await self._changed.wait()
            except TimeoutError:
                return False
        return True

    def _take(self, fd: int, lines: list[Line]) -> None:
        if self._ending:
            return
        self._lines.extend((fd, line) for line in lines)
        self._bytes += sum(len(line.raw) for line in lines)
        self._changed.set()
        if len(self._lines) > _PENDING_LINES or self._bytes > self._pending_bytes:
            self._pause(True)

    def _pause(self, pause: bool) -> None:
        if pause == self._paused:
            return
        self._paused = pause
        for fd in (STDOUT, STDERR):
            pipe = self._transport.get_pipe_transport(fd)
            if isinstance(pipe, asyncio.ReadTransport) and not pipe.is_closing():
                pipe.pause_reading() if pause else pipe.resume_reading()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._transport.get_pid(), number)
