"""People on real terminals: asked once who they are, and told apart."""

from __future__ import annotations

import json
from pathlib import Path

from processes import hub_process, output_of, terminal


async def names(folder: Path) -> list[str]:
    status = json.loads(await output_of("status", folder, "--json"))
    return [person["name"] for person in status["peers"]]


async def test_somebody_new_is_asked_once_and_seen_as_they_chose(tmp_path: Path) -> None:
    (tmp_path / "collab.toml").write_text('[session]\nname = "wall"\n')
    async with hub_process(tmp_path), terminal(tmp_path, "--name", "bo") as bo:
        await bo.shows("LIVE")
        mine = tmp_path / "of-ana"
        async with terminal(tmp_path, state=mine, stranger=True) as ana:
            await ana.shows("What shall others call you?")
            ana.press("anastasia\x1b[B\r")
            await bo.shows("anastasia")
            await ana.shows("anastasia")
            ana.press("q")
            assert await ana.ended() == 0
        kept = json.loads((mine / "person.json").read_text())
        assert (kept["name"], (mine / "person.json").stat().st_mode & 0o777) == ("anastasia", 0o600)
        async with terminal(tmp_path, state=mine, stranger=True) as again:
            await again.shows("anastasia")
            assert b"What shall others" not in again.output
            assert await names(tmp_path) == ["bo", "anastasia"]


async def test_two_people_of_one_name_stay_apart_on_every_screen(tmp_path: Path) -> None:
    (tmp_path / "collab.toml").write_text('[session]\nname = "wall"\n')
    async with (
        hub_process(tmp_path) as hub,
        terminal("join", hub.editor, "--name", "ana") as one,
        terminal("join", hub.viewer, "--name", "ana", state=tmp_path / "other") as other,
    ):
        await one.shows("ana·2")
        await other.shows("ana·2")
