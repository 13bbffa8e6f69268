from __future__ import annotations

import asyncio
import os
import shutil
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import psutil
import pydantic
import pytest

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED, Event
from collab_dash.feed import FeedContext
from collab_dash.testing import collect
from collab_dash_feeds import exec as module
from collab_dash_feeds.exec import ExecFeed

# What a child does whom only the feed can end in time. No test waits for it; should the feed fail to end the child, it
# ends by itself.
LIVE_ON = "__import__('time').sleep(60)"


def python(code: str, **options: Any) -> ExecFeed:
    feed = ExecFeed.configure({"command": [sys.executable, "-c", code], **options})
    assert isinstance(feed, ExecFeed)
    return feed


async def all_of(feed: ExecFeed, folder: Path | None = None) -> list[Event]:
    context = FeedContext(name="x") if folder is None else FeedContext(name="x", folder=folder)
    return await collect(feed, context, 1_000_000)


async def gone(pid: int) -> None:
    async with asyncio.timeout(5):
        while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            await asyncio.sleep(0)


async def test_lines_and_json_become_events_and_the_feed_ends_with_the_program() -> None:
    events = await all_of(python("""print("INFO ready"); print('{"n": 1}'); print("last", end="")"""))
    assert [event.type for event in events] == ["exec:line"] * 3
    assert [event.data for event in events] == [
        {"line": "INFO ready", "level": "info"},
        {"n": 1},
        {"line": "last"},
    ]


async def test_a_string_is_split_as_by_a_shell_but_none_runs(tmp_path: Path) -> None:
    feed = ExecFeed.configure({"command": "echo 'a  b' $HOME; `id` > out"})
    [event] = await collect(feed, FeedContext(name="x", folder=tmp_path), 10)
    assert event.data == {"line": "a  b $HOME; `id` > out"}
    assert list(tmp_path.iterdir()) == []


SPEAKERS = {
    "sh": ["sh", "-c", """echo '{"n": 1}'; echo plain; printf last"""],
    "awk": ["awk", 'BEGIN { print "{\\"n\\": 1}"; print "plain"; printf "last" }'],
    "perl": ["perl", "-e", """print qq({"n": 1}\\nplain\\nlast)"""],
    "node": ["node", "-e", """process.stdout.write('{"n": 1}\\nplain\\nlast')"""],
}


@pytest.mark.parametrize("language", [name for name in SPEAKERS if shutil.which(name)])  # sh is everywhere
async def test_a_program_may_be_written_in_any_language(language: str) -> None:
    events = await collect(ExecFeed.configure({"command": SPEAKERS[language]}), FeedContext(name="x"), 99)
    assert [event.data for event in events] == [{"n": 1}, {"line": "plain"}, {"line": "last"}]


async def test_it_runs_in_the_folder_of_the_workspace(tmp_path: Path) -> None:
    [event] = await all_of(python("import os; print(os.getcwd())"), tmp_path)
    assert Path(event.data["line"]).samefile(tmp_path)


async def test_standard_error_is_told_apart() -> None:
    [event] = await all_of(python("import sys; print('WARN low', file=sys.stderr)"))
    assert (event.type, event.data) == ("exec:stderr", {"line": "WARN low", "level": "warn"})


async def test_a_failing_program_is_tried_again_and_its_last_words_are_the_reason() -> None:
    with pytest.raises(FeedBroken, match="exited with status 3: no disk"):
        await all_of(python("import sys; print('no disk', file=sys.stderr); sys.exit(3)"))


async def test_a_reason_holds_nothing_that_a_terminal_obeys() -> None:
    with pytest.raises(FeedBroken) as caught:
        await all_of(python(r"import sys; sys.stderr.write('\x1b[2Jboom\x07\n'); sys.exit(1)"))
    assert str(caught.value).isprintable()


async def test_a_killed_program_is_tried_again() -> None:
    with pytest.raises(FeedBroken, match="ended by SIGKILL"):
        await all_of(python("import os; os.kill(os.getpid(), 9)"))


async def test_a_program_may_be_started_again_always() -> None:
    with pytest.raises(FeedBroken, match="started again"):
        await all_of(python("print(1)", restart="always"))


async def test_a_program_that_cannot_be_started_fails(tmp_path: Path) -> None:
    with pytest.raises(FeedFailed, match="no such program") as caught:
        await collect(ExecFeed.configure({"command": "no-such-program-here"}), FeedContext(name="x"), 1)
    assert caught.value.hint
    (tmp_path / "data").write_text("x")
    with pytest.raises(FeedFailed, match="Permission denied"):
        await collect(ExecFeed.configure({"command": "./data"}), FeedContext(name="x", folder=tmp_path), 1)


@pytest.mark.parametrize("command", ["", [], "unclosed 'quote"])
def test_a_command_must_name_a_program(command: str | list[str]) -> None:
    with pytest.raises(pydantic.ValidationError):
        ExecFeed.configure({"command": command})


async def test_a_very_long_line_is_rejected_and_the_next_is_read() -> None:
    first, second = await all_of(python("print('x' * (1 << 21)); print('next')"))
    assert first.type == REJECTED
    assert len(first.data["raw"]) == 2048
    assert second.data == {"line": "next"}


async def test_what_is_not_utf8_is_shown_as_such() -> None:
    [event] = await all_of(python(r"import sys; sys.stdout.buffer.write(b'a\xffb\n')"))
    assert event.data == {"line": "a\ufffdb"}


async def test_a_slow_reader_slows_the_program_and_loses_nothing() -> None:
    events = await all_of(python("for n in range(20000): print(n)"))
    assert [event.data["line"] for event in events] == [str(number) for number in range(20000)]


async def test_output_that_nobody_takes_does_not_pile_up() -> None:
    feed = python("while True: print('x' * 1000)")
    stream: Any = feed.events(FeedContext(name="x"))
    async with asyncio.timeout(10), aclosing(stream):
        await anext(stream)
        child = stream.ag_frame.f_locals["child"]
        while not child._paused:
            await asyncio.sleep(0)
        assert child._bytes < module._PENDING_BYTES + (1 << 20)


async def test_the_program_and_its_children_end_with_the_feed() -> None:
    code = """
import subprocess, os
child = subprocess.Popen(["sleep", "60"])
print(os.getpid(), child.pid, flush=True)
child.wait()
"""
    [event] = await collect(python(code), FeedContext(name="x"), 1)
    for pid in map(int, event.data["line"].split()):
        await gone(pid)


async def test_a_program_that_ignores_the_request_to_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_END_WITHIN", 0.1)
    code = f"""
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(os.getpid(), flush=True)
{LIVE_ON}
"""
    [event] = await collect(python(code), FeedContext(name="x"), 1)
    pid = int(event.data["line"])
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_cancelled_feed_leaves_no_process() -> None:
    seen: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def run() -> None:
        feed = python(f"import os; print(os.getpid(), flush=True); {LIVE_ON}")
        stream: Any = feed.events(FeedContext(name="x"))
        async with aclosing(stream):
            async for event in stream:
                seen.set_result(int(event.data["line"]))

    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(run())
        pid = await seen
        task.cancel()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_what_a_program_leaves_running_does_not_hold_the_feed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LINGER", 0.05)
    code = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid)"
    [event] = await all_of(python(code))
    await gone(int(event.data["line"]))
