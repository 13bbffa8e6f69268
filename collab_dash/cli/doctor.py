"""``doctor``: what is installed, reachable and writable, and what the terminal can do."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import click

from ..errors import CollabDashError
from ..tui.clipboard import clipboard_command

if TYPE_CHECKING:
    from ..feed import Feed

PACKAGES = (
    "collab-dash",
    "textual",
    "websockets",
    "uvicorn",
    "starlette",
    "httpx",
    "pydantic",
    "msgspec",
    "click",
)
PORTS = {"https": 443, "wss": 443, "http": 80, "ws": 80}


class Finding(NamedTuple):
    """One line: whether it is well (None: just so), what, and how it is."""

    well: bool | None
    what: str
    how: str


@click.command()
@click.argument("target", metavar="[WORKSPACE]", required=False)
@click.option("--network", is_flag=True, help="Also try the addresses of the built-in public feeds.")
@click.pass_context
def doctor(context: click.Context, target: str | None, network: bool) -> None:
    """Tell what is installed, reachable and writable here; exit code 1 if something must be mended."""
    sick = False
    for finding in _findings(target, network=network):
        mark = {True: "ok  ", False: "BAD ", None: "    "}[finding.well]
        click.echo(f"{mark}{finding.what:<22}{finding.how}")
        sick |= finding.well is False
    context.exit(1 if sick else 0)


def _findings(target: str | None, *, network: bool) -> Iterator[Finding]:
    yield from _installed()
    yield from _terminal()
    yield from _places(target)
    yield from _plugins(target, network=network)


def _installed() -> Iterator[Finding]:
    import sqlite3

    yield Finding(sys.version_info >= (3, 11), "python", f"{sys.version.split()[0]} ({sys.executable})")
    yield Finding(sqlite3.sqlite_version_info >= (3, 35), "sqlite", sqlite3.sqlite_version)
    for package in PACKAGES:
        try:
            yield Finding(True, package, version(package))
        except PackageNotFoundError:
            yield Finding(False, package, "not installed")


def _terminal() -> Iterator[Finding]:
    tty = sys.stdout.isatty()
    yield Finding(None, "terminal", os.environ.get("TERM", "TERM is not set") + ("" if tty else ", not a terminal"))
    columns, rows = shutil.get_terminal_size()
    small = tty and (columns < 40 or rows < 10)
    yield Finding(
        False if small else None,
        "size",
        f"{columns}×{rows}" + (", the board needs at least 40×10" if small else ""),
    )
    yield Finding(None, "colours", _colours())
    encoding = (sys.stdout.encoding or "ascii").lower()
    yield Finding("utf" in encoding, "unicode", encoding)
    command = clipboard_command(os.environ)
    yield Finding(
        None, "clipboard", command[0] if command else "no program for it; copies go through the terminal (OSC 52)"
    )


def _colours() -> str:
    if os.environ.get("NO_COLOR"):
        return "none, NO_COLOR is set"
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million"
    term = os.environ.get("TERM", "")
    return "256" if "256" in term else "none" if term in ("", "dumb") else "16"


def _places(target: str | None) -> Iterator[Finding]:
    from ..announcement import runtime_dir, state_dir
    from ..workspace_location import locate, settings_path

    yield _writable("runtime folder", runtime_dir())
    yield _writable("state folder", state_dir())
    yield _writable("user file's folder", settings_path().parent)
    try:
        location = locate(target)
    except CollabDashError as error:
        yield Finding(False, "workspace", str(error))
        return
    yield Finding(True, "workspace", location.identity)
    yield _writable("recording's folder", location.db.parent)
    yield from _hub(location.db)


def _writable(what: str, folder: Path) -> Finding:
    """Look at a folder, or at the nearest one above it that exists; make nothing."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return Finding(True, what, str(folder) + ("" if existing == folder else ", will be made when needed"))
    return Finding(False, what, f"{folder} cannot be written")


def _hub(db: Path) -> Iterator[Finding]:
    from ..announcement import announced, hub_log

    if (log := hub_log(db)).exists():
        yield Finding(None, "hub's log", str(log))
    announcement = announced(db)
    if announcement is not None:
        yield Finding(True, "hub", f"runs at {announcement.url}, pid {announcement.pid}")
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 8765))
            yield Finding(True, "port 8765", "free")
        except OSError as error:
            yield Finding(None, "port 8765", f"{error.strerror}; a board takes another, serve needs --port")


def _plugins(target: str | None, *, network: bool) -> Iterator[Finding]:
    """Tell how many feed plugins are well, which are not, and whether the public sources answer."""
    from ..plugins import available, how_to_install, load
    from ..workspace_location import find_source

    try:
        folder = find_source(target)[1]
    except CollabDashError:
        folder = None
    well = []
    for name in available(folder):
        try:
            plugin = load(name, folder)
        except CollabDashError as error:
            yield Finding(False, f"feed {name}", f"{error}; {error.hint}" if error.hint else str(error))
            continue
        if missing := plugin.missing():
            yield Finding(None, f"feed {name}", f"needs a library: {how_to_install(missing)}")
        else:
            well.append(plugin)
        if network and (source := _public(plugin)) is not None:
            yield _reachable(name, *source)
    yield Finding(True, "feeds", f"{len(well)} ready to use")


def _public(plugin: type[Feed[Any]]) -> tuple[str, int] | None:
    """Give host and port of the public source that a plugin goes to by itself, if there is one."""
    url = plugin.options_model().model_fields.get("url")
    parts = urlsplit(url.default if url is not None and isinstance(url.default, str) else "")
    port = PORTS.get(parts.scheme)
    if port is None or parts.hostname in (None, "localhost", "127.0.0.1"):
        return None
    return str(parts.hostname), parts.port or port


def _reachable(name: str, host: str, port: int) -> Finding:
    try:
        with socket.create_connection((host, port), timeout=5):
            return Finding(True, f"{name} (network)", f"{host}:{port} answers")
    except OSError as error:
        return Finding(False, f"{name} (network)", f"{host}:{port}: {error.strerror or error}")
