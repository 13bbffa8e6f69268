from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collab_dash.errors import LogError, LogRefused
from collab_dash.event import Record
from collab_dash.store.log import Log, open_log
from collab_dash.store.query import run_query

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "collab.db"


@pytest.fixture
def recorded(path: Path) -> Path:
    async def record() -> None:
        log = await open_log(path)
        await log.append([Record(f"feed{n % 2}", "a:b", str(n), n, n, f'{{"n":{n}}}') for n in range(10)], {})
        await log.close()

    asyncio.run(record())
    return path


def ask(path: Path, sql: str, **options: Any) -> tuple[list[str], list[tuple[Any, ...]]]:
    with run_query(path, sql, **options) as answer:
        return answer.columns, list(answer.rows)


def test_columns_and_rows(recorded: Path) -> None:
    sql = "SELECT feed, sum(json_extract(data, '$.n')) AS total FROM events GROUP BY feed"
    assert ask(recorded, sql) == (["feed", "total"], [("feed0", 20), ("feed1", 25)])
    assert ask(recorded, "SELECT offset FROM events ORDER BY offset", limit=3) == (["offset"], [(1,), (2,), (3,)])
    assert len(ask(recorded, "PRAGMA table_info('events')")[1]) == 7
    assert ask(recorded, "SELECT 1 WHERE 0; -- done") == (["1"], [])


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM events",
        "INSERT INTO events(feed) VALUES ('x')",
        "UPDATE meta SET value = 'x'",
        "CREATE TABLE t(a)",
        "CREATE TEMP TABLE t(a)",
        "DROP TABLE events",
        "ATTACH 'other.db' AS other",
        "DETACH main",
        "VACUUM INTO 'other.db'",
        "PRAGMA query_only=OFF",
        "PRAGMA journal_mode=DELETE",
        "PRAGMA user_version=9",
        "SELECT load_extension('x')",
        "BEGIN IMMEDIATE",
        "WITH x AS (SELECT 1) DELETE FROM events",
    ],
)
def test_nothing_but_reading_is_allowed(
    recorded: Path, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = recorded.read_bytes()
    with pytest.raises(LogError, match=r"only read|not authorized") as caught:
        ask(recorded, sql)
    assert caught.value.hint
    assert recorded.read_bytes() == before
    assert not Path("other.db").exists()


def test_mistakes_come_with_sqlites_words_and_what_there_is(recorded: Path) -> None:
    with pytest.raises(LogError, match="no such column: prise") as caught:
        ask(recorded, "SELECT prise FROM events")
    assert "events(offset, feed, type, key, time, received, data)" in caught.value.hint
    with pytest.raises(LogError, match="syntax error"):
        ask(recorded, "SELEKT")
    with pytest.raises(LogError, match="one statement"):
        ask(recorded, "SELECT 1; SELECT 2")
    with pytest.raises(LogError, match="no query"):
        ask(recorded, " -- nothing")
    with pytest.raises(LogError, match="malformed JSON"):
        ask(recorded, "SELECT json(feed) FROM events")


def test_rows_end_with_the_block(recorded: Path) -> None:
    with run_query(recorded, "SELECT offset FROM events ORDER BY offset") as answer:
        assert next(answer.rows) == (1,)
    assert list(answer.rows) == []


def test_a_query_that_takes_too_long_is_stopped(recorded: Path) -> None:
    with pytest.raises(LogError, match=r"stopped after 0\.05 s"):
        ask(recorded, ENDLESS, timeout=0.05)


def test_ctrl_c_stops_it(recorded: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from collab_dash.store.query import run_query\n"
        "with run_query(Path(sys.argv[1]), sys.argv[2], timeout=None) as answer:\n"
        "    print('started', flush=True); list(answer.rows)\n"
    )
    for sql in (ENDLESS, f"SELECT 1 UNION ALL SELECT * FROM ({ENDLESS})"):
        with subprocess.Popen(
            [sys.executable, "-c", "print('up', flush=True)\n" + code, recorded, sql],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) as asking:  # fmt: skip
            assert asking.stdout is not None
            assert asking.stdout.readline() == "up\n"
            if sql != ENDLESS:
                assert asking.stdout.readline() == "started\n"
            asking.send_signal(signal.SIGINT)
            _, narration = asking.communicate(timeout=10)
        assert narration.rstrip().endswith("KeyboardInterrupt"), narration


async def test_it_works_while_a_hub_writes(path: Path) -> None:
    log: Log = await open_log(path)
    try:
        await log.append([Record("feed", "a:b", None, 0, 0, "{}")], {})
        assert ask(path, "SELECT count(*) FROM events")[1] == [(1,)]
        await log.append([Record("feed", "a:b", None, 0, 0, "{}")] * 500, {})
        with run_query(path, "SELECT offset FROM events ORDER BY offset") as answer:
            assert next(answer.rows) == (1,)
            await log.append([Record("feed", "a:b", None, 0, 0, "{}")] * 500, {})
            assert len(list(answer.rows)) == 500, "a query answers for the moment at which it was asked"
        assert ask(path, "SELECT count(*) FROM events")[1] == [(1001,)]
    finally:
        await log.close()


def _nothing(path: Path) -> None:
    """Leave no file."""


def _text(path: Path) -> None:
    path.write_text("dear diary")


def _foreign(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t(a)")
    connection.close()


@pytest.mark.parametrize("make", [_nothing, _text, _foreign])
def test_only_logs_are_queried(path: Path, make: Callable[[Path], None]) -> None:
    make(path)
    with pytest.raises(LogRefused):
        ask(path, "SELECT 1")
    assert path.exists() == (make is not _nothing)
