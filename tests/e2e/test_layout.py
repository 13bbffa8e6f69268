"""Two people on two terminals change one board, on a real hub."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from collab_dash.board import Pane
from collab_dash.testing import ReplicaServer
from processes import Terminal, hub_process, terminal
from sharing import Peer, sharing

UNDO, SHIFT_RIGHT = "\x1a", "\x1b[1;2C"
PRESS, DRAG, RELEASE = "\x1b[<0;{};{}M", "\x1b[<32;{};{}M", "\x1b[<0;{};{}m"


def workspace_for(replica: ReplicaServer, folder: Path) -> Path:
    (folder / "collab.toml").write_text(
        f'[session]\nname = "wall"\n[feeds.ticks]\nuse = "websocket"\nurl = "{replica.ws_url}"\ntype = "tick:update"\n'
        '[[pages]]\ntitle = "All"\n[[pages.panes]]\nfeed = "ticks"\nview = "log"\nwidth = 12\n'
    )
    return folder


def mouse(kind: str, x: int, y: int) -> str:
    """Give what a terminal sends for the mouse at a cell, counted from 0."""
    return kind.format(x + 1, y + 1)


async def rename(board: Terminal, title: str) -> None:
    """Give the current pane a title, by the form."""
    seen = len(board.output)
    board.press("e")
    await board.shows("enter save", after=seen)
    board.press(f"{title}\r")


async def test_one_adds_moves_resizes_and_closes_and_the_other_sees_it(tmp_path: Path) -> None:
    async with (
        ReplicaServer([{"word": "alpha"}]) as replica,
        hub_process(workspace_for(replica, tmp_path)) as hub,
        sharing(hub.editor) as robot,
        terminal("join", hub.editor, "--name", "ana") as ana,
        terminal("join", hub.editor, "--name", "ben", columns=120, lines=32, state=tmp_path / "ben") as ben,
    ):
        for board in (ana, ben):
            await board.shows("alpha")
            await board.shows("New pane")  # the document has come
        await rename(ana, "Nightingale")
        await ben.shows("Nightingale")

        ana.press("+")
        await ana.shows("type to narrow")
        ana.press("people\r")
        await robot.until(lambda: sizes(robot) == "Nightingale6 people6")
        await ben.until(partial(shows, ben, "─ 2 People"))
        await ana.until(partial(shows, ana, "━ 2 People"))  # the focus is on the new pane

        ana.press("h" + SHIFT_RIGHT + "w")
        await robot.until(lambda: sizes(robot) == "people5 Nightingale7")

        for board in (ana, ben):
            await board.until(partial(shows, board, "2 Nightingale"))
        ben.press("1x")
        await robot.until(lambda: sizes(robot) == "Nightingale12")
        for board in (ana, ben):
            await board.until(partial(shows, board, "1 Nightingale"))
        seen = len(ana.output)
        ben.press(UNDO)
        await robot.until(lambda: sizes(robot) == "people5 Nightingale7")
        await ana.until(partial(shows, ana, "1 People", after=seen))

        border = 160 * 5 // 12
        ana.press(mouse(PRESS, border, 10) + mouse(DRAG, border + 20, 10) + mouse(DRAG, border + 40, 10))
        ana.press(mouse(RELEASE, border + 40, 10))
        await robot.until(lambda: sizes(robot) == "people8 Nightingale4")
        for board in (ana, ben):
            board.press("q")
            assert await board.ended() == 0


def shows(board: Terminal, title: str, *, after: int = 0) -> bool:
    """Tell whether a pane's title, with its number, is as it was last drawn."""
    drawn = re.sub(rb"\x1b\[[\d;]*m", b"", bytes(board.output[after:])).decode(errors="replace")
    titles = re.findall(rf"[─━] \d {title.split()[-1]}", drawn)
    return bool(titles) and titles[-1].endswith(title)


def sizes(robot: Peer) -> str:
    """Give titles and widths of the panes, in order."""
    return " ".join(f"{pane.title or pane.view}{pane.width}" for pane in robot.replica.document.panes.values())


async def test_two_edit_one_pane_at_once_and_both_keep_their_fields(tmp_path: Path) -> None:
    async with (
        ReplicaServer([{"word": "alpha"}]) as replica,
        hub_process(workspace_for(replica, tmp_path)) as hub,
        sharing(hub.editor) as robot,
        terminal("join", hub.editor, "--name", "ana") as ana,
        terminal("join", hub.editor, "--name", "ben", state=tmp_path / "ben") as ben,
    ):
        for board in (ana, ben):
            await board.shows("alpha")
            await board.shows("New pane")  # the document has come
        for board in (ana, ben):
            board.press("e")
            await board.shows("enter save")
        ana.press("Mine")
        ben.press("\t\t\t\t\tword = 'alpha'\r")
        await robot.until(lambda: pane(robot).filter == "word = 'alpha'")
        ana.press("\r")
        await robot.until(lambda: pane(robot).title == "Mine")
        assert pane(robot).filter == "word = 'alpha'"


def pane(robot: Peer) -> Pane:
    """Give the pane that both edit."""
    return next(iter(robot.replica.document.panes.values()))
