"""A growing file, line by line, such as a log."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, closing
from pathlib import Path
from stat import S_ISREG
from typing import Literal

from pydantic import ConfigDict, Field

from collab_dash.board import Pane
from collab_dash.errors import FeedFailed
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext

from ._following import OpenFile, read_place
from ._lines import Line, LineOptions, LineReader, LineSplitter
from ._rotation import next_step

_LOOK_EVERY = 0.2


class FileOptions(LineOptions):
    """Options of the ``file`` feed."""

    model_config = ConfigDict(validate_by_alias=True, validate_by_name=True)

    path: Path = Field(description="The file, from the workspace's folder if not absolute; it may appear later.")
    start: Literal["end", "start"] = Field(
        "end", alias="from", description="Where to begin the first time: at the file's end or at its start."
    )


class FileFeed(Feed[FileOptions]):
    """
    The lines of a file as it grows, through rotation and truncation.

    The cursor is a place in a file, so that a hub that comes back reads on exactly where it was, in a
    file that was rotated away meanwhile too, as long as it can be found.
    """

    summary = "A growing file, such as a log, line by line"
    transport = "local"
    overflow = "wait"
    pane = Pane(view="log")

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Follow the file for ever.

        Raises:
            FeedFailed: If it cannot be read, or is not a file.

        """
        path = self._path(context)
        place = read_place(context.cursor)
        to_end = place is None and self.options.start == "end"
        try:
            while True:
                to_end = await _appearance(path, context) and to_end
                try:
                    step = next_step(path, place)
                    file = step.open()
                except FileNotFoundError:  # it moved on between the look and the opening
                    continue
                with closing(file):
                    if to_end:
                        file.skip_to_last_line()
                    async with aclosing(self._read(file, step.path, context)) as events:
                        async for event in events:
                            yield event
                place, to_end = file.place, False
        except OSError as error:
            raise FeedFailed(
                f"cannot read {error.filename or path}: {error.strerror or error}",
                hint="check the path and who may read the file",
            ) from error

    async def _read(self, file: OpenFile, found: Path, context: FeedContext) -> AsyncGenerator[Event]:
        """Yield one file's events and keep the cursor; a line counts as read with the last of its events."""
        reader = LineReader("log:line", self.options)
        context.cursor = str(file.place)
        context.note(f"following {found.name}")
        lines = _growing(file, found, context) if found == self._path(context) else _remaining(file)
        async with aclosing(lines):
            async for line in lines:
                file.advance(line.size)
                for event in context.carry(reader.events(line), str(file.place)):
                    yield event

    def _path(self, context: FeedContext) -> Path:
        return context.folder / self.options.path.expanduser()


async def _appearance(path: Path, context: FeedContext) -> bool:
    """Wait until there is a file at `path`; tell whether there was one at once."""
    waited = False
    await asyncio.sleep(0)
    while not _is_there(path):
        if not waited:
            context.note(f"waiting for {path} to appear")
        waited = True
        await asyncio.sleep(_LOOK_EVERY)
    return not waited


def _is_there(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    if not S_ISREG(mode):
        raise FeedFailed(
            f"cannot follow {path}: it is not a regular file",
            hint="use a file's path; for a pipe, the exec feed",
        )
    return True


async def _remaining(file: OpenFile) -> AsyncGenerator[Line]:
    """Yield the lines of a file that will not grow; the last one may lack its end."""
    splitter = LineSplitter()
    while chunk := file.read():
        for line in splitter.feed(chunk):
            yield line
        await asyncio.sleep(0)
    for line in splitter.finish():
        yield line


async def _growing(file: OpenFile, path: Path, context: FeedContext) -> AsyncGenerator[Line]:
    """Yield the lines of a file as they are written, until it is replaced at its path or cut short."""
    splitter = LineSplitter()
    before: tuple[int, int] | None = file.identity
    while not file.replaced():
        if chunk := file.read():
            for line in splitter.feed(chunk):
                yield line
            await asyncio.sleep(0)
            continue
        now = _identity(path)
        # One more look after a new file appeared: a writer may still have had the old one open.
        if now == before and now not in (None, file.identity):
            break
        if now is None and before is not None:
            context.note(f"waiting for {path} to appear")
        before = now
        await asyncio.sleep(_LOOK_EVERY)
    else:
        return  # what was cut off cannot be completed
    for line in splitter.finish():
        yield line


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino
