"""Travel in time on a terminal, with a hub that is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

from collab_dash.testing import ReplicaServer
from processes import output_of, program, terminal


def workspace_for(replica: ReplicaServer, folder: Path) -> Path:
    (folder / "collab.toml").write_text(
        f'[session]\nname = "wall"\n[feeds.ticks]\nuse = "sse"\nurl = "{replica.sse_url}"\ntype = "tick:update"\n'
        '[[pages]]\ntitle = "All"\n[[pages.panes]]\nfeed = "ticks"\nview = "log"\n'
    )
    return folder


def words(name: str, count: int) -> list[dict[str, Any]]:
    return [{"word": f"{name}-{number}"} for number in range(1, count + 1)]


async def test_travelling_and_returning_loses_nothing_and_shows_nothing_twice(tmp_path: Path) -> None:
    async with ReplicaServer(words("early", 10)) as replica:
        folder = workspace_for(replica, tmp_path)
        async with terminal(folder) as board, program("tail", folder, "--since", 0) as log:
            await log.has(10)
            await board.shows("10 events")
            board.press("t,")
            seen = await board.shows("❚❚")
            await board.shows("Timeline")
            board.press(",")
            seen = await board.shows("9 events", after=seen)
            replica.play(*words("meanwhile", 5))
            await log.has(15)
            board.press(".")
            seen = await board.shows("10 events", after=seen)
            os.kill(json.loads(await output_of("status", folder, "--json"))["pid"], signal.SIGKILL)
            seen = await board.shows("OFFLINE", after=seen)
            replica.play(*words("later", 5))
            await log.has(20)
            seen = await board.shows("feeds", after=seen)  # there is a link again
            board.press(",")
            seen = await board.shows("9 events", after=seen)
            assert b"meanwhile" not in board.output
            assert b"later" not in board.output
            board.press("L")
            seen = await board.shows("20 events", after=seen)
            await board.shows("later-5")
            await board.shows("LIVE", after=seen)
            replica.play(*words("last", 1))
            await board.shows("21 events", after=seen)
            board.press("q")
            assert await board.ended() == 0
        await output_of("stop", folder)
