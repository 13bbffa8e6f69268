from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.errors import LogClosed, LogRefused, LogUnavailable
from collab_dash.event import MAX_EVENT_BYTES, Event, Record, encode, record
from collab_dash.store.log import Log, open_log, read_log
from collab_dash.store.reading import MAX_PAGE_BYTES, MERGED_FEEDS

APPEND_FOR_EVER = """
import asyncio, sys
from pathlib import Path
from collab_dash.event import Record
from collab_dash.store.log import open_log

async def main():
    log = await open_log(Path(sys.argv[1]))
    number = log.last // 7
    while True:
        batch = [Record("feed", "a:b", str(number), place, 0, "{}") for place in range(7)]
        await log.append(batch, {"feed": str(number)})
        number += 1
        print(log.last, flush=True)

asyncio.run(main())
"""

APPEND_UNDER_A_FILE_LIMIT = """
import asyncio, resource, signal, sys
from pathlib import Path
from collab_dash.errors import LogUnavailable
from collab_dash.event import Record
from collab_dash.store.log import open_log

async def main():
    log = await open_log(Path(sys.argv[1]))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
    batch = [Record("feed", "a:b", None, 0, 0, '{"text":"' + "x" * 1000 + '"}')] * 50
    try:
        while True:
            await log.append(batch, {})
    except LogUnavailable as error:
        assert "cannot write" in str(error) and error.hint, error
    failed_at = log.last
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert await log.append(batch, {}) == failed_at + 1
    page = await log.read(after=0, upto=log.last, limit=10_000)
    assert len(page.events) == log.last == failed_at + 50
    await log.close()
    print("recovered")

asyncio.run(main())
"""


def entry(feed: str = "feed", kind: str = "a:b", *, received: int = 0, data: str = "{}") -> Record:
    return Record(feed, kind, None, received, received, data)


async def read_all(log: Log, limit: int, **wanted: Sequence[str]) -> list[bytes]:
    found: list[bytes] = []
    after, more = 0, True
    while more:
        page = await log.read(after=after, upto=log.last, limit=limit, **wanted)
        assert len(page.events) <= limit
        found += page.events
        after, more = page.last, page.more
    assert after == log.last
    return found


async def read_all_back(log: Log, limit: int, **wanted: Sequence[str]) -> list[bytes]:
    found: list[bytes] = []
    before, more = log.last + 1, True
    while more:
        page = await log.read_back(before=before, limit=limit, **wanted)
        found = page.events + found
        before, more = page.last, page.more
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "collab.db"


@pytest.fixture
async def log(path: Path) -> AsyncIterator[Log]:
    opened = await open_log(path)
    yield opened
    await opened.close()


texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
records = st.builds(
    lambda feed, key, data, time: record(
        Event(type="a:b", key=key, time=time, data={"text": data}), feed=feed, received=1
    ),
    st.sampled_from(["one", "two", "three"]),
    st.none() | texts,
    texts,
    st.integers(-(1 << 61), 1 << 61),
)


@settings(max_examples=40, deadline=None)
@given(batches=st.lists(st.lists(records, max_size=12), max_size=6), limit=st.integers(1, 9))
def test_what_is_appended_reads_back_in_order_without_gap_or_duplicate(batches: list[list[Record]], limit: int) -> None:
    async def check() -> None:
        with tempfile.TemporaryDirectory() as folder:
            log = await open_log(Path(folder, "collab.db"))
            try:
                for batch in batches:
                    assert await log.append(batch, {}) == log.last - len(batch) + 1
                every = [each for batch in batches for each in batch]
                expected = [encode(offset, each) for offset, each in enumerate(every, 1)]
                assert await read_all(log, limit) == expected
                assert await read_all_back(log, limit) == expected
                two = [line for line, each in zip(expected, every, strict=True) if each.feed != "one"]
                assert await read_all(log, limit, feeds=["three", "two", "two"]) == two
                assert await read_all_back(log, limit, feeds=["three", "two"]) == two
            finally:
                await log.close()

    asyncio.run(check())


async def test_every_character_is_written_as_the_hub_writes_it(log: Log) -> None:
    keys = ["".join(map(chr, range(256))), "\u2028\u2029\ufeff\U0010ffff", "\x00", ""]
    batch = [Record("feed", "a:b", key, -1, 1 << 40, '{"a":"\\u0000"}') for key in keys]
    await log.append(batch, {})
    page = await log.read(after=0, upto=log.last, limit=10)
    assert page.events == [encode(offset, each) for offset, each in enumerate(batch, 1)]


async def test_a_large_batch_is_one_run_of_offsets(log: Log) -> None:
    await log.append([entry()], {})
    batch = [entry(data=f'{{"n":{number}}}') for number in range(1000)]
    assert await log.append(batch, {"feed": "c"}) == 2
    page = await log.read(after=1, upto=log.last, limit=1000)
    assert page.events == [encode(offset, each) for offset, each in enumerate(batch, 2)]
    assert (page.last, page.more) == (1001, False)


async def test_types_are_globs_in_which_only_the_star_is_special(log: Log) -> None:
    await log.append([entry(kind=kind) for kind in ("a:b", "a:c", "ab:c", "z:b")], {})

    async def offsets(*types: str, feeds: Sequence[str] | None = None) -> int:
        return len((await log.read(after=0, upto=log.last, limit=9, types=types, feeds=feeds)).events)

    assert await offsets("a:*") == 2
    assert await offsets("a:b", "*:c", feeds=["feed"]) == 3
    assert await offsets("?:b") == 0
    assert await offsets("[az]:b") == 0
    assert await offsets("' OR 1") == 0


async def test_no_feeds_gives_nothing_and_many_feeds_give_theirs(log: Log) -> None:
    names = [f"feed{number}" for number in range(MERGED_FEEDS + 5)]
    await log.append([entry(name) for name in [*names, "other"]], {})
    assert await log.read(after=0, upto=log.last, limit=5, feeds=[]) == ([], log.last, False)
    assert len(await read_all(log, 4, feeds=names)) == len(names)
    assert len(await read_all_back(log, 4, feeds=names)) == len(names)


async def test_reading_stops_at_upto_and_at_the_limit(log: Log) -> None:
    await log.append([entry()] * 10, {})
    assert (await log.read(after=2, upto=5, limit=9)).last == 5
    page = await log.read(after=0, upto=10, limit=4)
    assert (len(page.events), page.last, page.more) == (4, 4, True)
    assert (await log.read(after=6, upto=10, limit=4)).more is False
    assert await log.read(after=0, upto=1 << 80, limit=0) == ([], (1 << 63) - 1, False)


async def test_a_page_holds_about_four_mebibytes_at_most(log: Log) -> None:
    large = entry(data='{"text":"' + "é" * (MAX_EVENT_BYTES // 2 - 50) + '"}')
    await log.append([large] * 40, {})
    forward = await log.read(after=0, upto=log.last, limit=1000)
    backward = await log.read_back(before=41, limit=1000)
    for page in (forward, backward):
        assert 1 < len(page.events) < 40
        assert sum(map(len, page.events)) <= MAX_PAGE_BYTES
        assert page.more
    assert len(await read_all(log, 1000)) == len(await read_all_back(log, 1000)) == 40


async def test_offset_at_finds_the_last_event_received_before(log: Log) -> None:
    assert await log.offset_at(5) == 0
    await log.append([entry(received=received) for received in (10, 20, 20, 30)], {})
    found = [await log.offset_at(time) for time in (0, 10, 11, 20, 21, 30, 31)]
    assert found == [0, 0, 1, 1, 3, 3, 4]


async def test_cursors_are_kept_with_the_events_and_survive(path: Path) -> None:
    log = await open_log(path)
    await log.append([entry()], {"one": "1", "two": "x"})
    await log.append([], {"one": "2\ud800", "two": None})
    epoch = log.epoch
    await log.close()
    again = await open_log(path)
    assert await again.cursors() == {"one": "2?"}
    assert (again.epoch, again.last) == (epoch, 1)
    await again.close()


async def test_a_full_disk_writes_nothing_and_the_next_append_may_work(log: Log) -> None:
    assert log._writer is not None
    batch = [entry(data='{"text":"' + "x" * 2000 + '"}')] * 300

    async def limit(pages: int) -> None:
        assert log._writer is not None
        await log._writer.run(lambda db: db.execute(f"PRAGMA max_page_count={pages}").fetchone())

    await limit(20)
    with pytest.raises(LogUnavailable, match=r"collab\.db: the disk is full") as caught:
        await log.append(batch, {"feed": "new"})
    assert caught.value.hint
    assert log.last == 0
    assert await log.cursors() == {}
    await limit(1 << 30)
    assert await log.append(batch, {"feed": "new"}) == 1
    assert log.last == 300


def test_a_file_size_limit_is_survived(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", APPEND_UNDER_A_FILE_LIMIT, path],
        capture_output=True, text=True, timeout=15, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("recovered\n", "")


async def test_a_batch_that_cannot_be_bound_leaves_nothing_behind(log: Log) -> None:
    broken = Record("feed", "a:b", None, 1 << 70, 0, "{}")
    with pytest.raises(OverflowError):
        await log.append([entry()] * 300 + [broken], {"feed": "c"})
    assert await log.append([entry()], {}) == 1
    assert await log.cursors() == {}


async def test_a_cancelled_append_is_all_or_nothing_and_last_says_which(log: Log) -> None:
    for ticks in range(6):
        before = log.last
        task = asyncio.ensure_future(log.append([entry()] * 300, {"feed": str(ticks)}))
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or ticks > 1  # by then it may be done
        assert log.last - before in (0, 300)
    assert len(await read_all(log, 1000)) == log.last
    assert await log.append([entry()], {}) == log.last


async def test_reading_does_not_wait_for_a_writer_in_a_transaction(log: Log, path: Path) -> None:
    await log.append([entry()], {})
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert len((await log.read(after=0, upto=1, limit=1)).events) == 1
    other.close()


def test_a_killed_writer_leaves_whole_batches(path: Path) -> None:
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", APPEND_FOR_EVER, path], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            told = [int(writer.stdout.readline()) for _ in range(20)][-1]
            writer.send_signal(signal.SIGKILL)
        asyncio.run(_check_whole_batches(path, told))


async def _check_whole_batches(path: Path, told: int) -> None:
    log = await open_log(path)
    assert log.last >= told
    assert log.last % 7 == 0
    lines = await read_all(log, 500)
    assert [int(line[10 : line.index(b",")]) for line in lines] == list(range(1, log.last + 1))
    assert await log.cursors() == {"feed": str(log.last // 7 - 1)}
    await log.close()


async def test_replaced_notices_another_file_and_none(log: Log, path: Path) -> None:
    assert not log.replaced()
    path.rename(path.with_name("moved.db"))
    assert log.replaced()
    path.write_bytes(b"")
    assert log.replaced()
    path.with_name("moved.db").rename(path)
    assert not log.replaced()


async def test_a_closed_log_says_so(path: Path) -> None:
    log = await open_log(path)
    await log.append([entry()], {})
    await log.close()
    await log.close()
    with pytest.raises(LogClosed):
        await log.append([entry()], {})
    with pytest.raises(LogClosed):
        await log.read(after=0, upto=1, limit=1)
    assert [each.name for each in path.parent.iterdir()] == ["collab.db"]


async def test_size_counts_the_write_ahead_log(log: Log, path: Path) -> None:
    before = log.size()
    await log.append([entry()] * 1000, {})
    assert log.size() > before
    assert log.size() > path.stat().st_size


def test_the_file_respects_the_umask(path: Path) -> None:
    async def make() -> None:
        await (await open_log(path)).close()

    before = os.umask(0o077)
    try:
        asyncio.run(make())
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_reader_sees_what_the_writer_adds_and_cannot_write(log: Log, path: Path) -> None:
    await log.append([entry()], {"feed": "c"})
    reader = await read_log(path)
    assert (reader.epoch, reader.last) == (log.epoch, 1)
    await log.append([entry()], {})
    assert await reader.refresh() == reader.last == 2
    assert await reader.cursors() == {"feed": "c"}
    with pytest.raises(LogUnavailable, match="reading only"):
        await reader.append([entry()], {})
    await reader.close()


@pytest.mark.parametrize("opening", [open_log, read_log])
@pytest.mark.parametrize(
    ("make", "words"),
    [
        ("CREATE TABLE events(a); INSERT INTO events VALUES (1)", "another program's"),
        ("PRAGMA journal_mode=WAL; CREATE TABLE t(a)", "another program's"),
        ("PRAGMA application_id=7; CREATE TABLE t(a)", "another program's"),
        ("PRAGMA application_id=1668246628; PRAGMA user_version=99; CREATE TABLE t(a)", "version 99"),
        ("", "not a SQLite database"),
    ],
)
async def test_a_file_that_is_not_ours_is_refused_and_left_as_it_is(
    path: Path, opening: type, make: str, words: str
) -> None:
    if make:
        made = sqlite3.connect(path)
        made.executescript(make)
        made.close()
    else:
        path.write_text("dear diary")
    before = path.read_bytes()
    with pytest.raises(LogRefused, match=words) as caught:
        await opening(path)
    assert str(path) in str(caught.value)
    assert caught.value.hint
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.iterdir()] == ["collab.db"]


async def test_reading_needs_a_log(path: Path) -> None:
    with pytest.raises(LogRefused, match="no log at"):
        await read_log(path)
    path.touch()
    with pytest.raises(LogRefused, match="no log yet"):
        await read_log(path)


async def test_opening_in_a_missing_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="cannot be opened") as caught:
        await open_log(tmp_path / "none" / "collab.db")
    assert "folder" in caught.value.hint
    with pytest.raises(LogRefused, match="not a file"):
        await open_log(tmp_path)
