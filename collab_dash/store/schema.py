"""
What a log's database holds, and how it came to hold it.

The table ``events`` is public; everything else is ours. Two numbers of the database header say whose a file
is before SQLite touches it: ``application_id`` is ours alone, ``user_version`` counts migrations.
See https://www.sqlite.org/fileformat2.html, section 1.3.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ..errors import LogRefused

APPLICATION_ID = 0x636F6C64  # "cold"

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE events(
            offset INTEGER PRIMARY KEY,
            feed TEXT, type TEXT, key TEXT, time INTEGER, received INTEGER, data TEXT
        )""",
        "CREATE INDEX events_by_feed ON events(feed, offset)",
        "CREATE TABLE cursors(feed TEXT PRIMARY KEY, cursor TEXT) WITHOUT ROWID",
        "CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
    ),
    ("CREATE TABLE doc_updates(id INTEGER PRIMARY KEY, data BLOB NOT NULL)",),
)
"""One entry per schema version, oldest first. Add to the end; never change one that was released."""

VERSION = len(MIGRATIONS)

_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_WAL_FORMAT = 2
_MAX_IDLE_WAL = 64 << 20


def inspect(path: Path) -> None:
    """
    Make sure that a file is, or can become, a log of ours, reading nothing but its header.

    A missing or empty file is fine. A SQLite file without an application id may still hold another program's
    tables: `migrate` looks for those.

    Raises:
        LogRefused: If it is not SQLite, is another program's, or was written by a newer version.
        OSError: If it cannot be read.

    """
    if not path.exists():
        return
    if not path.is_file():
        raise LogRefused(f"{path} is not a file", hint="name a database file, such as collab.db")
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if not header:
        return
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise LogRefused(f"{path} is not a SQLite database", hint=_OTHER_FILE)
    application = int.from_bytes(header[68:72], "big")
    if application != APPLICATION_ID and (application or header[19] == _WAL_FORMAT):
        raise _foreign(path)
    if application == APPLICATION_ID:
        _refuse_newer(path, int.from_bytes(header[60:64], "big"))


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """
    Bring a database to the present schema and to WAL mode; all of it or nothing.

    Args:
        connection: In autocommit mode, opened for writing.
        path: Of its file, for messages.

    Raises:
        LogRefused: If it holds another program's tables or is of a newer schema.
        sqlite3.Error: If it cannot be written.

    """
    version = check(connection, path)
    if version < VERSION:
        connection.execute("BEGIN EXCLUSIVE")
        try:
            for statement in _statements(version):
                connection.execute(statement)
            if not version:
                connection.execute("INSERT INTO meta VALUES ('epoch', ?)", (secrets.token_hex(8),))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    connection.execute("PRAGMA journal_mode=WAL").fetchone()
    if version < VERSION:  # so that the header in the file itself tells the version
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def tune(connection: sqlite3.Connection) -> None:
    """Set a writer's conduct: what was committed survives the death of this program, though not always a power cut."""
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(f"PRAGMA journal_size_limit={_MAX_IDLE_WAL}").fetchone()


def _statements(version: int) -> Iterator[str]:
    yield f"PRAGMA application_id={APPLICATION_ID}"
    for migration in MIGRATIONS[version:]:
        yield from migration
    yield f"PRAGMA user_version={VERSION}"


def check(connection: sqlite3.Connection, path: Path) -> int:
    """
    Give the schema version of an open database, 0 for an empty one; changes nothing.

    Raises:
        LogRefused: If it is another program's or of a newer schema.
        sqlite3.Error: If it cannot be read.

    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if application or tables:
            raise _foreign(path)
        return 0
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    _refuse_newer(path, version)
    return int(version)


_OTHER_FILE = "name another file, or move this one away; it was left as it is"


def _foreign(path: Path) -> LogRefused:
    return LogRefused(f"{path} is another program's SQLite database", hint=_OTHER_FILE)


def _refuse_newer(path: Path, version: int) -> None:
    if version > VERSION:
        raise LogRefused(
            f"{path} has schema version {version}, this program knows versions up to {VERSION}",
            hint="upgrade collab-dash, or name another file; this one was left as it is",
        )
