"""Read-only SQL over a log, safe while a hub writes it."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import LogError, LogRefused
from . import schema
from .worker import BUSY_TIMEOUT, unreadable

STEPS_BETWEEN_CHECKS = 10_000

_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
_PRAGMAS = frozenset({"table_info", "table_xinfo", "table_list", "index_list", "index_info", "compile_options"})


class Answer(NamedTuple):
    """
    What a query found.

    Args:
        columns: Their names.
        rows: Each row once, as they are found; raises `LogError` like `run_query`.

    """

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]


@contextlib.contextmanager
def run_query(path: Path, sql: str, *, limit: int | None = None, timeout: float | None = 60.0) -> Iterator[Answer]:
    """
    Run one SELECT; rows can be read until the context ends.

    It can write nothing, attach nothing and load nothing. Ctrl-C ends it at once.

    Args:
        path: The log's database.
        sql: One statement.
        limit: The most rows to give; None for all.
        timeout: Seconds after which it is stopped; None for never.

    Raises:
        LogRefused: If there is no such file or it is not a log of ours.
        LogUnavailable: If it cannot be read just now.
        LogError: If the statement is not valid, would write, or takes too long.

    """
    with contextlib.closing(_open(path)) as connection:
        query = _Query(connection, timeout)
        cursor = query.start(sql)
        columns = [column[0] for column in cursor.description]
        with contextlib.closing(query.rows(cursor)) as rows:  # which ends the statement before its connection goes
            yield Answer(columns, itertools.islice(rows, limit))


def _open(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise LogRefused(f"there is no log at {path}", hint="name the database file with --db")
    try:
        schema.inspect(path)
        uri = path.absolute().as_uri() + "?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None)
    except (sqlite3.Error, OSError) as error:
        raise unreadable(path, error) from error
    try:
        schema.check(connection, path)
        connection.execute("PRAGMA query_only=ON")
    except sqlite3.Error as error:
        connection.close()
        raise unreadable(path, error) from error
    except BaseException:
        connection.close()
        raise
    connection.text_factory = lambda text: text.decode(errors="replace")
    return connection


class _Query:
    """One statement under guard: what it may do, and for how long."""

    def __init__(self, connection: sqlite3.Connection, timeout: float | None) -> None:
        self._connection = connection
        self._timeout = timeout
        self._tables = _describe(connection)
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._late = False
        connection.set_authorizer(_authorize)
        connection.set_progress_handler(self._check, STEPS_BETWEEN_CHECKS)

    def start(self, sql: str) -> sqlite3.Cursor:
        with self._explained():
            cursor = self._connection.execute(sql)
        if cursor.description is None:
            raise LogError("there is no query in that SQL", hint=f"ask for example: {_EXAMPLE}")
        return cursor

    def rows(self, cursor: sqlite3.Cursor) -> Generator[tuple[Any, ...]]:
        with self._explained():
            yield from cursor

    def _check(self) -> bool:
        self._late = self._deadline is not None and time.monotonic() > self._deadline
        return self._late

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning) as error:  # a Warning: two statements, before Python 3.12
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> BaseException:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_INTERRUPT and self._late:
            return LogError(f"the query was stopped after {self._timeout:g} s", hint="ask for less, or add a LIMIT")
        if code == sqlite3.SQLITE_INTERRUPT:  # Ctrl-C while SQLite was at work, which swallowed it
            return KeyboardInterrupt()
        if code in (sqlite3.SQLITE_AUTH, sqlite3.SQLITE_READONLY):
            return LogError(f"the query may only read: {error}", hint="a log is written by its hub; SELECT is allowed")
        words = " ".join(str(error).split())
        return LogError(f"SQLite cannot answer that: {words}", hint=f"there are {self._tables}")


_EXAMPLE = "SELECT feed, count(*) FROM events GROUP BY feed"


def _authorize(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action in _ALLOWED:
        forbidden = action == sqlite3.SQLITE_FUNCTION and second == "load_extension"
        return sqlite3.SQLITE_DENY if forbidden else sqlite3.SQLITE_OK
    readable = action == sqlite3.SQLITE_PRAGMA and (first or "").lower() in _PRAGMAS
    return sqlite3.SQLITE_OK if readable else sqlite3.SQLITE_DENY


def _describe(connection: sqlite3.Connection) -> str:
    found = connection.execute(
        "SELECT m.name, group_concat(c.name, ', ') FROM sqlite_master m, pragma_table_info(m.name) c"
        " WHERE m.type = 'table' GROUP BY m.name ORDER BY m.name != 'events', m.name"
    )
    return "; ".join(f"{name}({columns})" for name, columns in found)
