"""The hub as a process: lock, log, feeds, port, announcement; and all of it in order at the end."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import uvicorn

from .. import __version__
from ..announcement import Announcement, announce
from ..config import Workspace
from ..errors import HubError
from ..hub.configure import configure
from ..hub.hub import Hub
from ..hub.loading import load_shared
from ..store.docs import Updates
from ..store.log import open_log
from ..wire import MAX_REQUEST_BYTES, PING_INTERVAL, SILENCE_LIMIT, Close
from .app import LOOPBACK, make_app
from .credentials import Credentials, load_credentials, save_credentials
from .frames import PreparedFrames
from .links import SessionLinks
from .lock import locked

DEFAULT_PORT = 8765
FIRST_PEER = 30.0
SWITCH_INTERVAL = 0.001


@dataclass(frozen=True, slots=True)
class Address:
    """
    Where a hub listens.

    Args:
        host: A name or address of this machine.
        port: A port, 0 for any that is free.
        insist: Whether that port and no other will do.
        tls_cert: A certificate chain file, None for no TLS.
        tls_key: Its key.

    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    insist: bool = True
    tls_cert: Path | None = None
    tls_key: Path | None = None

    @property
    def scheme(self) -> str:
        """Give ``https`` with TLS, else ``http``."""
        return "https" if self.tls_cert else "http"

    @property
    def exposed(self) -> str:
        """Give the address if other machines can reach it, else an empty string."""
        return "" if self.host in LOOPBACK else f"{self.host}:{self.port}"


def listen(address: Address, *, remembered: int = 0) -> tuple[socket.socket, Address]:
    """
    Bind the port.

    Args:
        address: Where.
        remembered: A port to prefer where none is insisted on, 0 for none.

    Returns:
        The bound socket, and the address with the port it really has.

    Raises:
        HubError: If it cannot be bound.

    """
    ports = [address.port] if address.insist else list(dict.fromkeys((remembered or address.port, address.port, 0)))
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    for port in ports:
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, so that asyncio turns Nagle off
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((address.host.strip("[]"), port))
            bound.listen(256)
        except OSError as error:
            bound.close()
            failure = error
            continue
        bound.setblocking(False)
        return bound, replace(address, port=bound.getsockname()[1])
    where = f"{address.host}:{address.port}"
    raise HubError(
        f"cannot listen on {where}: {failure.strerror or failure}",
        hint="choose another port with --port (0 for any), or end what uses it",
    )


COMING_BACK = (Close.GOING_DOWN, "the hub is going down")
OVER = (Close.REMOVED, "the session was ended by its host")


@dataclass(frozen=True, slots=True)
class Terms:
    """
    On what terms a hub serves.

    Args:
        read_only: Whether every link is a viewer's.
        approve: Whether newcomers wait until a host lets them in.
        linger: End this many seconds after the last peer left; None to stay.

    """

    read_only: bool = False
    approve: bool = False
    linger: float | None = None


async def serve(
    workspace: Workspace,
    address: Address,
    terms: Terms,
    *,
    ready: Callable[[Announcement], None],
) -> None:
    """
    Run a workspace's hub until it is told to stop, by a signal, by a host, or by everybody having left.

    Args:
        workspace: What to run.
        address: Where to listen.
        terms: On what terms.
        ready: Called once peers can join.

    Raises:
        HubError: If another hub holds the database, or the port cannot be bound.
        LogError: If the database cannot be used.

    """
    sys.setswitchinterval(SWITCH_INTERVAL)  # the log's thread and the loop hand over thousands of times a second
    with locked(workspace.db):
        credentials = load_credentials(workspace.db)
        bound, address = listen(address, remembered=credentials.port)
        with bound:
            credentials.port = address.port
            save_credentials(workspace.db, credentials)
            log, configured = await open_log(workspace.db), configure(workspace)
            hub = Hub(
                log,
                await load_shared(Updates(log), configured.board, configured.rules, edit_rate=configured.edit_rate),
                configured,
                folder=workspace.folder,
                exposed=address.exposed,
                passing=terms.linger is not None,
                approve=terms.approve,
            )
            try:
                announcement = _announcement(hub, workspace, address, credentials, terms)
                hub.links = SessionLinks(announcement, credentials)
                server = _Server(hub, address, credentials, terms)
                await _run(hub, server, bound, announcement, terms, ready)
            finally:
                await hub.close()


async def _run(
    hub: Hub,
    server: _Server,
    bound: socket.socket,
    announcement: Announcement,
    terms: Terms,
    ready: Callable[[Announcement], None],
) -> None:
    with _signals(hub):
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(hub.run(), name="hub")
            serving = tasks.create_task(server.serve(sockets=[bound]), name="server")
            await server.up.wait()
            path = announce(announcement)
            try:
                gc.freeze()
                ready(announcement)
                await _stopped(hub, terms)
                server.stop_accepting()
                await running
                await hub.peers.close(*(OVER if hub.over else COMING_BACK))
                server.should_exit = True
                await serving
            finally:
                path.unlink(missing_ok=True)


async def _stopped(hub: Hub, terms: Terms) -> None:
    if terms.linger is None:
        await hub.stopping.wait()
        return
    alone_for = FIRST_PEER
    while not hub.stopping.is_set():
        try:
            async with asyncio.timeout(alone_for if hub.peers.alone else None):
                await hub.peers.changed()
        except TimeoutError:
            hub.stop()
        alone_for = terms.linger


@contextmanager
def _signals(hub: Hub) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hub.stop)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


class _Server(uvicorn.Server):
    """uvicorn, told when to start and stop by us rather than by signals."""

    def __init__(self, hub: Hub, address: Address, credentials: Credentials, terms: Terms) -> None:
        super().__init__(
            uvicorn.Config(
                make_app(hub, credentials, address=address.host, read_only=terms.read_only),
                ws=PreparedFrames,
                ws_per_message_deflate=False,
                ws_max_size=8 * MAX_REQUEST_BYTES,
                ws_ping_interval=PING_INTERVAL,
                ws_ping_timeout=SILENCE_LIMIT - PING_INTERVAL,
                lifespan="off",
                access_log=False,
                log_level="warning",  # below, it logs addresses whole, and one may have a token in it
                log_config=None,
                server_header=False,
                timeout_graceful_shutdown=3,
                ssl_certfile=address.tls_cert,
                ssl_keyfile=address.tls_key,
            )
        )
        self.up = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signals alone."""
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until `should_exit`; leave nothing open even when cancelled."""
        try:
            await super().serve(sockets)
        finally:
            self.stop_accepting()
            tasks = set(self.server_state.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for connection in list(self.server_state.connections):
                connection.transport.abort()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.up.set()

    def stop_accepting(self) -> None:
        """Take no further connections; those that are open stay."""
        for listener in self.servers:
            listener.close()


def _announcement(
    hub: Hub, workspace: Workspace, address: Address, credentials: Credentials, terms: Terms
) -> Announcement:
    return Announcement(
        url=f"{address.scheme}://{_in_link(address.host)}:{address.port}",
        host=credentials.host,
        editor="" if terms.read_only else credentials.editor,
        viewer=credentials.viewer,
        pid=os.getpid(),
        db=str(workspace.db),
        workspace=workspace.identity,
        epoch=hub.log.epoch,
        version=__version__,
        approve=terms.approve,
        certificate=str(Path(address.tls_cert).absolute()) if address.tls_cert else "",
    )


def _in_link(host: str) -> str:
    if host in ("0.0.0.0", "::", ""):  # noqa: S104 - only written into a link, nothing is bound here
        return socket.gethostname()
    return f"[{host.strip('[]')}]" if ":" in host else host
