from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.conftest import Cli
from collab_dash.announcement import announced
from collab_dash.peer.session import join
from collab_dash.server.process import Terms
from collab_dash.trusted import trust
from hubs import hub_of, link, workspace_at
from processes import hub_process, program


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_serve_tells_both_links_and_ends_in_order_with_0(tmp_path: Path, number: signal.Signals) -> None:
    async with hub_process(workspace_at(tmp_path).folder) as hub:
        announcement = announced(tmp_path / "collab.db")
        assert announcement is not None
        assert hub.running.lines == [
            f"ready {announcement.url}/#{announcement.editor}",
            f"viewer {announcement.url}/#{announcement.viewer}",
        ]
        hub.running.signal(number)
        assert await hub.running.ended() == 0
        assert len(hub.running.lines) == 2
    assert announced(tmp_path / "collab.db") is None


async def test_a_read_only_hub_has_no_editors(cli: Cli, tmp_path: Path) -> None:
    async with program("serve", workspace_at(tmp_path).identity, "--port", 0, "--read-only") as hub:
        await hub.has(2)
        ready, viewing = hub.lines
        assert ready.removeprefix("ready ") == viewing.removeprefix("viewer ")
        editor = await asyncio.to_thread(cli, "share", tmp_path)
        assert (editor.code, editor.out) == (1, "")
        assert editor.err.endswith(
            "collab-dash: this hub is read-only and has no editors\n  collab-dash share --role viewer\n"
        )
        viewer = await asyncio.to_thread(cli, "share", tmp_path, "--role", "viewer")
        assert viewing == f"viewer {viewer.out.strip()}"


async def test_share_gives_the_link_of_a_role(cli: Cli, tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as announcement:
        for role in ("editor", "viewer"):
            ran = await asyncio.to_thread(cli, "share", tmp_path, "--role", role)
            assert ran == (0, f"{link(announcement, role)}\n", "")


async def test_a_second_hub_for_one_recording_is_refused(cli: Cli, tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)):
        ran = await asyncio.to_thread(cli, "serve", tmp_path, "--port", 0)
        assert (ran.code, ran.out) == (1, "")
        assert f"another hub already records to {tmp_path / 'collab.db'}\n  join it, or end it" in ran.err


async def test_stop_returns_once_the_process_has_ended(cli: Cli, tmp_path: Path) -> None:
    async with hub_process(workspace_at(tmp_path).folder) as hub:
        ran = await asyncio.to_thread(cli, "stop", tmp_path)
        assert (ran.code, ran.out) == (0, "")
        assert ran.err.endswith(f"collab-dash: the hub of {tmp_path / 'collab.toml'} ended\n")
        assert not psutil.pid_exists(hub.pid) or psutil.Process(hub.pid).status() == psutil.STATUS_ZOMBIE
        assert await hub.running.ended() == 0
    ran = await asyncio.to_thread(cli, "stop", tmp_path)
    assert ran.code == 1
    assert ran.err == (
        f"collab-dash: no hub records to {tmp_path / 'collab.db'}\n  start one: collab-dash, or collab-dash serve\n"
    )


async def test_a_hub_that_does_not_end_is_told_with_what_to_do(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collab_dash.cli.hub.STOP_TIMEOUT", 0.1)
    async with hub_of(workspace_at(tmp_path)):  # in this process, which does not end
        ran = await asyncio.to_thread(cli, "stop", tmp_path)
    assert ran.code == 1
    pid = os.getpid()
    assert ran.err.startswith(f"collab-dash: the hub (pid {pid}) has not ended within 0.1 s\n  kill {pid} ends it")


async def test_status_as_json_tells_everything_and_no_token(cli: Cli, tmp_path: Path) -> None:
    feeds = '[feeds.gone]\nuse = "sse"\nurl = "http://127.0.0.1:1/"\n[feeds.bad]\nuse = "nope"\n'
    async with hub_of(workspace_at(tmp_path, f'[session]\nname = "wall"\n{feeds}')) as announcement:
        async with join(link(announcement), name="ana") as ana:
            status: dict[str, Any] = {}
            while status.get("gone", {}).get("state") != "waiting":
                ran = await asyncio.to_thread(cli, "status", tmp_path, "--json")
                body = json.loads(ran.out)
                status = {feed["feed"]: feed for feed in body["feeds"]}
            assert (ran.code, ran.err) == (0, "")
            assert (body["running"], body["session"], body["pid"]) == (True, "wall", os.getpid())
            assert body["db"] == str(tmp_path / "collab.db")
            assert body["status"]["recording"]["state"] == "on"
            assert [(peer["name"], peer["client"], peer["role"]) for peer in body["peers"]] == [
                ("ana", ana.welcome.client, "host")
            ]
        gone, bad = status["gone"], status["bad"]
        assert (gone["plugin"], gone["transport"], gone["events"]) == ("sse", "sse", 0)
        assert "http://127.0.0.1:1/" in gone["reason"]
        assert gone["retry_at"] > 0
        assert (bad["state"], bad["plugin"]) == ("failed", "nope")
        assert "there is no feed plugin 'nope'" in bad["reason"]
        for token in (announcement.host, announcement.editor, announcement.viewer):
            assert token not in ran.out
        ran = await asyncio.to_thread(cli, "status", tmp_path)
        assert f"records to {tmp_path / 'collab.db'}" in ran.out
        assert "there is no feed plugin 'nope'" in ran.out
        assert not any(token in ran.out for token in (announcement.host, announcement.editor, announcement.viewer))


async def test_status_shows_people_and_nothing_a_terminal_obeys(cli: Cli, tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as announcement, join(link(announcement, "viewer"), name="\x1b[2Ja"):
        ran = await asyncio.to_thread(cli, "status", tmp_path)
    assert ran.out.splitlines()[-2].split() == ["PEER", "ROLE", "PAGE", "PANE"]
    assert ran.out.splitlines()[-1].split() == ["␛[2Ja", "viewer"]
    assert "\x1b" not in ran.out


def test_no_hub_is_exit_code_1(cli: Cli, tmp_path: Path) -> None:
    ran = cli("status")
    assert (ran.code, ran.out) == (1, "")
    assert "no hub records to" in ran.err
    ran = cli("status", "--json")
    assert (ran.code, ran.err) == (1, "")
    assert json.loads(ran.out) == {"running": False, "db": str(tmp_path / "collab.db")}
    assert cli("share").code == 1


async def test_two_workspaces_of_one_folder_have_one_hub(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("")
    async with hub_of(workspace_at(tmp_path), Terms()) as announcement:
        for target in ((), (tmp_path,), ("other.toml",), ("--db", "collab.db")):
            ran = await asyncio.to_thread(cli, "status", *target, "--json")
            assert json.loads(ran.out)["pid"] == announcement.pid


def test_a_busy_port_is_told(cli: Cli, tmp_path: Path) -> None:
    workspace_at(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        ran = cli("serve", "--port", port)
    assert (ran.code, ran.out) == (1, "")
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use\n  choose another port with --port" in ran.err


@pytest.mark.parametrize(
    ("db", "words"),
    [
        ("/proc/no/collab.db", "cannot write beside the database /proc/no/collab.db: No such file or directory"),
        ("text/x.db", "cannot write beside the database"),
        ("text", "text is not a SQLite database"),
        (".", "is not a file"),
    ],
)
def test_a_recording_that_cannot_be_made_is_told(cli: Cli, tmp_path: Path, db: str, words: str) -> None:
    workspace_at(tmp_path)
    (tmp_path / "text").write_text("words")
    ran = cli("serve", "--port", 0, "--db", db)
    assert (ran.code, ran.out) == (1, "")
    assert words in ran.err
    assert (tmp_path / "text").read_text() == "words"


@pytest.mark.parametrize("name", ["RUNTIME", "STATE"])
def test_a_private_folder_that_cannot_be_made_is_told(
    cli: Cli, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace_at(tmp_path)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(f"COLLAB_DASH_{name}_DIR", str(tmp_path / "file"))
    ran = cli("serve", "--port", 0)
    assert (ran.code, ran.out) == (1, "")
    assert f"cannot write {tmp_path / 'file'}/" in ran.err
    assert f"COLLAB_DASH_{name}_DIR" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("nowhere",), 1, "there is no workspace at"),
        (("--tls-cert", "x.pem"), 1, "tls_cert and tls_key go together"),
        (("--tls-cert", "x.pem", "--tls-key", "y.pem"), 1, "No such file or directory"),
        (("--tls-cert", "junk", "--tls-key", "junk"), 1, "both are PEM files"),
        (("--host", "no.such.host.invalid", "--port", "0"), 1, "cannot listen on no.such.host.invalid:0"),
        (("--port", "99999"), 2, "99999 is not in the range"),
    ],
)
def test_what_cannot_be_served(cli: Cli, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    workspace_at(tmp_path)
    (tmp_path / "junk").write_text("no PEM")
    ran = cli("serve", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err


async def test_tls(tmp_path: Path) -> None:
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command, "-subj", "/CN=localhost", "-days", "1"], check=True, capture_output=True, timeout=15)
    workspace_at(tmp_path)
    async with program("serve", "--port", 0, "--tls-cert", "cert.pem", "--tls-key", "key.pem") as hub:
        await hub.has(2)
        assert hub.lines[0].startswith("ready https://127.0.0.1:")


async def test_what_is_wrong_with_one_feed_is_narrated_and_stops_only_that(tmp_path: Path) -> None:
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "broken.py").write_text("raise RuntimeError('boom')")
    trust(tmp_path / "feeds" / "broken.py")
    (tmp_path / "collab.toml").write_text('[feeds.bad]\nuse = "broken"\n[feeds.good]\nuse = "system"\n')
    hub = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "collab_dash", "serve", "--port", "0"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert hub.stdout is not None
    assert (await hub.stdout.readline()).startswith(b"ready ")
    hub.terminate()
    _, err = await hub.communicate()
    first, second = err.decode().splitlines()
    file = tmp_path / "collab.toml"
    assert first.startswith(f"collab-dash: {file}:2: [feeds.bad]: feed plugin 'broken' fails on import: RuntimeError")
    assert second == f"collab-dash: {file} records to {tmp_path / 'collab.db'}"
