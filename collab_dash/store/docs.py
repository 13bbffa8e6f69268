"""Where the shared document is kept: its updates, one a row, put together from time to time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .log import Log


class Updates:
    """
    The document's updates in a log's database.

    Args:
        log: The log.

    """

    def __init__(self, log: Log) -> None:
        self._log = log

    async def load(self) -> list[bytes]:
        """
        Give every update, oldest first; none from a database of before there was a document.

        Raises:
            LogUnavailable: If they cannot be read just now.

        """
        return await self._log.reading(_load)

    async def append(self, updates: Sequence[bytes]) -> None:
        """
        Keep updates; they are on disk when this returns, all of them or, if it raises, none.

        Raises:
            LogUnavailable: If they cannot be written just now.

        """
        await self._log.writing(_append, updates)

    async def replace(self, whole: bytes) -> None:
        """
        Keep one update instead of all that are there, which it has to hold.

        Raises:
            LogUnavailable: If it cannot be written just now; then all is as it was.

        """
        await self._log.writing(_replace, whole)


def _load(connection: sqlite3.Connection) -> list[bytes]:
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'doc_updates'").fetchone():
        return []
    return [row[0] for row in connection.execute("SELECT data FROM doc_updates ORDER BY id").fetchall()]


def _append(connection: sqlite3.Connection, updates: Sequence[bytes]) -> None:
    if len(updates) == 1:  # one statement is a transaction by itself
        connection.execute(_INSERT, updates)
        return
    with _transaction(connection):
        for update in updates:
            connection.execute(_INSERT, (update,))


def _replace(connection: sqlite3.Connection, whole: bytes) -> None:
    with _transaction(connection):
        connection.execute("DELETE FROM doc_updates")
        connection.execute(_INSERT, (whole,))


_INSERT = "INSERT INTO doc_updates(data) VALUES (?)"


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of a block or nothing of it, on a connection in autocommit mode."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back after some errors
            connection.execute("ROLLBACK")
        raise
