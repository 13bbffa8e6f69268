"""Targets, with real programs and a real server on loopback."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from collab_dash.hub import targets as targets_module
from collab_dash.hub.targets import AT_ONCE, MOST_WAITING, Targets
from collab_dash.testing import ReplicaRequest
from collab_dash.testing.http_door import parse_request
from collab_dash.wire import Alert
from collab_dash.workspace_rules import Target
from raw_http import raw_server, stall, whole

SECRET = "tk_hunter2"


def alert(*notify: str, **changes: Any) -> Alert:
    facts = {"alert": "a1", "rule": "r", "name": "big quake", "when": "q: mag > 4", "feed": "q", "key": "us1"}
    return Alert(**{**facts, "text": "mag=4.8 Taron", "notify": notify or ("t",), **changes})


class Outcome:
    """What failed, as the hub would write it down."""

    def __init__(self) -> None:
        self.failures: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def failed(self, alert: Alert, target: str, reason: str) -> None:
        self.failures.put_nowait((target, reason))

    async def reason(self) -> str:
        async with asyncio.timeout(10):
            return (await self.failures.get())[1]


@asynccontextmanager
async def running(
    folder: Path, *targets: Target, environ: Mapping[str, str] = {}
) -> AsyncIterator[tuple[Targets, Outcome]]:
    made, outcome = Targets({target.name: target for target in targets}, folder, environ), Outcome()
    made.failed = outcome.failed
    task = asyncio.create_task(made.run())
    try:
        yield made, outcome
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def program(*lines: str) -> Target:
    return Target("t", command=[sys.executable, "-c", "\n".join(("import sys, time, os, json", *lines))])


async def told(path: Path) -> Any:
    """Wait until a program has written what it was told."""
    async with asyncio.timeout(10):
        while not path.exists():
            await asyncio.sleep(0.01)
    return json.loads(path.read_text())


async def test_a_program_takes_the_alert_as_json_and_no_shell_runs(tmp_path: Path) -> None:
    target = Target("t", command=[sys.executable, "-c", _WRITE, "$(touch evil); `touch evil`"])
    async with running(tmp_path, target) as (targets, outcome):
        targets.send(alert(text="$(touch evil)\n`touch evil`"))
        assert await told(tmp_path / "told.json") == [
            "$(touch evil); `touch evil`",
            {
                "alert": "a1", "rule": "r", "name": "big quake", "when": "q: mag > 4", "feed": "q", "key": "us1",
                "offset": None, "time": 0, "text": "$(touch evil)\n`touch evil`", "fired": 0, "notify": ["t"],
                "left_out": 0,
            },
        ]  # fmt: skip
        assert outcome.failures.empty()
    assert not (tmp_path / "evil").exists()


_WRITE = """
import json, os, sys
told = [sys.argv[1], json.loads(sys.stdin.read())]
open("told.new", "w").write(json.dumps(told))
os.rename("told.new", "told.json")
"""


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (Target("t", command=["/no/such/secret-program"]), "its program cannot be started: No such file or directory"),
        (program("sys.exit(3)"), "its program ended with code 3"),
        (program("os.kill(os.getpid(), 9)"), "its program ended with code -9"),
        (Target("t", ntfy="http://127.0.0.1:1/secret"), "its server refuses connections"),
        (Target("t", ntfy="http://127.0.0.1:1/${NOT_SET}"), "the environment variable NOT_SET is not set"),
        (Target("t", ntfy="http://127.0.0.1:1/x", headers={"A": "${TWO}"}), "the header A holds a line break"),
    ],
)
async def test_what_fails_is_told_without_what_is_secret(tmp_path: Path, target: Target, reason: str) -> None:
    async with running(tmp_path, target, environ={"TWO": f"{SECRET}\n2"}) as (targets, outcome):
        targets.send(alert())
        said = await outcome.reason()
        assert said.startswith(reason)
        assert "secret" not in said
        assert SECRET not in said


async def test_a_target_that_is_not_there_is_told_and_screens_are_not_the_hubs_business(tmp_path: Path) -> None:
    async with running(tmp_path) as (targets, outcome):
        targets.send(alert("bell", "toast", "desktop", "pager"))
        assert await outcome.failures.get() == ("pager", "the host's workspace file has no such target")
        assert outcome.failures.empty()


async def test_a_program_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets_module, "WITHIN", 1.0)
    hanging = program(
        "import subprocess",
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])",
        "json.dump([os.getpid(), child.pid], open('new', 'w')); os.rename('new', 'pids')",
        "time.sleep(60)",
    )
    async with running(tmp_path, hanging) as (targets, outcome):
        targets.send(alert())
        assert await outcome.reason() == "it did not take it within 1 s"
        for pid in await told(tmp_path / "pids"):
            await gone(pid)


async def gone(pid: int) -> None:
    async with asyncio.timeout(5):
        with suppress(psutil.NoSuchProcess):
            while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                await asyncio.sleep(0.01)  # nothing tells of the end of another process's child


async def test_too_many_waiting_are_told_at_once(tmp_path: Path) -> None:
    async with raw_server(stall) as server, running(tmp_path, Target("t", ntfy=server.url)) as (targets, outcome):
        for _ in range(AT_ONCE):
            targets.send(alert())
        async with asyncio.timeout(10):
            while len(server.requests) < AT_ONCE:
                await asyncio.sleep(0.01)
        for _ in range(MOST_WAITING + 1):
            targets.send(alert())
        assert await outcome.reason() == f"{MOST_WAITING} alerts wait already"
        assert outcome.failures.empty()
        assert len(server.requests) == AT_ONCE


@pytest.mark.parametrize(("status", "ok"), [("200 OK", True), ("403 Forbidden", False), ("302 Found", False)])
async def test_an_ntfy_topic_is_posted_to_once(tmp_path: Path, status: str, ok: bool) -> None:
    answer = whole("x" * 100, f"Location: http://127.0.0.1:1/{SECRET}", status=status)
    async with ntfy_server(answer) as (url, inbox):
        target = Target("t", ntfy=url + "/${TOPIC}", headers={"Authorization": "Bearer ${TOKEN}", "Priority": "high"})
        async with running(tmp_path, target, environ={"TOKEN": SECRET, "TOPIC": "ops"}) as (targets, outcome):
            targets.send(alert(name="Größe 5 ⚠", left_out=1200))
            async with asyncio.timeout(10):
                request, body = await inbox.get()
            assert (request.method, request.path) == ("POST", "/ops")
            assert request.headers["authorization"] == f"Bearer {SECRET}"
            assert request.headers["priority"] == "high"
            assert request.headers["title"] == "=?UTF-8?B?R3LDtsOfZSA1IOKaoA==?="
            assert body == "mag=4.8 Taron\nq us1\n1,200 more were left out"
            if not ok:
                assert await outcome.reason() == f"its server answers {status[:3]}"
            assert outcome.failures.empty()
            assert inbox.empty()


@asynccontextmanager
async def ntfy_server(answer: bytes) -> AsyncIterator[tuple[str, asyncio.Queue[tuple[ReplicaRequest, str]]]]:
    """Play an ntfy server that keeps what it is sent."""
    inbox: asyncio.Queue[tuple[ReplicaRequest, str]] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = parse_request(await reader.readuntil(b"\r\n\r\n"))
        body = await reader.readexactly(int(request.headers["content-length"]))
        inbox.put_nowait((request, body.decode()))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", inbox
    finally:
        server.close()
