"""A host lets people in, shows them out and makes new links, on real terminals; the hub is killed in between."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from processes import hub_process, output_of, program, terminal


def workspace(folder: Path) -> Path:
    (folder / "collab.toml").write_text('[session]\nname = "wall"\n')
    return folder


async def link_of(folder: Path) -> str:
    return (await output_of("share", folder, "--role", "viewer")).strip()


async def test_a_newcomer_waits_until_the_host_says_yes_also_after_the_hub_was_killed(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    async with terminal(folder, "--name", "host", "--approve") as host:
        await host.shows("LIVE")  # with a hub of its own: the other one would start one that does not ask
        link = await link_of(folder)
        async with (
            terminal(folder, "--name", "second") as second,
            terminal("join", link, "--name", "ana", state=tmp_path / "of-ana") as ana,
        ):
            await second.shows("LIVE")
            await ana.shows("waiting for the host to let you in")
            await host.shows("1 at the door")
            host.press("Py")
            await ana.shows("LIVE")
            await second.shows("ana")
            host.press("qqq")  # the first one closes the dialog
            assert await host.ended() == 0
            pid = json.loads(await output_of("status", folder, "--json"))["pid"]
            seen = len(ana.output), len(second.output)
            os.kill(pid, signal.SIGKILL)
            await second.shows("1 at the door", after=seen[1])  # who started the hub again was never told to ask
            await ana.shows("waiting for the host to let you in", after=seen[0])
            second.press("Pn")
            assert await ana.ended() == 1
            assert b"the host did not let you in" in ana.output
    await output_of("stop", folder)


async def test_a_tail_says_that_it_waits_and_goes_on_once_it_is_let_in(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    async with hub_process(folder, "--approve") as hub, terminal(folder, "--name", "host") as host:
        await host.shows("LIVE")
        async with program("tail", hub.viewer, "--since", 0, "--limit", 1) as tail:
            await host.shows("1 at the door")
            host.press("P")
            await host.shows("People · ")
            host.press("y")
            await output_of("publish", folder, "app", "deploy:finish", "{}")
            assert await tail.ended() == 0
            assert tail.events[0]["type"] == "deploy:finish"


async def test_old_links_stop_and_whoever_is_here_comes_back_by_the_new_ones(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    async with hub_process(folder, port=0) as hub, terminal(folder, "--name", "host") as host:
        await host.shows("LIVE")
        async with terminal("join", hub.viewer, "--name", "ana", state=tmp_path / "of-ana") as ana:
            await host.shows("ana")
            host.press("S")
            await host.shows("others join with")
            host.press("n")
            await host.shows("old ones stop at once")
            host.press("\r")
            await host.shows("these are new links")
            fresh = await link_of(folder)
            assert fresh != hub.viewer
            async with program("tail", hub.viewer) as stranger:
                assert await stranger.ended() == 1
            os.kill(hub.pid, signal.SIGKILL)
            seen = await ana.shows("OFFLINE")
            await ana.shows("LIVE", after=seen)  # the host's board has started another
            assert await link_of(folder) == fresh
            await host.shows("ana")
            await output_of("stop", folder)


async def test_whoever_is_removed_ends_and_says_why(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    async with hub_process(folder) as hub, terminal(folder, "--name", "host") as host:
        await host.shows("LIVE")
        async with terminal("join", hub.viewer, "--name", "ana", state=tmp_path / "of-ana") as ana:
            await host.shows("ana")
            host.press("S")
            await host.shows("others join with")
            host.press("x")
            assert await ana.ended() == 1
            assert b"removed by the host" in ana.output


async def test_a_hub_that_lets_everybody_in_is_not_taken_for_one_that_asks(tmp_path: Path) -> None:
    folder = workspace(tmp_path)
    async with hub_process(folder), terminal(folder, "--approve") as board:
        assert await board.ended() == 1
        assert b"lets everybody in" in board.output
