"""SQLite on a thread of its own, and what its errors mean for people."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import aiosqlite

from ..errors import LogUnavailable

BUSY_TIMEOUT = 5.0
CACHED_STATEMENTS = 384  # one for every size of a multi-row insert, and the rest

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Worker(aiosqlite.Connection):
    """
    A connection that runs a whole function, such as a transaction, in one hop to its thread.

    Calls run one after another, in the order they were made. One whose caller was cancelled still runs to its
    end.
    """

    async def run(
        self,
        function: Callable[Concatenate[sqlite3.Connection, _P], _T],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _T:
        """Call `function` with the SQLite connection and `args` on the thread, and give its result."""
        call = self._execute(function, self._conn, *args, **kwargs)  # type: ignore[no-untyped-call]  # aiosqlite's own
        result: _T = await call
        return result


async def connect(path: Path, *, readonly: bool = False) -> Worker:
    """
    Open a database in autocommit mode.

    Args:
        path: The file; made if it is not there, unless `readonly`.
        readonly: Open it so that SQLite itself refuses to write.

    Raises:
        sqlite3.Error: If it cannot be opened.

    """

    def open_file() -> sqlite3.Connection:
        return sqlite3.connect(
            path.absolute().as_uri() + ("?mode=ro" if readonly else "?mode=rwc"),
            uri=True,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
            cached_statements=CACHED_STATEMENTS,
            check_same_thread=False,
        )

    worker = Worker(open_file, iter_chunk_size=64)
    await worker
    return worker


def unavailable(path: Path, error: sqlite3.Error | OSError, doing: str = "write") -> LogUnavailable:
    """
    Say for a person why a database cannot be used just now.

    Args:
        path: The database file.
        error: What SQLite or the system said.
        doing: ``read`` or ``write``.

    """
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    cause, hint = _CAUSES.get(primary, (str(error), "see that the file and its folder can be written"))
    return LogUnavailable(f"cannot {doing} {path}: {cause}", hint=hint)


def unreadable(path: Path, error: sqlite3.Error | OSError) -> LogUnavailable:
    """
    Say why an existing log cannot be opened for reading.

    SQLite needs to write the shared memory file of a write-ahead log even for that.
    """
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return LogUnavailable(
            f"cannot read {path}: it has a write-ahead log, which this user may not use in that folder",
            hint="copy the file elsewhere and read the copy, or get write permission for its folder",
        )
    return unavailable(path, error, "read")


_CAUSES: dict[int | None, tuple[str, str]] = {
    sqlite3.SQLITE_FULL: ("the disk is full", "free some space; recording goes on by itself"),
    sqlite3.SQLITE_READONLY: (
        "it is read-only",
        "make the file and its folder writable for this user, or name another file",
    ),
    sqlite3.SQLITE_IOERR: (
        "the disk reported an I/O error",
        "check the disk, its quota and file size limits",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "it cannot be opened",
        "see that its folder exists and that this user may write there",
    ),
    sqlite3.SQLITE_BUSY: ("another program keeps it locked", "close the program that writes to this file"),
    sqlite3.SQLITE_CORRUPT: (
        "the database is damaged",
        "move it away; sqlite3's .recover may save what it holds",
    ),
    sqlite3.SQLITE_NOTADB: ("it is no SQLite database any more", "move it away"),
}
