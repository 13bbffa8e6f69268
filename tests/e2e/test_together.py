"""One hub for all windows of a workspace, on terminals and pipes."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from collab_dash.testing import ReplicaServer
from processes import hub_process, output_of, program, terminal


def workspace_for(replica: ReplicaServer, folder: Path) -> Path:
    (folder / "collab.toml").write_text(
        f'[session]\nname = "wall"\n[feeds.ticks]\nuse = "websocket"\nurl = "{replica.ws_url}"\ntype = "tick:update"\n'
        '[[pages]]\ntitle = "All"\n[[pages.panes]]\nfeed = "ticks"\nview = "log"\n'
    )
    return folder


async def stop(*workspace: Path) -> None:
    await output_of("stop", *workspace)


async def test_two_windows_share_one_hub_and_one_upstream_connection(tmp_path: Path) -> None:
    async with ReplicaServer([{"n": 1}]) as replica:
        folder = workspace_for(replica, tmp_path)
        async with program("tail", folder, "--since", 0) as ana, program("tail", folder, "--since", 0) as ben:
            await ana.has(1)
            await ben.has(1)
            assert replica.connections == 1
            status = json.loads(await output_of("status", folder, "--json"))
            assert (status["workspace"], status["status"]["offset"]) == (str(folder / "collab.toml"), 1)
            replica.play({"n": 2})
            await ana.has(2)
            await ben.has(2)
            await stop(folder)
            assert ana.lines == ben.lines


async def test_a_board_and_a_joined_board_show_the_same_and_come_back_after_a_kill(tmp_path: Path) -> None:
    async with ReplicaServer([{"word": "alpha"}]) as replica:
        folder = workspace_for(replica, tmp_path)
        async with terminal(folder, "--name", "ana") as ana:
            await ana.shows("alpha")
            link = (await output_of("share", folder, "--role", "viewer")).strip()
            async with terminal("join", link, "--name", "ben", columns=80, lines=24) as ben:
                await ben.shows("alpha")
                await ana.shows("ben")
                pid = json.loads(await output_of("status", folder, "--json"))["pid"]
                os.kill(pid, signal.SIGKILL)
                seen = await ana.shows("OFFLINE")
                await ana.shows("LIVE", after=seen)
                replica.play({"word": "omega"})
                await ana.shows("omega")
                await ben.shows("omega")
                ben.press("q")
                assert await ben.ended() == 0
            ana.press("q")
            assert await ana.ended() == 0
        await stop(folder)


async def test_what_is_piped_in_is_watched_while_keys_come_from_the_terminal(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b'{"level":"info","message":"first"}\nplain words\n')
    async with terminal("-", stdin=reading) as board:
        os.close(reading)
        await board.shows("plain words")
        os.write(writing, b"the last line\n")
        await board.shows("the last line")
        board.press("q")
        assert await board.ended() == 0
    os.close(writing)
    await stop()


async def test_another_workspace_of_the_folder_takes_over_from_a_hub_that_nobody_uses(tmp_path: Path) -> None:
    async with ReplicaServer([{"word": "alpha"}]) as replica:
        folder = workspace_for(replica, tmp_path)
        async with terminal(folder) as board:
            await board.shows("alpha")
            board.press("q")
            assert await board.ended() == 0
        async with terminal("demo") as board:
            await board.shows("LIVE")
            await stop()
            assert await board.ended() == 1
            assert b"the session was ended by its host" in board.output


async def test_what_is_piped_in_is_never_dropped_for_a_hub_that_watches_something_else(tmp_path: Path) -> None:
    def piped(text: bytes) -> int:
        reading, writing = os.pipe()
        os.write(writing, text)
        os.close(writing)
        return reading

    async with terminal("-", stdin=piped(b"the first\n")) as first:
        await first.shows("the first")
        async with terminal("-", stdin=piped(b"the second\n")) as second:
            assert await second.ended() == 1
            assert b"something else is already piped in" in second.output
        first.press("q")
        assert await first.ended() == 0
    async with terminal("-", stdin=piped(b"the third\n")) as third:
        await third.shows("the third")
        await stop()


async def test_a_tiny_terminal_is_told_so_and_is_left_in_order(tmp_path: Path) -> None:
    async with (
        ReplicaServer() as replica,
        hub_process(workspace_for(replica, tmp_path)),
        terminal(tmp_path, columns=20, lines=5) as board,
    ):
        await board.shows("too small")
        board.press("q")
        assert await board.ended() == 0
