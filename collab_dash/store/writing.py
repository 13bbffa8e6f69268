"""How a batch enters the log."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import cache

from ..event import Record

ROWS_PER_STATEMENT = 256


class Appender:
    """
    The writer's side of the log; lives on the writer's thread.

    It alone knows the last offset in the file for certain, whatever became of the coroutine that asked for a
    write.

    Args:
        last: The last offset in the file.

    """

    def __init__(self, last: int) -> None:
        self.last = last
        self._doubtful = False

    def append(
        self, connection: sqlite3.Connection, records: Sequence[Record], cursors: Mapping[str, str | None]
    ) -> int:
        """
        Write a batch and cursors in one transaction.

        Returns:
            The offset of the first record.

        Raises:
            sqlite3.Error: If nothing was written.

        """
        if self._doubtful:
            self.last, self._doubtful = last_offset(connection), False
        first = self.last + 1
        try:
            self._write(connection, first, records, cursors)
        except BaseException:
            self._doubtful = True
            if connection.in_transaction:  # SQLite itself rolls back after some errors
                connection.execute("ROLLBACK")
            raise
        self.last += len(records)
        return first

    @staticmethod
    def _write(
        connection: sqlite3.Connection,
        first: int,
        records: Sequence[Record],
        cursors: Mapping[str, str | None],
    ) -> None:
        if len(records) <= ROWS_PER_STATEMENT and not cursors:  # one statement is a transaction by itself
            _insert(connection, first, records)
            return
        connection.execute("BEGIN IMMEDIATE")
        _insert(connection, first, records)
        for feed, cursor in cursors.items():
            text = None if cursor is None else cursor.encode(errors="replace").decode()
            connection.execute(_UPSERT, (feed, text))
        connection.execute("COMMIT")


_UPSERT = (
    "INSERT INTO cursors VALUES (?, ?)"
    " ON CONFLICT(feed) DO UPDATE SET cursor = excluded.cursor WHERE cursor IS NOT excluded.cursor"
)


def _insert(connection: sqlite3.Connection, first: int, records: Sequence[Record]) -> None:
    # executemany takes the GIL anew for every row; beside a busy event loop that is thirteen times slower.
    for start in range(0, len(records), ROWS_PER_STATEMENT):
        rows = records[start : start + ROWS_PER_STATEMENT]
        values: list[object] = []
        for offset, row in enumerate(rows, first + start):
            values.append(offset)
            values.extend(row)
        connection.execute(_insert_sql(len(rows)), values)


@cache
def _insert_sql(rows: int) -> str:
    return f"INSERT INTO events VALUES {','.join(['(?,?,?,?,?,?,?)'] * rows)}"  # noqa: S608 - placeholders only


def last_offset(connection: sqlite3.Connection) -> int:
    """Give the offset of the last event in the file, 0 when it is empty."""
    (last,) = connection.execute("SELECT coalesce(max(offset), 0) FROM events").fetchone()
    return int(last)
