"""The event log."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from ..errors import LogClosed, LogRefused, LogUnavailable
from ..event import Record
from . import schema
from .density import Buckets, Density, read_density
from .reading import MAX_OFFSET, Entries, Range, offset_before, read_page
from .worker import Worker, connect, unavailable, unreadable
from .writing import Appender, last_offset

__all__ = ["Buckets", "Density", "Entries", "Log", "open_log", "read_log"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Log:
    """
    The open event log; made by `open_log`.

    Attributes:
        epoch: Which log this is; a new database gets a new epoch.
        last: The offset of the last recorded event, 0 when empty.
        path: The database file.

    """

    def __init__(self, path: Path, epoch: str, last: int, reader: Worker, writer: Worker | None) -> None:
        self.path = path
        self.epoch = epoch
        self.last = last
        self._identity = _identity(path)
        self._reader = reader
        self._writer = writer
        self._appender = Appender(last)
        self._closed = False

    async def append(self, records: Sequence[Record], cursors: Mapping[str, str | None]) -> int:
        """
        Persist a batch, and the feeds' new cursors, in one transaction.

        Offsets are contiguous; readers see the batch only after this returns. One call at a time. A call
        that is cancelled has written all of the batch or nothing of it, and `last` says which.

        Returns:
            The offset of the first record.

        Raises:
            LogUnavailable: If it cannot be written just now; nothing of the batch was.
            LogClosed: If the log is closed.

        """
        try:
            return await self.writing(self._appender.append, records, cursors)
        finally:
            self.last = self._appender.last

    async def read(
        self,
        *,
        after: int,
        upto: int,
        limit: int,
        feeds: Sequence[str] | None = None,
        types: Sequence[str] = (),
    ) -> Entries:
        """
        Read forward: events with `after` < offset ≤ `upto`, oldest first, at most `limit`.

        A page also ends at about 4 MiB.

        Args:
            after: The offset to go on after.
            upto: The last offset wanted.
            limit: The most events to give.
            feeds: Only these feeds; None for all.
            types: Only these event types, globs such as ``ticker:*`` allowed; empty for all.

        Raises:
            LogUnavailable: If it cannot be read just now.
            LogClosed: If the log is closed.

        """
        wanted = Range(max(after, 0), min(upto, MAX_OFFSET), _distinct(feeds), tuple(types))
        return await self.reading(read_page, wanted, limit)

    async def read_back(
        self, *, before: int, limit: int, feeds: Sequence[str] | None = None, types: Sequence[str] = ()
    ) -> Entries:
        """
        Read backward: the latest `limit` events with offset < `before`, oldest first.

        `last` of the answer is the lowest offset that was looked at: a further call takes it as its `before`.

        Args:
            before: The offset to stay below.
            limit: The most events to give.
            feeds: Only these feeds; None for all.
            types: Only these event types, globs such as ``ticker:*`` allowed; empty for all.

        Raises:
            LogUnavailable: If it cannot be read just now.
            LogClosed: If the log is closed.

        """
        wanted = Range(0, min(before, MAX_OFFSET) - 1, _distinct(feeds), tuple(types), backward=True)
        return await self.reading(read_page, wanted, limit)

    async def offset_at(self, time: int) -> int:
        """Give the offset of the last event received before `time` (Unix milliseconds); 0 for none."""
        return await self.reading(offset_before, time)

    async def density(self, buckets: Buckets, *, upto: int, feeds: Sequence[str] | None = None) -> Density:
        """
        Count events by time of receipt.

        Args:
            buckets: The times.
            upto: The last offset that counts.
            feeds: Only these feeds; None for all.

        Raises:
            LogUnavailable: If it cannot be read just now.
            LogClosed: If the log is closed.

        """
        return await self.reading(read_density, buckets, min(upto, MAX_OFFSET), feeds)

    async def cursors(self) -> dict[str, str]:
        """Give every feed's last cursor."""
        return await self.reading(_cursors)

    async def refresh(self) -> int:
        """
        Give the last offset anew.

        A log opened by `read_log` learns by this what the hub has recorded since.
        """
        last = await self.reading(last_offset)
        if self._writer is None:
            self.last = last
        return self.last

    def size(self) -> int:
        """Give the bytes on disk of the database and its write-ahead log."""
        total = 0
        for path in (self.path, self.path.with_name(self.path.name + "-wal")):
            with contextlib.suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def replaced(self) -> bool:
        """Tell whether the file at `path` is gone, or is another one than was opened."""
        return _identity(self.path) != self._identity

    async def close(self) -> None:
        """Checkpoint and close; idempotent."""
        if self._closed:
            return
        self._closed = True
        try:
            await self._reader.close()
        finally:
            if self._writer is not None:
                await _close_writer(self._writer)

    async def writing(
        self, function: Callable[Concatenate[sqlite3.Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """
        Call `function` on the writer's thread, one call after another; one that is cancelled runs to its end first.

        Raises:
            LogUnavailable: If SQLite cannot write just now.
            LogClosed: If the log is closed.

        """
        self._check_open()
        if self._writer is None:
            raise LogUnavailable(
                f"cannot write {self.path}: it was opened for reading only",
                hint="publish to the hub that records this log",
            )
        try:
            return await self._writer.run(function, *args, **kwargs)
        except asyncio.CancelledError:
            await self._writer.run(_nothing)  # behind the transaction, which runs to its end
            raise
        except sqlite3.Error as error:
            raise unavailable(self.path, error) from error

    async def reading(
        self, function: Callable[Concatenate[sqlite3.Connection, _P], _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T:
        """
        Call `function` on the reader's thread.

        Raises:
            LogUnavailable: If SQLite cannot read just now.
            LogClosed: If the log is closed.

        """
        self._check_open()
        try:
            return await self._reader.run(function, *args, **kwargs)
        except sqlite3.Error as error:
            raise unavailable(self.path, error, "read") from error

    def _check_open(self) -> None:
        if self._closed:
            raise LogClosed(f"the log {self.path} is closed")


async def open_log(path: Path) -> Log:
    """
    Open the log at `path`, making or migrating it as needed.

    The caller holds the lock of this file: one writer at a time.

    Raises:
        LogRefused: If the file is not SQLite, holds another program's tables, or is of a newer schema.
        LogUnavailable: If it cannot be opened for writing.

    """
    try:
        await asyncio.to_thread(schema.inspect, path)
        async with contextlib.AsyncExitStack() as undo:
            writer = await connect(path)
            undo.push_async_callback(writer.close)
            epoch, last = await writer.run(_prepare_writer, path)
            reader = await connect(path, readonly=True)
            undo.push_async_callback(reader.close)
            log = Log(path, epoch, last, reader, writer)
            undo.pop_all()
    except (sqlite3.Error, OSError) as error:
        raise unavailable(path, error) from error
    return log


async def read_log(path: Path) -> Log:
    """
    Open an existing log for reading only, safe while a hub writes; `append` then raises `LogUnavailable`.

    Raises:
        LogRefused: If there is no such file or it is not a log of ours.
        LogUnavailable: If it cannot be read just now, or not by this user.

    """
    try:
        await asyncio.to_thread(_must_exist, path)
        async with contextlib.AsyncExitStack() as undo:
            reader = await connect(path, readonly=True)
            undo.push_async_callback(reader.close)
            epoch, last = await reader.run(_prepare_reader, path)
            log = Log(path, epoch, last, reader, None)
            undo.pop_all()
    except (sqlite3.Error, OSError) as error:
        raise unreadable(path, error) from error
    return log


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise LogRefused(f"there is no log at {path}", hint="name the database file of a session, such as collab.db")
    schema.inspect(path)


def _prepare_writer(connection: sqlite3.Connection, path: Path) -> tuple[str, int]:
    schema.migrate(connection, path)
    schema.tune(connection)
    return _epoch(connection), last_offset(connection)


def _prepare_reader(connection: sqlite3.Connection, path: Path) -> tuple[str, int]:
    if not schema.check(connection, path):
        raise LogRefused(f"{path} holds no log yet", hint="start the hub that records it")
    return _epoch(connection), last_offset(connection)


def _epoch(connection: sqlite3.Connection) -> str:
    (epoch,) = connection.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
    return str(epoch)


def _cursors(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT feed, cursor FROM cursors WHERE cursor IS NOT NULL").fetchall())


def _nothing(connection: sqlite3.Connection) -> None:
    """Take a turn on the thread."""


async def _close_writer(writer: Worker) -> None:
    try:
        with contextlib.suppress(sqlite3.Error):  # a full disk: the write-ahead log stays and is read next time
            await writer.run(_checkpoint)
    finally:
        await writer.close()


def _checkpoint(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _distinct(feeds: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if feeds is None else tuple(dict.fromkeys(feeds))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
