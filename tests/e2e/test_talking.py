"""Two people on real terminals mark, comment and chat; the hub is killed in the middle."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

from collab_dash.peer.session import join
from collab_dash.testing import ReplicaServer
from processes import hub_process, terminal


def workspace_for(replica: ReplicaServer, folder: Path) -> Path:
    (folder / "collab.toml").write_text(
        f'[session]\nname = "wall"\n[feeds.ticks]\nuse = "websocket"\nurl = "{replica.ws_url}"\ntype = "tick:update"\n'
        '[[pages]]\ntitle = "All"\n[[pages.panes]]\nfeed = "ticks"\nview = "log"\n'
        '[[pages.panes]]\nview = "marks"\n[[pages.panes]]\nview = "chat"\n'
    )
    return folder


async def said(link: str) -> tuple[list[Any], list[str]]:
    """Give the marks that the hub has, and what was said about the first."""
    async with join(link, feeds=()) as session:
        marks = json.loads(bytes(await session.request("note:list", {})))["marks"]
    return marks, [note["text"] for note in marks[0]["notes"]] if marks else []


async def test_a_mark_is_seen_commented_on_and_survives_a_kill_and_the_chat_waits_for_the_hub(tmp_path: Path) -> None:
    async with (
        ReplicaServer([{"word": "alpha"}]) as replica,
        hub_process(workspace_for(replica, tmp_path)) as hub,
        terminal("join", hub.editor, "--name", "ana") as ana,
        terminal("join", hub.editor, "--name", "bo", state=tmp_path / "bo", columns=120) as bo,
    ):
        await ana.shows("word=alpha")
        await bo.shows("word=alpha")
        await ana.shows("Comment")
        ana.press("jm")
        await ana.shows("^ana")
        await bo.shows("^ana")
        bo.press("u")
        await bo.shows("PINNED")
        bo.press("c")
        await bo.shows("complete @name")
        bo.press("why this one?\r")
        await ana.shows("on word=alpha: why this one?")
        marks, notes = await said(hub.viewer)
        assert [(mark["feed"], mark["by"]["name"]) for mark in marks] == [("ticks", "ana")]
        assert notes == ["why this one?"]

        hub.running.signal(signal.SIGKILL)
        assert await hub.running.ended() == -signal.SIGKILL
        await ana.shows("OFFLINE")
        ana.press("C")
        await ana.shows("complete @name")
        before = len(ana.output)
        ana.press("because @bo\r")
        await ana.shows("not yet shared", after=before)
        bell = len(bo.output)
        async with hub_process(tmp_path, port=hub.port) as again:
            await bo.shows("because", after=bell)
            await bo.shows("\a", after=bell)
            marks, notes = await said(again.viewer)
            assert len(marks) == 1
            assert notes == ["why this one?"]
            await ana.shows("LIVE", after=before)
