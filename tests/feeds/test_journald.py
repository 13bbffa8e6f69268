from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED, Event, record_or_reject
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, collect
from collab_dash.testing.upstream import NO_FAULTS
from collab_dash_feeds._lines import Line
from collab_dash_feeds.journald import JournaldFeed

SAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "samples" / "journald.json").read_text())

# Not journalctl, but a stand-in that takes the same options and writes the same JSON: it plays `entries` of the folder
# named by --directory, and looks again whenever something is written to the pipe `more`. Where there is an `ending`, it
# ends as that says.
STAND_IN = """
import json, os, sys
options = dict(word.lstrip("-").partition("=")[::2] for word in sys.argv[1:])
os.chdir(options["directory"])
json.dump(sys.argv[1:], open("arguments", "w"))
pipe = os.open("more", os.O_RDWR)
def read():
    return open("entries").read().splitlines()
entries = read()
seen = len(entries)
if "cursor" in options:  # the entry itself or, where it is gone, those after it
    entries = [line for line in entries if line.split('"__CURSOR": "')[-1].split('"')[0] >= options["cursor"]]
if options["lines"] != "all":
    entries = entries[max(len(entries) - int(options["lines"]), 0):]
while True:
    print("".join(line + "\\n" for line in entries), end="", flush=True)
    if os.path.exists("ending"):
        code, words = json.load(open("ending"))
        print(words, end="", file=sys.stderr)
        sys.exit(code)
    os.read(pipe, 4096)
    entries = read()[seen:]
    seen += len(entries)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A folder of entries."""
    return prepare(tmp_path, *SAMPLES)


def prepare(folder: Path, *entries: Any) -> Path:
    (folder / "stand_in.py").write_text(STAND_IN)
    write(folder, *entries)
    os.mkfifo(folder / "more")
    return folder


def add(folder: Path, *entries: Any) -> None:
    """Write more entries, and wake who follows them."""
    with (folder / "entries").open("a") as file:
        for entry in entries:
            file.write((entry if isinstance(entry, str) else json.dumps(entry)) + "\n")
    with suppress(OSError):  # nobody follows
        pipe = os.open(folder / "more", os.O_WRONLY | os.O_NONBLOCK)
        os.write(pipe, b"!")
        os.close(pipe)


def write(folder: Path, *entries: Any) -> None:
    text = "".join((entry if isinstance(entry, str) else json.dumps(entry)) + "\n" for entry in entries)
    (folder / "entries").write_text(text)


def reading(folder: Path, **options: Any) -> JournaldFeed:
    program = [sys.executable, str(folder / "stand_in.py")]
    feed = JournaldFeed.configure({"program": program, "directory": str(folder), **options})
    assert isinstance(feed, JournaldFeed)
    return feed


def ended(folder: Path, code: int, words: str = "") -> JournaldFeed:
    (folder / "ending").write_text(json.dumps([code, words]))
    return reading(folder)


def arguments(folder: Path) -> list[str]:
    found: list[str] = json.loads((folder / "arguments").read_text())
    return found


async def test_entries_become_lines_with_level_unit_and_time(journal: Path) -> None:
    events = await collect(reading(journal), FeedContext(name="j"), 8)
    assert {event.type for event in events} == {"log:line"}
    assert [event.key for event in events] == [
        "nginx.service",
        "nginx.service",
        "kernel",
        "sudo",
        "app.service",
        "sync.service",
        "app.service",
        "app.service",
    ]
    assert events[1].time == 1791061112627
    assert events[1].data == {
        "line": "connect() failed (111: Connection refused) while connecting to upstream",
        "level": "error",
        "priority": "err",
        "unit": "nginx.service",
        "identifier": "nginx",
        "pid": 812,
        "host": "web1",
        "transport": "stdout",
    }
    assert [event.data.get("level") for event in events] == [
        "info",
        "error",
        "warn",
        "info",
        "info",
        "info",
        "fatal",
        None,
    ]


async def test_bytes_repeated_fields_and_an_entry_without_message_are_read(journal: Path) -> None:
    *_, raw, lines, _, bare = await collect(reading(journal), FeedContext(name="j"), 8)
    assert raw.data["line"] == "\x1b[31mred\x1b[0m \ufffd raw bytes"
    assert lines.data["line"] == "zwei Zeilen:\nGrüße"
    assert "pid" not in lines.data  # given twice, and not the same
    assert "line" not in bare.data
    assert (bare.data["pid"], bare.data["identifier"]) == (913, "app")


async def test_further_fields_are_kept_where_they_are_asked_for(journal: Path) -> None:
    feed = reading(journal, fields=["REQUEST_ID", "CODE_FILE"])
    first, *_, last = await collect(feed, FeedContext(name="j"), 8)
    assert first.data["CODE_FILE"] == "src/core/job.c"
    assert last.data["REQUEST_ID"] == "7f3"
    assert "CODE_FILE" not in last.data


@pytest.mark.parametrize("stop", range(1, 8))
async def test_it_goes_on_with_the_next_entry(journal: Path, stop: int) -> None:
    context = FeedContext(name="j")
    before = await collect(reading(journal), context, stop)
    assert context.cursor == SAMPLES[stop - 1]["__CURSOR"]
    after = await collect(reading(journal), context, 8 - stop)
    assert [event.time for event in [*before, *after]] == [
        int(entry["__REALTIME_TIMESTAMP"]) // 1000 for entry in SAMPLES
    ]


async def test_no_entry_is_missed_where_the_last_one_is_gone(journal: Path) -> None:
    write(journal, *SAMPLES[3:])
    events = await collect(reading(journal), FeedContext(name="j", cursor=SAMPLES[1]["__CURSOR"]), 5)
    assert events[0].key == "sudo"


async def test_entries_come_as_they_are_written(journal: Path) -> None:
    stream: Any = reading(journal, lines=1).events(FeedContext(name="j"))
    async with asyncio.timeout(10), aclosing(stream):
        await anext(stream)
        add(journal, SAMPLES[2])
        assert (await anext(stream)).key == "kernel"


async def test_what_is_asked_of_journalctl(journal: Path) -> None:
    feed = reading(
        journal,
        units=["nginx.service", "--version; id"],
        identifiers=["sshd"],
        priority="warning",
        matches=["_UID=1000", "_COMM=a b"],
        kernel=True,
        boot=True,
        since="-1h",
    )
    await collect(feed, FeedContext(name="j"), 1)
    assert arguments(journal) == [
        "--output=json",
        "--all",
        "--no-pager",
        "--follow",
        "--since=-1h",
        "--lines=all",
        f"--directory={journal}",
        "--unit=nginx.service",
        "--unit=--version; id",
        "--identifier=sshd",
        "--priority=warning",
        "--dmesg",
        "--boot",
        "_UID=1000",
        "_COMM=a b",
    ]


async def test_the_first_time_begins_with_some_earlier_lines_and_later_with_the_cursor(journal: Path) -> None:
    context = FeedContext(name="j", folder=journal.parent)
    events = await collect(reading(journal, lines=2, directory=journal.name), context, 2)
    assert [event.key for event in events] == ["app.service"] * 2
    assert arguments(journal)[4:] == ["--lines=2", f"--directory={journal}"]
    (journal / "ending").write_text('[0, ""]')
    with pytest.raises(FeedBroken):
        await collect(reading(journal, since="today"), context, 1)
    assert arguments(journal)[4:6] == [f"--cursor={SAMPLES[-1]['__CURSOR']}", "--lines=all"]


async def test_without_journalctl_it_fails_and_says_what_to_do() -> None:
    feed = JournaldFeed.configure({"program": "no-such-journalctl"})
    with pytest.raises(FeedFailed, match="cannot run no-such-journalctl") as caught:
        await collect(feed, FeedContext(name="j"), 1)
    assert "systemd" in caught.value.hint


@pytest.mark.parametrize(
    ("code", "words", "reason"),
    [(0, "", "ended$"), (1, "Failed to open files\x1b[2J\n", r"exited with status 1: Failed to open files \[2J")],
)
async def test_an_end_is_tried_again(journal: Path, code: int, words: str, reason: str) -> None:
    with pytest.raises(FeedBroken, match=reason):
        await collect(ended(journal, code, words), FeedContext(name="j"), 99)


async def test_options_it_does_not_accept_fail(journal: Path) -> None:
    with pytest.raises(FeedFailed, match="Failed to parse timestamp: gestern") as caught:
        await collect(ended(journal, 1, "Failed to parse timestamp: gestern\n"), FeedContext(name="j"), 99)
    assert "since" in caught.value.hint


async def test_a_cursor_that_journalctl_cannot_read_is_given_up(journal: Path) -> None:
    write(journal)
    context = FeedContext(name="j", cursor="bogus")
    with pytest.raises(FeedBroken, match="begins anew"):
        await collect(ended(journal, 1, "Failed to seek to cursor: Invalid argument\n"), context, 1)
    assert context.cursor == ""


async def test_what_it_says_beside_the_entries_is_noted(journal: Path) -> None:
    notes: list[str] = []
    write(journal, "-- Boot 6f1a --", SAMPLES[0])
    feed = ended(journal, 0, "Hint: You are currently not seeing messages from other users\n")
    with pytest.raises(FeedBroken):
        await collect(feed, FeedContext(name="j", note=notes.append), 9)
    assert {"-- Boot 6f1a --", "Hint: You are currently not seeing messages from other users"} <= set(notes)


@pytest.mark.parametrize(
    "line", ["nonsense", "[1]", '{"MESSAGE": [300]}', '{"MESSAGE": {"a": 1}}', '{"MESSAGE"', "{" * 9]
)
async def test_what_is_no_entry_is_kept_and_the_next_is_read(journal: Path, line: str) -> None:
    write(journal, line, SAMPLES[0])
    first, second = await collect(reading(journal), FeedContext(name="j"), 2)
    assert (first.type, first.data["raw"]) == (REJECTED, line)
    assert second.key == "nginx.service"


async def test_an_entry_over_the_limit_is_kept_in_part(journal: Path) -> None:
    write(journal, SAMPLES[0] | {"MESSAGE": "x" * (1 << 20)}, SAMPLES[1])
    first, second = await collect(reading(journal), FeedContext(name="j"), 2)
    assert "over the limit" in first.data["reason"]
    assert second.key == "nginx.service"


def read(raw: bytes) -> Event | None:
    return reading(Path("unused"))._read(Line(raw, len(raw)), FeedContext(name="j"))


@given(st.sampled_from(SAMPLES), st.data())
def test_whatever_an_entry_holds_becomes_one_event(entry: dict[str, Any], data: st.DataObject) -> None:
    values = st.none() | st.text() | st.integers() | st.lists(st.integers(-1, 300) | st.none() | st.text())
    changed = entry | {data.draw(st.sampled_from(sorted(entry))): data.draw(values | st.lists(values))}
    event = read(json.dumps(changed).encode())
    assert event is not None
    assert record_or_reject(event, feed="j", received=1).type in ("log:line", REJECTED)


@given(st.sampled_from(SAMPLES), st.integers(0, 400), st.binary(max_size=4))
def test_damaged_lines_become_one_event(entry: dict[str, Any], at: int, noise: bytes) -> None:
    raw = json.dumps(entry).encode()
    event = read(raw[:at] + noise + raw[at + len(noise) :])
    assert event is not None
    record_or_reject(event, feed="j", received=1)


@pytest.mark.parametrize(
    "options",
    [
        {"priority": "loud"},
        {"priority": "err..."},
        {"matches": ["--flush"]},
        {"matches": ["a b"]},
        {"units": [""]},
        {"fields": ["message"]},
        {"lines": -1},
        {"program": ""},
        {"program": "open 'quote"},
    ],
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        JournaldFeed.configure(options)


def test_priorities_may_be_numbers_and_ranges() -> None:
    for priority in ("3", "err", "err..info", "0..7"):
        JournaldFeed.configure({"priority": priority})


class Journal:
    """A folder that the stand-in reads, as what is at the other end."""

    def __init__(self, folder: Path) -> None:
        self.folder = prepare(folder)

    def play(self, *entries: Any) -> None:
        add(self.folder, *entries)


class TestConformance(FeedConformance):
    plugin = JournaldFeed
    messages = SAMPLES
    malformed = ("{not JSON", "[]", '{"MESSAGE": {}}')
    resumes = True
    faults = NO_FAULTS

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Journal]:
        with TemporaryDirectory() as folder:
            yield Journal(Path(folder))

    def options(self, upstream: Journal) -> dict[str, Any]:
        return {
            "program": [sys.executable, str(upstream.folder / "stand_in.py")],
            "directory": str(upstream.folder),
        }
