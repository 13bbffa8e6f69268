from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pydantic
import pytest

from collab_dash.errors import FeedFailed
from collab_dash.event import Event
from collab_dash.feed import FeedContext
from collab_dash.testing import collect
from collab_dash_feeds import file as module
from collab_dash_feeds.file import FileFeed
from replicas import until_noted

Next = Callable[[int], Awaitable[list[str]]]


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_EVERY", 0.01)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


def write(path: Path, *lines: str, end: str = "\n") -> None:
    with path.open("a") as file:
        file.write("".join(f"{line}{end}" for line in lines))


def context_for(path: Path, cursor: str | None = None) -> FeedContext:
    return FeedContext(name="log", folder=path.parent, cursor=cursor)


def feed(path: Path, **options: Any) -> FileFeed:
    configured = FileFeed.configure({"path": path.name, "from": "start", **options})
    assert isinstance(configured, FileFeed)
    return configured


@asynccontextmanager
async def following(path: Path, context: FeedContext | None = None, **options: Any) -> AsyncGenerator[Next]:
    """Follow a file; the block gets a function that waits for so many lines."""
    stream: Any = feed(path, **options).events(context or context_for(path))

    async def lines(count: int) -> list[str]:
        return [str((await anext(stream)).data["line"]) for _ in range(count)]

    async with asyncio.timeout(10), aclosing(stream):
        yield lines


async def up_to_now(path: Path, cursor: str | None, **options: Any) -> list[Event]:
    """Give all that there is to read from a cursor on."""
    write(path, "-- now --")
    events: list[Event] = []
    stream: Any = feed(path, **options).events(context_for(path, cursor))
    async with asyncio.timeout(10), aclosing(stream):
        async for event in stream:
            if event.data.get("line") == "-- now --":
                break
            events.append(event)
    return events


def texts(events: list[Event]) -> list[str]:
    return [event.data["line"] for event in events]


async def test_lines_come_as_they_are_written_with_their_level(log: Path) -> None:
    write(log, "ERROR one")
    stream: Any = feed(log).events(context_for(log))
    async with asyncio.timeout(5), aclosing(stream):
        event = await anext(stream)
        assert (event.type, event.data) == ("log:line", {"line": "ERROR one", "level": "error"})
        write(log, '{"n": 2}')
        assert (await anext(stream)).data == {"n": 2}


async def test_it_begins_at_the_end_unless_told_otherwise(log: Path) -> None:
    write(log, "old", "older")
    write(log, "unfinished", end="")
    notes: list[str] = []
    context = context_for(log)
    context.note = notes.append
    stream: Any = FileFeed.configure({"path": log.name}).events(context)
    async with asyncio.timeout(5), aclosing(stream):
        first = asyncio.ensure_future(anext(stream))
        while not notes:
            await asyncio.sleep(0)
        write(log, " line", "new")
        assert texts([await first, await anext(stream)]) == ["unfinished line", "new"]


async def test_the_end_counts_as_a_place_before_any_line(log: Path) -> None:
    write(log, "old")
    context = context_for(log)
    await until_noted(feed(log, **{"from": "end"}), context)
    write(log, "while away")
    assert texts(await up_to_now(log, context.cursor, **{"from": "end"})) == ["while away"]


async def test_a_missing_file_is_waited_for_and_read_from_its_start(log: Path) -> None:
    context = context_for(log)
    waiting = asyncio.Event()
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        waiting.set()

    context.note = note
    async with following(log, context, **{"from": "end"}) as lines, asyncio.TaskGroup() as group:
        first = group.create_task(_all(lines, 2))
        await waiting.wait()
        write(log, "a", "b")
        assert await first == ["a", "b"]
    assert notes[0] == f"waiting for {log} to appear"


async def _all(lines: Next, count: int) -> list[str]:
    return await lines(count)


async def test_a_line_waits_for_its_end(log: Path) -> None:
    write(log, "one")
    write(log, "tw", end="")
    async with following(log) as lines:
        assert await lines(1) == ["one"]
        write(log, "o", "three")
        assert await lines(2) == ["two", "three"]


async def test_a_rotated_file_is_finished_before_the_new_one(log: Path) -> None:
    write(log, "1")
    async with following(log) as lines:
        assert await lines(1) == ["1"]
        with log.open("a") as writer:
            log.rename(log.with_name("app.log.1"))
            writer.write("2\n")
            writer.flush()
            write(log, "4")
            writer.write("3 without end")
        assert await lines(3) == ["2", "3 without end", "4"]


async def test_the_last_words_of_a_file_moved_out_of_sight_are_read(log: Path) -> None:
    write(log, "1")
    (log.parent / "old").mkdir()
    async with following(log) as lines:
        assert await lines(1) == ["1"]
        write(log, "2 without end", end="")
        log.rename(log.parent / "old" / "app.log")
        write(log, "3")
        assert await lines(2) == ["2 without end", "3"]


async def test_files_that_begin_alike_are_told_apart(log: Path) -> None:
    banner = "=" * 300
    write(log, banner, "1", "2")
    context = context_for(log)
    await collect(feed(log), context, 2)
    log.rename(log.with_name("app.log.1"))
    write(log, banner, "3", "4")
    assert texts(await up_to_now(log, context.cursor)) == ["2", banner, "3", "4"]


async def test_a_file_put_back_as_a_copy_is_gone_on_with(log: Path) -> None:
    write(log, "=" * 300, "1", "2")
    context = context_for(log)
    await collect(feed(log), context, 2)
    shutil.copy(log, log.with_name("copy"))
    log.with_name("copy").rename(log)
    assert texts(await up_to_now(log, context.cursor)) == ["2"]


async def test_a_removed_file_is_waited_for(log: Path) -> None:
    write(log, "1")
    async with following(log) as lines:
        assert await lines(1) == ["1"]
        log.unlink()
        write(log, "2")
        assert await lines(1) == ["2"]


async def test_a_truncated_file_is_read_from_its_start(log: Path) -> None:
    write(log, "a long first line", "2")
    async with following(log) as lines:
        await lines(2)
        log.write_text("3\n")
        assert await lines(1) == ["3"]


async def test_a_file_written_anew_and_longer_is_read_from_its_start(log: Path) -> None:
    write(log, "1")
    async with following(log) as lines:
        await lines(1)
        log.write_text("another and longer\n")
        assert await lines(1) == ["another and longer"]


async def test_lines_copied_away_before_a_truncation_are_found(log: Path) -> None:
    write(log, "first line of some length")
    context = context_for(log)
    await collect(feed(log), context, 1)
    write(log, "second")
    shutil.copy(log, log.with_name("app.log.1"))
    log.write_text("third\n")
    assert texts(await up_to_now(log, context.cursor)) == ["second", "third"]


async def test_every_cursor_resumes_with_the_next_line(log: Path) -> None:
    write(log, *map(str, range(20)))
    context = context_for(log)
    stream: Any = feed(log).events(context)
    async with aclosing(stream):
        for number in range(20):
            assert (await anext(stream)).data["line"] == str(number)
            rest = await collect(feed(log), context_for(log, context.cursor), 19 - number) if number < 19 else []
            assert texts(rest) == [str(later) for later in range(number + 1, 20)]


async def test_a_cursor_never_passes_a_line_of_several_events_too_early(log: Path) -> None:
    write(log, '{"rows": [1, 2, 3]}')
    context = context_for(log)
    await collect(feed(log, items="rows"), context, 2)
    again = await collect(feed(log, items="rows"), context, 3)
    assert [event.data["value"] for event in again] == [1, 2, 3]


async def test_files_rotated_while_away_are_finished_in_order(log: Path) -> None:
    write(log, "1", "2")
    context = context_for(log)
    await collect(feed(log), context, 1)
    for number, stamp in ((3, 1000), (4, 2000)):
        for old in (2, 1):
            if (source := log.with_name(f"app.log.{old}")).exists():
                source.rename(log.with_name(f"app.log.{old + 1}"))
        os.utime(log, (stamp, stamp))
        log.rename(log.with_name("app.log.1"))
        write(log, str(number))
    log.with_name("app.log.bak").write_text("a backup\n")
    assert texts(await up_to_now(log, context.cursor)) == ["2", "3", "4"]


async def test_a_rotated_file_that_is_gone_is_done_without(log: Path) -> None:
    write(log, "1", "2")
    context = context_for(log)
    await collect(feed(log), context, 1)
    log.unlink()
    write(log, "new")
    assert texts(await up_to_now(log, context.cursor)) == ["new"]


async def test_a_reused_inode_is_not_taken_for_the_old_file(log: Path) -> None:
    write(log, "first")
    context = context_for(log)
    await collect(feed(log), context, 1)
    log.write_text("other content\nmore\n")  # the same inode
    assert texts(await up_to_now(log, context.cursor)) == ["other content", "more"]


@pytest.mark.parametrize("cursor", ["", "nonsense", "{}", '{"inode":"x"}', "[1]"])
async def test_a_cursor_that_is_not_ours_counts_as_none(log: Path, cursor: str) -> None:
    write(log, "1")
    assert texts(await up_to_now(log, cursor)) == ["1"]


async def test_a_cursor_is_a_json_object(log: Path) -> None:
    write(log, "12345")
    context = context_for(log)
    await collect(feed(log), context, 1)
    cursor = json.loads(context.cursor or "")
    assert (cursor["inode"], cursor["offset"]) == (log.stat().st_ino, 6)


async def test_a_big_file_is_read_whole(log: Path) -> None:
    write(log, *(f"{number:060}" for number in range(20_000)))
    events = await collect(feed(log), context_for(log), 20_000)
    assert [int(line) for line in texts(events)] == list(range(20_000))


@pytest.mark.parametrize("options", [{}, {"path": "x", "from": "middle"}, {"path": "x", "tail": 3}])
def test_options_are_checked(options: dict[str, object]) -> None:
    with pytest.raises(pydantic.ValidationError):
        FileFeed.configure(options)


async def test_what_cannot_be_followed_fails(log: Path) -> None:
    log.mkdir()
    with pytest.raises(FeedFailed, match="not a regular file") as caught:
        await collect(feed(log), context_for(log), 1)
    assert caught.value.hint


async def test_a_file_that_may_not_be_read_fails(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    write(log, "secret")
    monkeypatch.setattr(Path, "open", refuse)  # as root, for whom no mode of a file is a refusal
    with pytest.raises(FeedFailed, match=rf"cannot read {log}: Permission denied") as caught:
        await collect(feed(log), context_for(log), 1)
    assert caught.value.hint


async def test_a_name_that_the_system_refuses_fails(tmp_path: Path) -> None:
    with pytest.raises(FeedFailed, match="File name too long"):
        await collect(feed(tmp_path / ("x" * 300)), FeedContext(name="log", folder=tmp_path), 1)


ROTATING = """
import logging, sys
from logging.handlers import RotatingFileHandler
handler = RotatingFileHandler(sys.argv[1], maxBytes=3000, backupCount=500)
log = logging.getLogger()
log.addHandler(handler)
for number in range(20_000):
    log.warning("line %d", number)
"""


async def test_a_program_that_rotates_its_own_log_is_followed_line_by_line(log: Path) -> None:
    write(log, "begin")
    async with following(log) as lines:
        assert await lines(1) == ["begin"]
        program = await asyncio.create_subprocess_exec(sys.executable, "-c", ROTATING, str(log))
        assert await lines(20_000) == [f"line {number}" for number in range(20_000)]
        assert await program.wait() == 0


COPIED = """
n=0
while [ $n -lt 30 ]; do
  echo "begin $n" >> "$1"
  read -r go
  i=0
  while [ $i -lt 20 ]; do echo "line $n.$i" >> "$1"; i=$((i + 1)); done
  cp "$1" "$1.1" && : > "$1"
  n=$((n + 1))
done
"""


async def test_a_log_that_a_shell_copies_and_truncates_is_followed_line_by_line(log: Path) -> None:
    write(log, "start")
    async with following(log) as lines:
        assert await lines(1) == ["start"]
        shell = await asyncio.create_subprocess_exec("sh", "-c", COPIED, "sh", str(log), stdin=asyncio.subprocess.PIPE)
        assert shell.stdin is not None
        for number in range(30):
            assert await lines(1) == [f"begin {number}"]
            shell.stdin.write(b"go\n")
            assert await lines(20) == [f"line {number}.{line}" for line in range(20)]
        assert await shell.wait() == 0
