"""A board whose terminal goes or takes nothing more, and a board that is told to end; on real pseudo-terminals."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import sys
import termios
import tty
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import pytest

from collab_dash import join
from collab_dash.peer.session import People, Session, Update
from collab_dash.tui.terminal import PATIENCE, Output, hung_up
from hubs import hub_of, link, until, workspace_at

BEFORE_THE_GRACE = 4.0


class Drawn(NamedTuple):
    """A board on a terminal, both ends of that, and what became of the terminal's screen."""

    process: Process
    ours: int
    theirs: int
    output: bytearray
    pulse: asyncio.Event

    def read(self) -> None:
        """Take what is drawn."""
        self.output.extend(os.read(self.ours, 1 << 16))
        self.pulse.set()

    async def shows(self, text: bytes) -> None:
        """Wait until something was drawn."""
        while text not in self.output:
            self.pulse.clear()
            await self.pulse.wait()

    def vanish(self) -> None:
        """Let the terminal go."""
        asyncio.get_running_loop().remove_reader(self.ours)
        os.close(self.ours)

    async def ended(self, within: float) -> int:
        """Wait for its end; give its exit code."""
        async with asyncio.timeout(within):
            return await self.process.wait()


@asynccontextmanager
async def board(url: str, folder: Path) -> AsyncIterator[Drawn]:
    """Run a board on a terminal that is not its controlling one: no signal tells it what becomes of that."""
    state = folder / "ana"
    state.mkdir()
    (state / "person.json").write_text(json.dumps({"secret": "of ana", "name": "ana"}))
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "collab_dash", "join", url),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLLAB_DASH_STATE_DIR": str(state)},
        start_new_session=True,
    )
    drawn = Drawn(process, ours, theirs, bytearray(), asyncio.Event())
    asyncio.get_running_loop().add_reader(ours, drawn.read)
    try:
        yield drawn
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(ours)
        os.close(theirs)


def are_here(*names: str) -> Callable[[Update], bool]:
    return lambda update: isinstance(update, People) and sorted(person.name for person in update.people) == [*names]


@asynccontextmanager
async def seen_by_bo(folder: Path) -> AsyncIterator[tuple[Drawn, Session]]:
    """Run a board of ana's; give it, and the session of bo, who has seen her come."""
    async with (
        hub_of(workspace_at(folder)) as announcement,
        join(link(announcement), name="bo") as bo,
        board(link(announcement), folder) as ana,
    ):
        await until(bo, are_here("ana", "bo"))
        await ana.shows(b"LIVE")
        yield ana, bo


async def leaves(bo: Session) -> None:
    """Wait until bo sees nobody else, before the hub gives up waiting for somebody whose link broke."""
    async with asyncio.timeout(BEFORE_THE_GRACE):
        await until(bo, are_here("bo"))


async def test_a_board_whose_terminal_vanishes_leaves_and_ends(tmp_path: Path) -> None:
    async with seen_by_bo(tmp_path) as (ana, bo):
        ana.vanish()
        await leaves(bo)
        assert await ana.ended(PATIENCE) == 129


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
async def test_a_board_that_is_told_to_end_leaves_and_gives_the_terminal_back(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    async with seen_by_bo(tmp_path) as (ana, bo):
        ana.process.send_signal(number)
        await leaves(bo)
        assert await ana.ended(PATIENCE) == code
        await ana.shows(b"\x1b[?1049l")  # the screen that was there before is back
        assert b"Traceback" not in ana.output
        os.close(ana.ours)


async def test_a_board_whose_terminal_takes_nothing_ends_all_the_same(tmp_path: Path) -> None:
    async with seen_by_bo(tmp_path) as (ana, _):
        termios.tcflow(ana.theirs, termios.TCOOFF)
        ana.process.send_signal(signal.SIGTERM)
        assert await ana.ended(2 * PATIENCE) == 143
        os.close(ana.ours)


@pytest.fixture
def terminal() -> tuple[int, int]:
    """Give both ends of a terminal that changes nothing of what is written."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    return ours, theirs


def test_output_comes_as_it_is_written_and_goes_nowhere_once_its_terminal_is_gone(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    gone: list[bool] = []
    with os.fdopen(theirs, "w", encoding="utf-8") as file:
        output = Output(file, lambda: gone.append(True))
        output.write("ä")
        output.write("b")
        output.flush()
        assert os.read(ours, 100).decode() == "äb"
        assert not hung_up(theirs)
        os.close(ours)
        assert hung_up(theirs)
        assert not gone
        output.write("c" * 100_000)
        output.write("d" * 100_000)
        output.flush()
        assert gone == [True]


def test_output_waits_for_a_terminal_that_has_no_room_and_does_not_block(terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    os.set_blocking(theirs, False)
    with os.fdopen(theirs, "w", encoding="utf-8") as file:
        output = Output(file, lambda: None)
        text = "0123456789" * 10_000
        writing = Thread(target=output.write, args=(text,))
        writing.start()
        read = bytearray()
        while len(read) < len(text):
            read += os.read(ours, 1 << 16)
        writing.join()
    os.close(ours)
    assert read.decode() == text
