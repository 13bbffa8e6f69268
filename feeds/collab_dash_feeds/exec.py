"""What a program prints, line by line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Literal

from pydantic import Field

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext

from . import _child
from ._child import STDERR, STDOUT, Command
from ._lines import LineOptions, LineReader

_PENDING_BYTES = _child.PENDING_BYTES
_END_WITHIN = _child.END_WITHIN
_LINGER = _child.LINGER


class ExecOptions(LineOptions):
    """Options of the ``exec`` feed."""

    command: Command = Field(
        description="The program and its arguments: a list, or a string with quotes; no shell runs it."
    )
    restart: Literal["on-failure", "always"] = Field(
        "on-failure", description="Run the program again when it failed, or also when it ended in order."
    )


class ExecFeed(Feed[ExecOptions]):
    """The lines or NDJSON that a child process prints."""

    summary = "What a program prints, line by line"
    transport = "local"
    overflow = "wait"
    pane = Pane(view="log")

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Run the program once; it and its children end when this does.

        Raises:
            FeedBroken: If it exits with an error, or at all with ``restart = "always"``.
            FeedFailed: If it cannot be started.

        """
        readers = {
            STDOUT: LineReader("exec:line", self.options),
            STDERR: LineReader("exec:stderr", LineOptions(format="lines")),
        }
        command = self.options.command
        child = await _child.start(
            command, context.folder, pending_bytes=_PENDING_BYTES, end_within=_END_WITHIN, linger=_LINGER
        )
        context.note(f"{command[0]} runs")
        complaint = ""
        try:
            async with aclosing(child.lines()) as lines:
                async for fd, line in lines:
                    if fd == STDERR and line.raw.strip():
                        complaint = _child.printable(line.raw)
                    for event in readers[fd].events(line):
                        yield event
        finally:
            await child.end()
        _child.check_exit(command[0], child.returncode, complaint)
        if self.options.restart == "always":
            raise FeedBroken(f"{command[0]} ended and is started again")
