"""Hubs are killed, links cut, peers stalled, disks full: real processes, one real upstream."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from collab_dash.testing import ReplicaServer
from processes import Program, hub_process, output_of, program

FEW, MANY = 1_000, 13_000


def workspace_for(replica: ReplicaServer, folder: Path) -> Path:
    """Write a workspace whose one feed is the replica's event stream."""
    file = folder / "collab.toml"
    file.write_text(f'[feeds.ticks]\nuse = "sse"\nurl = "{replica.sse_url}"\ntype = "tick:update"\n')
    return file


def ticks(first: int, count: int, *, size: int = 20) -> list[dict[str, Any]]:
    return [{"n": number, "pad": "x" * size} for number in range(first, first + count)]


def numbers(events: Sequence[dict[str, Any]]) -> list[int]:
    return [event["data"]["n"] for event in events if event["feed"] == "ticks"]


def offsets(events: Sequence[dict[str, Any]]) -> list[int]:
    return [event["offset"] for event in events]


async def recorded(database: Path) -> list[str]:
    return (await output_of("tail", database, "--since", 0, "--no-follow")).splitlines()


async def test_a_hub_killed_under_load_comes_back_without_gap_or_duplicate(tmp_path: Path) -> None:
    async with ReplicaServer(ticks(1, FEW)) as replica:
        workspace = workspace_for(replica, tmp_path)
        async with (
            hub_process(workspace) as hub,
            program("tail", hub.editor, "--since", 0) as ana,
            program("tail", hub.viewer, "--since", 0) as ben,
        ):
            await ana.has(FEW)
            await ben.has(FEW)
            replica.play(*ticks(FEW + 1, MANY - FEW))
            await ana.has(FEW + 100)
            hub.running.signal(signal.SIGKILL)
            assert await hub.running.ended() == -signal.SIGKILL
            seen = ana.count
            async with hub_process(workspace, port=hub.port) as again:
                assert (again.editor, again.viewer) == (hub.editor, hub.viewer)
                await ana.until(lambda: ana.last["data"]["n"] == MANY)
                await ben.until(lambda: ben.last["data"]["n"] == MANY)
                log = await recorded(tmp_path / "collab.db")
        assert seen < MANY, "it was killed too late to show anything"
        assert ana.lines == log
        assert ben.lines == log
        assert offsets(ana.events) == list(range(1, MANY + 1))
        assert numbers(ana.events) == list(range(1, MANY + 1))


async def test_a_stopped_peer_costs_nobody_anything_and_loses_nothing(tmp_path: Path) -> None:
    async with ReplicaServer() as replica, hub_process(workspace_for(replica, tmp_path)) as hub:
        async with program("tail", hub.editor, "--since", 0) as ana, program("tail", hub.viewer, "--since", 0) as ben:
            replica.play(*ticks(1, 10))
            await ana.has(10)
            ana.signal(signal.SIGSTOP)
            replica.play(*ticks(11, 1990, size=10_000))  # more than the link's buffers hold
            await ben.has(2000)
            assert numbers(ben.events) == list(range(1, 2001))
            stalled = ana.count
            ana.signal(signal.SIGCONT)
            await ana.has(2000)
        assert stalled < 2000
        assert ana.lines == ben.lines


class Tunnel:
    """A TCP relay that can be cut."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> int:
        """Break every connection; give how many there were."""
        for writer in self._writers:
            writer.transport.abort()
        return len(self._writers) // 2

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, onward}
        with suppress(ConnectionError):
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._carry(reader, onward))
                ways.create_task(self._carry(there, writer))
        self._writers -= {writer, onward}

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def tunnel_to(link: str) -> AsyncIterator[tuple[Tunnel, str]]:
    """Give a relay to a hub, and the link that goes through it."""
    there = urlsplit(link)
    assert there.port is not None
    tunnel = Tunnel(there.port)
    server = await asyncio.start_server(tunnel.serve, "127.0.0.1", 0)
    try:
        yield tunnel, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/#{there.fragment}"
    finally:
        tunnel.cut()
        server.close()
        await server.wait_closed()


async def test_a_cut_link_is_taken_up_where_it_broke(tmp_path: Path) -> None:
    async with ReplicaServer(ticks(1, 3000)) as replica, hub_process(workspace_for(replica, tmp_path)) as hub:
        async with tunnel_to(hub.editor) as (tunnel, link), program("tail", link, "--since", 0) as ana:
            for round_ in range(3):
                await ana.has(3000 + 1000 * round_)
                assert tunnel.cut() == 1
                replica.play(*ticks(3001 + 1000 * round_, 1000))
            await ana.has(6000)
        assert offsets(ana.events) == numbers(ana.events) == list(range(1, 6001))


async def until(condition: Callable[[dict[str, Any]], bool], folder: Path) -> dict[str, Any]:
    """Ask for the hub's status until it is as wanted."""
    async with asyncio.timeout(10):
        while True:
            status: dict[str, Any] = json.loads(await output_of("status", folder, "--json"))
            if condition(status):
                return status


def recording(status: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = status["status"]["recording"]
    return found


def limit_files(pid: int, size: int) -> None:
    """Let a process write no file beyond `size`, as a full disk does."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def live_and_unrecorded(replica: ReplicaServer, tail: Program, first: int) -> int:
    """Play ticks one by one until one arrives without an offset; give how many were played."""
    number = first
    while tail.last["offset"] is not None:
        replica.play(*ticks(number, 1, size=4000))
        number += 1
        await tail.has(number - 1)
    return number - 1


async def test_a_full_disk_suspends_the_recording_and_nothing_else(tmp_path: Path) -> None:
    async with (
        ReplicaServer() as replica,
        hub_process(workspace_for(replica, tmp_path)) as hub,
        program("tail", hub.viewer, "--since", 0) as ana,
    ):
        replica.play(*ticks(1, 20))
        await ana.has(20)
        limit_files(hub.pid, max(file.stat().st_size for file in tmp_path.glob("collab.db*")) + 20_000)
        played = await live_and_unrecorded(replica, ana, 21)
        status = await until(lambda status: recording(status)["state"] == "suspended", tmp_path)
        assert recording(status)["missed"] >= 1
        limit_files(hub.pid, resource.RLIM_INFINITY)
        await until(lambda status: recording(status)["state"] == "on", tmp_path)
        replica.play(*ticks(played + 1, 1))
        await ana.until(lambda: ana.last["data"].get("n") == played + 1)
        log = [json.loads(line) for line in await recorded(tmp_path / "collab.db")]
    missed = [event for event in ana.events if event["offset"] is None]
    assert numbers(ana.events) == list(range(1, played + 2))
    assert offsets(log) == list(range(1, len(log) + 1))
    assert [event for event in ana.events if event["offset"] is not None] == log
    (gap,) = (event for event in log if event["type"] == "log:gap")
    assert (gap["feed"], gap["data"]["missed"]) == ("hub", len(missed))
