from __future__ import annotations

import asyncio
import csv
import io
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from cli.conftest import Cli
from collab_dash.store.log import open_log

NASTY = "select char(27)||'[2J' as e, 'a'||char(10)||'b' as n, x'00ff' as b, null as z, 1.5 as f, 9e999 as i"


@pytest.fixture(autouse=True)
def recording(tmp_path: Path) -> Path:
    async def make() -> None:
        await (await open_log(tmp_path / "collab.db")).close()

    asyncio.run(make())
    return tmp_path / "collab.db"


def test_a_table_is_aligned_and_shows_what_a_terminal_would_obey(cli: Cli) -> None:
    code, out, err = cli("query", "select 'x' as name, 5 as n union all select 'longer', 1234")
    assert (code, err) == (0, "")
    assert out == "name       n\nx          5\nlonger  1234\n"
    assert cli("query", NASTY).out.splitlines()[1].split() == ["␛[2J", "a⏎b", "<2", "bytes>", "1.5", "inf"]


def test_json_keeps_every_character(cli: Cli) -> None:
    (row,) = json.loads(cli("query", NASTY, "--format", "json").out)
    assert row == {"e": "\x1b[2J", "n": "a\nb", "b": "00ff", "z": None, "f": 1.5, "i": None}
    assert json.loads(cli("query", "select 1 from events", "--format", "json").out) == []
    assert len(json.loads(cli("query", "select 1 as a union select 2", "--format", "json").out)) == 2


def test_csv_is_for_spreadsheets(cli: Cli) -> None:
    out = cli("query", NASTY, "--format", "csv").out
    assert list(csv.reader(io.StringIO(out, newline=""))) == [
        ["e", "n", "b", "z", "f", "i"],
        ["␛[2J", "a\nb", "00ff", "", "1.5", ""],
    ]


def test_the_recording_is_the_workspace_s_or_the_one_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "collab.db").rename(tmp_path / "other.db")
    (tmp_path / "collab.toml").write_text('[session]\ndb = "other.db"')
    assert cli("query", "select count(*) as n from events").out == "n\n0\n"
    (tmp_path / "collab.toml").unlink()
    assert cli("query", "select 1 as n", "--db", "other.db").out == "n\n1\n"
    missing = cli("query", "select 1")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.startswith(f"collab-dash: there is no log at {tmp_path / 'collab.db'}\n  name the database")


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("delete from events", "may only read"),
        ("insert into events(feed) values ('x')", "may only read"),
        ("attach 'x.db' as x", "may only read"),
        ("pragma journal_mode=delete", "may only read"),
        ("select load_extension('x')", "not authorized to use function: load_extension"),
        ("select nope from events", "no such column: nope\n  there are events(offset, feed, type, key, time,"),
        ("select 1 from nowhere", "no such table: nowhere"),
        ("selekt", "syntax error"),
        ("select 1; select 2", "one statement"),
        ("", "there is no query in that SQL"),
    ],
)
def test_what_is_no_query_is_one_clear_line(cli: Cli, recording: Path, sql: str, words: str) -> None:
    before = recording.read_bytes()
    code, out, err = cli("query", sql)
    assert (code, out) == (1, "")
    assert err.startswith("collab-dash: ")
    assert words in err
    assert recording.read_bytes() == before
    assert not Path("x.db").exists()


def test_an_interrupt_ends_a_query_that_does_not() -> None:
    endless = "with recursive c(x) as (select 1 union all select x + 1 from c) select x from c"
    command = [sys.executable, "-m", "collab_dash", "query", endless, "--format", "csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as query:
        assert query.stdout is not None
        assert query.stdout.readline() == b"x\n"
        query.send_signal(signal.SIGINT)
        _, err = query.communicate(timeout=15)
    assert (query.returncode, err) == (130, b"")


def test_a_closed_pipe_ends_a_query_cleanly() -> None:
    endless = "with recursive c(x) as (select 1 union all select x + 1 from c) select x from c"
    command = [sys.executable, "-m", "collab_dash", "query", endless, "--format", "csv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as query:
        assert query.stdout is not None
        assert query.stderr is not None
        query.stdout.close()
        assert query.stderr.read() == b""
        assert query.wait(15) == 0


def test_a_database_that_is_not_ours_is_left_as_it_was(cli: Cli, tmp_path: Path, recording: Path) -> None:
    (tmp_path / "text").write_text("words")
    with sqlite3.connect(tmp_path / "other") as other:
        other.execute("CREATE TABLE t(a)")
    other.close()
    with sqlite3.connect(recording) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    for path, words in (
        ("text", "text is not a SQLite database"),
        ("other", "other is another program's SQLite database"),
        ("collab.db", "has schema version 99, this program knows versions up to"),
        (".", "is not a file"),
    ):
        content = Path(path).read_bytes() if Path(path).is_file() else b""
        ran = cli("query", "select 1", "--db", path)
        assert (ran.code, ran.out) == (1, "")
        assert words in ran.err
        assert not content or Path(path).read_bytes() == content
