from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from collab_dash.store import schema


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "collab.db"


def migrated(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        schema.migrate(connection, path)


def test_the_public_table_is_as_promised(path: Path) -> None:
    migrated(path)
    with closing(sqlite3.connect(path)) as connection:
        columns = connection.execute("SELECT name, type, pk FROM pragma_table_info('events')").fetchall()
        indexes = connection.execute("SELECT name FROM pragma_index_list('events')").fetchall()
    assert columns == [
        ("offset", "INTEGER", 1),
        ("feed", "TEXT", 0),
        ("type", "TEXT", 0),
        ("key", "TEXT", 0),
        ("time", "INTEGER", 0),
        ("received", "INTEGER", 0),
        ("data", "TEXT", 0),
    ]
    assert len(indexes) == 1


def test_the_header_alone_tells_whose_it_is(path: Path) -> None:
    migrated(path)
    header = path.read_bytes()[:100]
    assert int.from_bytes(header[68:72], "big") == schema.APPLICATION_ID
    assert int.from_bytes(header[60:64], "big") == schema.VERSION


def test_migrations_run_from_where_the_file_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrated(path)
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("CREATE TABLE docs(a)",)))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with closing(sqlite3.connect(path)) as connection:
        epoch = connection.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone()
    migrated(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM docs").fetchone() == (0,)
        assert connection.execute("SELECT value FROM meta WHERE name = 'epoch'").fetchone() == epoch


def test_a_migration_that_fails_leaves_the_file_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    migrated(path)
    before = path.read_bytes()
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("CREATE TABLE docs(a)", "NONSENSE")))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with pytest.raises(sqlite3.OperationalError):
        migrated(path)
    assert path.read_bytes() == before
