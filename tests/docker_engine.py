"""What goes on in a replica of a Docker engine: containers, what they print, and what happens to them."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

BEGAN = 1791061111_000000000
BILLION = 1_000_000_000


@dataclass
class Container:
    """A container of the replica; its log holds times, streams and messages as they were printed."""

    name: str
    identity: str
    labels: dict[str, str]
    terminal: bool = False
    running: bool = True
    runs: int = 1
    log: list[tuple[int, str, bytes]] = field(default_factory=list)

    @property
    def listed(self) -> dict[str, Any]:
        """As a list of containers has it."""
        return {
            "Id": self.identity,
            "Names": [f"/{self.name}"],
            "Image": "nginx:1.27",
            "Labels": self.labels,
            "State": "running" if self.running else "exited",
        }

    @property
    def inspected(self) -> dict[str, Any]:
        """As it is told when asked for alone."""
        state = {"Running": self.running, "StartedAt": f"run {self.runs}"}
        config = {"Tty": self.terminal, "Labels": self.labels}
        driver = {"LogConfig": {"Type": "json-file", "Config": {}}}
        names = {"Id": self.identity, "Name": f"/{self.name}"}
        return {**names, "State": state, "Config": config, "HostConfig": driver}

    def told(self, time: int, stream: str, raw: bytes) -> bytes:
        """Give a log message as the engine writes it: its time, the text, and a frame where there is no terminal."""
        moment = datetime.fromtimestamp(time // BILLION, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        body = f"{moment}.{time % BILLION:09d}Z ".encode() + raw
        return body if self.terminal else struct.pack(">BxxxL", {"stdout": 1, "stderr": 2}[stream], len(body)) + body


class DockerEngine:
    """
    An engine that nobody can ask yet.

    Attributes:
        containers: By name.
        now: Its clock in Unix nanoseconds; every happening moves it.
        events: What happened, with its time and as it is told.
        happenings: How many things happened or were printed.
        pulse: Set, and replaced, whenever there may be something new.

    """

    def __init__(self) -> None:
        super().__init__()
        self.containers: dict[str, Container] = {}
        self.now = BEGAN
        self.events: list[tuple[int, bytes]] = []
        self.happenings = 0
        self.pulse = asyncio.Event()

    def add(self, name: str, *, terminal: bool = False, running: bool = True, **labels: str) -> Container:
        """Have a container that was there before anybody looked."""
        identity = f"{len(self.containers) + 1:02x}" * 32
        made = self.containers[name] = Container(name, identity, labels, terminal, running, int(running))
        return made

    def say(self, name: str, text: str | bytes, stream: str = "stdout", *, time: int | None = None) -> None:
        """Have a container print something."""
        self._tick()
        raw = text.encode() if isinstance(text, str) else text
        self.containers[name].log.append((time or self.now, stream, raw))
        self.happenings += 1
        self.happened()

    def start(self, name: str) -> None:
        """Start a container, a new one if it is not there."""
        container = self.containers.get(name) or self.add(name, running=False)
        container.running, container.runs = True, container.runs + 1
        self.event("container", "start", container)

    def stop(self, name: str, code: int = 0) -> None:
        """End a container; its log stays."""
        container = self.containers[name]
        container.running = False
        self.event("container", "die", container, exitCode=str(code))

    def remove(self, name: str) -> None:
        """Remove a container and its log."""
        container = self.containers.pop(name)
        container.running = False
        self.event("container", "destroy", container)

    def event(self, kind: str, action: str, container: Container | None = None, **attributes: str) -> None:
        """Tell that something happened."""
        if container is not None:
            attributes = {"image": "nginx:1.27", "name": container.name, **container.labels, **attributes}
        actor = {"ID": container.identity if container else attributes.get("name", ""), "Attributes": attributes}
        self.happen({"Type": kind, "Action": action, "Actor": actor, "scope": "local"})

    def happen(self, happening: dict[str, Any]) -> None:
        """Tell a happening under the present time."""
        self._tick()
        told = happening | {"time": self.now // BILLION, "timeNano": self.now}
        self.events.append((self.now, json.dumps(told).encode() + b"\n"))
        self.happenings += 1
        self.happened()

    def happened(self) -> None:
        """Have every stream look again."""
        self.pulse.set()
        self.pulse = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds."""
        async with asyncio.timeout(10):
            while not condition():
                await self.pulse.wait()

    def _tick(self) -> None:
        self.now += 1_000_003
