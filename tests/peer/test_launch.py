"""Finding and starting hubs, where the end-to-end tests do not look."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from pathlib import Path

import psutil
import pytest

from collab_dash.announcement import Announcement, announce, hub_log, path_of
from collab_dash.errors import HubError
from collab_dash.peer import launch
from collab_dash.peer.launch import find, find_or_start
from collab_dash.server.process import Terms
from collab_dash.workspace_location import Location, locate
from hubs import hub_of, workspace_at
from processes import output_of


def announcement_of(location: Location, port: int) -> Announcement:
    return Announcement(
        url=f"http://127.0.0.1:{port}",
        host="h",
        editor="e",
        viewer="v",
        pid=os.getpid(),
        db=str(location.db),
        workspace=location.identity,
        epoch="x",
    )


async def test_a_running_hub_is_found(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    assert await find(locate(tmp_path)) is None
    async with hub_of(workspace) as hub:
        assert await find(locate(tmp_path)) == hub
        found = await find_or_start(locate(tmp_path))
        assert (found.started, found.link("viewer")) == (False, f"{hub.url}/#{hub.viewer}")
    assert await find(locate(tmp_path)) is None
    assert not path_of(tmp_path / "collab.db").exists()


async def test_an_announcement_that_nobody_stands_behind_counts_as_none(tmp_path: Path) -> None:
    workspace_at(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    announce(announcement_of(locate(tmp_path), port))
    assert await find(locate(tmp_path)) is None


async def test_a_hub_of_another_workspace_that_is_to_stay_is_told_of(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)):
        with pytest.raises(HubError, match="not builtin:demo") as refused:
            await find(locate("builtin:demo"))
    assert "collab-dash stop" in refused.value.hint


async def test_a_hub_that_asks_nobody_is_not_taken_where_newcomers_shall_wait(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    async with hub_of(workspace):
        with pytest.raises(HubError, match="lets everybody in"):
            await find_or_start(locate(tmp_path), approve=True)
    async with hub_of(workspace, Terms(approve=True)) as hub:
        assert (await find_or_start(locate(tmp_path), approve=True)).announcement == hub
    async with hub_of(workspace, Terms(linger=60)):  # nobody uses it, so another one is started in its place
        found = await find_or_start(locate(tmp_path), approve=True)
        assert (found.started, found.announcement.approve) == (True, True)
        await output_of("stop", tmp_path)


async def test_a_hub_that_was_killed_is_started_again_on_its_terms(tmp_path: Path) -> None:
    workspace_at(tmp_path)
    found = await find_or_start(locate(tmp_path), approve=True)
    os.kill(found.announcement.pid, signal.SIGKILL)
    while await find(locate(tmp_path)) is not None:  # until it has gone
        pass
    again = await find_or_start(locate(tmp_path))
    assert (again.started, again.announcement.approve) == (True, True)
    await output_of("stop", tmp_path)
    plain = await find_or_start(locate(tmp_path))
    assert (plain.started, plain.announcement.approve) == (True, False)
    await output_of("stop", tmp_path)


async def test_a_hub_that_cannot_start_says_why_in_its_own_words(tmp_path: Path) -> None:
    workspace_at(tmp_path)
    (tmp_path / "collab.db").write_text("somebody else's notes, which are no database at all")
    with pytest.raises(HubError, match="is not a SQLite database") as refused:
        await find_or_start(locate(tmp_path))
    assert "name another file" in refused.value.hint
    assert "is not a SQLite database" in hub_log(tmp_path / "collab.db").read_text()


async def test_a_state_folder_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace_at(tmp_path)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COLLAB_DASH_STATE_DIR", str(tmp_path / "file" / "state"))
    with pytest.raises(HubError, match="Not a directory") as refused:
        await find_or_start(locate(tmp_path))
    assert "COLLAB_DASH_STATE_DIR" in refused.value.hint


async def test_a_hub_that_ended_is_let_go_of_when_it_is_looked_for(tmp_path: Path) -> None:
    workspace_at(tmp_path)
    found = await find_or_start(locate(tmp_path))
    os.kill(found.announcement.pid, signal.SIGKILL)
    while psutil.pid_exists(found.announcement.pid):
        assert await find(locate(tmp_path)) in (None, found.announcement)


async def test_a_hub_holds_no_pipe_to_who_started_it(tmp_path: Path) -> None:
    workspace_at(tmp_path)
    before = psutil.Process().num_fds()
    await find_or_start(locate(tmp_path))
    while psutil.Process().num_fds() > before:  # until the connection that asked whether it answers is closed
        await asyncio.sleep(0)
    await output_of("stop", tmp_path)


async def test_a_hub_that_hangs_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace_at(tmp_path)
    (tmp_path / "sitecustomize.py").write_text("import signal\nsignal.pause()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(launch, "START_TIMEOUT", 0.5)
    with pytest.raises(HubError, match=r"not ready within 0.5 s"):
        await find_or_start(locate(tmp_path))
    async with asyncio.timeout(2):
        await asyncio.get_running_loop().shutdown_default_executor()  # as upon quitting: it waits for every thread


async def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    (folder := tmp_path / "gone").mkdir()
    workspace_at(folder)
    location = locate(folder)
    shutil.rmtree(folder)
    with pytest.raises(HubError, match="No such file or directory") as refused:
        await find_or_start(location)
    assert "the folder is there" in refused.value.hint
