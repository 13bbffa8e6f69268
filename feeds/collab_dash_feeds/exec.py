"""What a program prints, line by line."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext

from ._lines import Line, LineOptions, LineReader, LineSplitter

_PENDING_LINES = 1000
_PENDING_BYTES = 4 << 20
_END_WITHIN = 2.0
_LINGER = 0.5
_STDOUT, _STDERR = 1, 2


def _split(value: Any) -> Any:
    return shlex.split(value) if isinstance(value, str) else value


class ExecOptions(LineOptions):
    """Options of the ``exec`` feed."""

    command: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        min_length=1,
        description="The program and its arguments: a list, or a string with quotes; no shell runs it.",
    )
    restart: Literal["on-failure", "always"] = Field(
        "on-failure", description="Run the program again when it failed, or also when it ended in order."
    )


class ExecFeed(Feed[ExecOptions]):
    """The lines or NDJSON that a child process prints."""

    summary = "What a program prints, line by line"
    transport = "local"
    pane = Pane(view="log")

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Run the program once; it and its children end when this does.

        Raises:
            FeedBroken: If it exits with an error, or at all with ``restart = "always"``.
            FeedFailed: If it cannot be started.

        """
        readers = {
            _STDOUT: LineReader("exec:line", self.options),
            _STDERR: LineReader("exec:stderr", LineOptions(format="lines")),
        }
        child = await self._start(context)
        context.note(f"{self.options.command[0]} runs")
        complaint = ""
        try:
            async with aclosing(child.lines()) as lines:
                async for fd, line in lines:
                    if fd == _STDERR and line.raw.strip():
                        complaint = _printable(line.raw[:500])
                    for event in readers[fd].events(line):
                        yield event
        finally:
            await child.end()
        self._judge(child.returncode, complaint)

    async def _start(self, context: FeedContext) -> _Child:
        try:
            _, child = await asyncio.get_running_loop().subprocess_exec(
                _Child,
                *self.options.command,
                stdin=asyncio.subprocess.DEVNULL,
                cwd=context.folder,
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise FeedFailed(
                f"cannot run {error.filename}: there is no such program or folder",
                hint="check the spelling, or give the program's full path",
            ) from error
        except (OSError, ValueError) as error:
            raise FeedFailed(
                f"cannot run {self.options.command[0]}: {error}",
                hint="it must be an executable file; a script needs a first line such as #!/bin/sh",
            ) from error
        return child

    def _judge(self, code: int | None, complaint: str) -> None:
        program = self.options.command[0]
        if code:
            how = f"was ended by {_signal_name(-code)}" if code < 0 else f"exited with status {code}"
            raise FeedBroken(f"{program} {how}: {complaint}" if complaint else f"{program} {how}")
        if self.options.restart == "always":
            raise FeedBroken(f"{program} ended and is started again")


def _printable(raw: bytes) -> str:
    """Make an error's reason of what a program said: one line that no terminal obeys."""
    text = raw.decode(errors="replace")
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class _Child(asyncio.SubprocessProtocol):
    """A child process, leader of its own process group, whose output waits as lines in a bounded queue."""

    def __init__(self) -> None:
        self._lines: deque[tuple[int, Line]] = deque()
        self._splitters = {_STDOUT: LineSplitter(), _STDERR: LineSplitter()}
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
            async with asyncio.timeout(_END_WITHIN):
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
                async with asyncio.timeout(_LINGER if self._exited.is_set() else None):
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
        if len(self._lines) > _PENDING_LINES or self._bytes > _PENDING_BYTES:
            self._pause(True)

    def _pause(self, pause: bool) -> None:
        if pause == self._paused:
            return
        self._paused = pause
        for fd in (_STDOUT, _STDERR):
            pipe = self._transport.get_pipe_transport(fd)
            if isinstance(pipe, asyncio.ReadTransport) and not pipe.is_closing():
                pipe.pause_reading() if pause else pipe.resume_reading()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._transport.get_pid(), number)
