"""An evening at the wall: two people on real terminals do all of it together, and the hub is killed in the middle."""

from __future__ import annotations

import signal
from pathlib import Path

from collab_dash.testing import ReplicaServer
from processes import hub_process, terminal
from sharing import Peer, sharing


def workspace_for(replica: ReplicaServer, folder: Path) -> Path:
    (folder / "collab.toml").write_text(
        f'[session]\nname = "wall"\n[feeds.ticks]\nuse = "websocket"\nurl = "{replica.ws_url}"\ntype = "tick:update"\n'
        '[[pages]]\ntitle = "All"\n[[pages.panes]]\nfeed = "ticks"\nview = "log"\ntitle = "Ticks"\n'
        '[[pages.panes]]\nview = "chat"\ntitle = "Talk"\n'
    )
    return folder


def titles(robot: Peer) -> set[str]:
    """Give what the panes that are there are called."""
    return {pane.title for pane in robot.replica.document.panes.values()}


async def test_two_follow_travel_mark_chat_and_edit_at_once_while_the_hub_is_killed(tmp_path: Path) -> None:
    async with (
        ReplicaServer([{"word": f"tick-{number}"} for number in range(9)]) as replica,
        hub_process(workspace_for(replica, tmp_path)) as hub,
        sharing(hub.editor, "") as robot,
        terminal("join", hub.editor, "--name", "ana") as ana,
        terminal("join", hub.editor, "--name", "ben", state=tmp_path / "ben") as ben,
    ):
        for board in (ana, ben):
            await board.shows("9 events")
            await board.shows("New pane")  # the document has come

        ben.press("F")
        await ben.shows("following ana")
        await ana.shows("followed by ben")
        before = len(ben.output)
        ana.press("t,")
        travelled = await ben.shows("❚❚", after=before)
        ana.press("L")
        await ben.shows("LIVE", after=travelled)
        ana.press("tm")
        await robot.until(lambda: bool(robot.replica.document.marks))
        await ben.shows("^ana")

        hub.running.signal(signal.SIGKILL)
        assert await hub.running.ended() == -signal.SIGKILL
        for board in (ana, ben):
            await board.shows("OFFLINE")
        ana.press("e")
        await ana.shows("enter save")
        ana.press("Ours \r")
        await ana.shows("not yet shared: 1")
        ben.press("2x")
        await ben.shows("closed Talk")
        ben.press("C")
        await ben.shows("complete @name")
        ben.press("gone quiet\r")
        await ben.shows("gone quiet")
        ben.press("\x1b")
        async with hub_process(tmp_path, port=hub.port):
            await robot.until(lambda: any("Ours" in title for title in titles(robot)))
            await robot.until(lambda: "Talk" not in titles(robot))
            await robot.until(lambda: [line.text for line in robot.replica.document.chat.values()] == ["gone quiet"])
            assert len(robot.replica.document.marks) == 1
            for board in (ana, ben):
                board.press("q")
                assert await board.ended() == 0
