"""What is piped into the program, line by line."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

from pydantic import Field

from collab_dash.board import Pane
from collab_dash.errors import FeedFailed
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext

from ._lines import LineOptions, LineReader, LineSplitter

_CHUNK = 1 << 16


class StdinOptions(LineOptions):
    """Options of the ``stdin`` feed."""

    fd: int = Field(0, ge=0, description="The file descriptor to read; 0 is standard input.")


class StdinFeed(Feed[StdinOptions]):
    """Lines or NDJSON from standard input, until it ends."""

    summary = "Lines or JSON piped into the program"
    transport = "local"
    overflow = "wait"
    pane = Pane(view="log")

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Read until the end of the input; then the feed has ended for good."""
        reader = LineReader("stdin:line", self.options)
        splitter = LineSplitter()
        context.note("waiting for input")
        while chunk := await self._read():
            for line in splitter.feed(chunk):
                for event in reader.events(line):
                    yield event
        for line in splitter.finish():
            for event in reader.events(line):
                yield event

    async def _read(self) -> bytes:
        fd = self.options.fd
        try:
            await _readable(fd)
            return os.read(fd, _CHUNK)
        except OSError as error:
            raise FeedFailed(
                f"cannot read file descriptor {fd}: {error.strerror}",
                hint="pipe something into the program, as in `producer | collab-dash serve`",
            ) from error


async def _readable(fd: int) -> None:
    """
    Wait until a read of `fd` will not block.

    The descriptor stays in blocking mode: its file description may be shared with programs that do not expect
    otherwise, such as a shell.
    """
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(fd, ready.set)
    except PermissionError:  # a regular file, which is always ready and which epoll refuses
        await asyncio.sleep(0)
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)
