"""Two people on real terminals: they see each other's cursors, follow, and are back once after the hub was killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

from collab_dash.testing import ReplicaServer
from processes import PATIENCE, output_of, terminal


def workspace_for(replica: ReplicaServer, folder: Path) -> Path:
    (folder / "collab.toml").write_text(
        f'[session]\nname = "wall"\n[feeds.ticks]\nuse = "websocket"\nurl = "{replica.ws_url}"\ntype = "tick:update"\n'
        '[[pages]]\ntitle = "One"\n[[pages.panes]]\nfeed = "ticks"\nview = "log"\ntitle = "Words"\n'
        '[[pages.panes]]\nfeed = "ticks"\nview = "log"\ntitle = "Again"\n'
        '[[pages]]\ntitle = "Two"\n[[pages.panes]]\nfeed = "ticks"\nview = "log"\ntitle = "Elsewhere"\n'
    )
    return folder


async def status(folder: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(await output_of("status", folder, "--json"))
    return told


async def until_here(folder: Path, *names: str) -> list[dict[str, Any]]:
    """Ask the hub until those are here, in whatever order, and nobody twice."""
    people: list[dict[str, Any]] = []
    try:
        async with asyncio.timeout(PATIENCE):
            while sorted(person["name"] for person in people) != sorted(names):
                people = (await status(folder))["peers"]
    except TimeoutError:
        raise AssertionError(f"{names} are not here, but {people}") from None
    return people


async def test_ana_sees_bo_move_follows_him_and_both_are_back_once_after_a_kill(tmp_path: Path) -> None:
    async with ReplicaServer([{"message": "alpha"}, {"message": "beta"}]) as replica:
        folder = workspace_for(replica, tmp_path)
        async with terminal(folder, "--name", "ana") as ana:
            await ana.shows("beta")
            link = (await output_of("share", folder, "--role", "editor")).strip()
            async with terminal("join", link, "--name", "bo", state=tmp_path / "bo") as bo:
                await bo.shows("beta")
                bo.press("2jj")
                await ana.shows("<bo")
                ana.press("F")
                await ana.shows("following bo")
                await bo.shows("followed by ana")
                bo.press("]")
                seen = await ana.shows("Elsewhere")
                one, other = await until_here(folder, "ana", "bo")
                assert one["page"] == other["page"]

                seen_by_bo = len(bo.output)
                os.kill((await status(folder))["pid"], signal.SIGKILL)
                seen = await ana.shows("OFFLINE", after=seen)
                seen = await ana.shows("LIVE", after=seen)
                await bo.shows("LIVE", after=seen_by_bo)
                people = {person["name"]: person for person in await until_here(folder, "ana", "bo")}
                async with asyncio.timeout(PATIENCE):
                    while people["ana"]["follows"] != people["bo"]["client"]:
                        people = {person["name"]: person for person in await until_here(folder, "ana", "bo")}
                bo.press("[")
                await ana.shows("Again", after=seen)
                bo.press("q")
                await ana.shows("bo has left", after=seen)
                assert await bo.ended() == 0
            await until_here(folder, "ana")
            ana.press("q")
            assert await ana.ended() == 0
        await output_of("stop", folder)


async def test_everyone_is_asked_to_come_and_comes_by_j(tmp_path: Path) -> None:
    async with ReplicaServer([{"message": "alpha"}]) as replica:
        folder = workspace_for(replica, tmp_path)
        async with terminal(folder, "--name", "ana") as ana:
            await ana.shows("alpha")
            link = (await output_of("share", folder, "--role", "viewer")).strip()
            async with terminal("join", link, "--name", "bo", state=tmp_path / "bo", columns=80, lines=24) as bo:
                await bo.shows("alpha")
                await ana.shows("bo")
                ana.press("]")
                await ana.shows("Elsewhere")
                ana.press("P")
                await ana.shows("bring everyone here")
                ana.press("B")
                await bo.shows("ana: everyone to Two › 1 Elsewhere — J joins")
                bo.press("J")
                people = await until_here(folder, "ana", "bo")
                async with asyncio.timeout(PATIENCE):
                    while len({person["page"] for person in people}) > 1:
                        people = await until_here(folder, "ana", "bo")
        await output_of("stop", folder)
