"""``serve``, ``share``, ``status``, ``stop``: the hub itself."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import ConfigError, HubError

if TYPE_CHECKING:
    from ..announcement import Announcement
    from ..config import Workspace
    from ..workspace_location import Location

STOP_TIMEOUT = 15.0

target = click.argument("target", metavar="[WORKSPACE]", required=False)
db_option = click.option("--db", type=click.Path(path_type=Path), help="The recording.")


@click.command()
@target
@click.option("--host", metavar="ADDRESS", help="Listen here; 127.0.0.1 by default.")
@click.option("--port", type=click.IntRange(0, 65535), help="Listen on this port; 8765 by default, 0 for any.")
@db_option
@click.option("--tls-cert", type=click.Path(path_type=Path), help="A certificate chain file, for https.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="The certificate's key file.")
@click.option("--read-only", is_flag=True, default=None, help="Make every link a viewer's.")
@click.option("--approve", is_flag=True, default=None, help="Let newcomers wait until a host lets them in.")
@click.option("--linger", type=float, hidden=True)
@click.option("--any-port", is_flag=True, hidden=True)
def serve(target: str | None, linger: float | None, any_port: bool, **given: Any) -> None:
    """Run the hub alone, in the foreground, until it is told to stop.

    Prints "ready URL", the link for editors, and "viewer URL" on standard output once it can be joined. SIGTERM,
    SIGINT (Ctrl-C) and collab-dash stop end it in order, with exit code 0.
    """
    from ..config import load_workspace
    from ..server.process import Address, Terms
    from ..server.process import serve as run_hub

    overrides = {key: str(value) if isinstance(value, Path) else value for key, value in given.items()}
    workspace = load_workspace(target, overrides=overrides)
    _check_tls(workspace)
    logging.basicConfig(format="collab-dash: %(message)s")
    terms = Terms(read_only=workspace.read_only, approve=workspace.approve, linger=linger)
    address = Address(
        host=workspace.host,
        port=workspace.port,
        insist=workspace.port_given or not any_port,
        tls_cert=workspace.tls_cert,
        tls_key=workspace.tls_key,
    )
    asyncio.run(run_hub(workspace, address, terms, ready=_ready))


def _check_tls(workspace: Workspace) -> None:
    if workspace.tls_cert is None:
        return
    import ssl

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(workspace.tls_cert, workspace.tls_key)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            f"cannot use the certificate {workspace.tls_cert} with the key {workspace.tls_key}: {error.strerror}",
            hint="both are PEM files: the certificate with its chain, and its private key",
        ) from None


def _ready(announcement: Announcement) -> None:
    click.echo(f"collab-dash: {announcement.workspace} records to {announcement.db}", err=True)
    click.echo(f"ready {announcement.url}/#{announcement.editor or announcement.viewer}")
    click.echo(f"viewer {announcement.url}/#{announcement.viewer}")


@click.command()
@target
@db_option
@click.option(
    "--role", type=click.Choice(["editor", "viewer"]), default="editor", show_default=True, help="What it allows."
)
def share(target: str | None, db: Path | None, role: str) -> None:
    """Print the link by which others join the running hub."""
    announcement = _running(target, db)
    token = getattr(announcement, role)
    if not token:
        raise HubError("this hub is read-only and has no editors", hint="collab-dash share --role viewer")
    click.echo(f"{announcement.url}/#{token}")


def _running(target: str | None, db: Path | None) -> Announcement:
    location, announcement = _looked_up(target, db)
    if announcement is None:
        raise _no_hub(location.db)
    return announcement


def _looked_up(target: str | None, db: Path | None) -> tuple[Location, Announcement | None]:
    from ..workspace_location import locate
    from .targets import hub_of

    location = locate(target, db=db)
    return location, asyncio.run(hub_of(location.db))


def _no_hub(db: Path) -> HubError:
    return HubError(f"no hub records to {db}", hint="start one: collab-dash, or collab-dash serve")


@click.command()
@target
@db_option
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
@click.pass_context
def status(context: click.Context, target: str | None, db: Path | None, as_json: bool) -> None:
    """Show the hub, its feeds and who is here; exit code 1 when no hub runs."""
    location, announcement = _looked_up(target, db)
    if announcement is None:
        if not as_json:
            raise _no_hub(location.db)
        click.echo(json.dumps({"running": False, "db": str(location.db)}))
        context.exit(1)
    from .status import look, write_json, write_text

    seen = asyncio.run(look(announcement))
    (write_json if as_json else write_text)(announcement, seen)


@click.command()
@target
@db_option
def stop(target: str | None, db: Path | None) -> None:
    """End the hub in order: feeds, log, peers."""
    announcement = _running(target, db)
    asyncio.run(_stop(announcement))
    click.echo(f"collab-dash: the hub of {announcement.workspace} ended", err=True)


async def _stop(announcement: Announcement) -> None:
    from ..peer.session import join
    from ..wire import STOP

    async with join(f"{announcement.url}/#{announcement.host}", feeds=()) as session:
        await session.request(STOP)
    try:
        async with asyncio.timeout(STOP_TIMEOUT):
            while _runs(announcement.pid):  # noqa: ASYNC110 - another process, which tells nobody when it ends
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise HubError(
            f"the hub (pid {announcement.pid}) has not ended within {STOP_TIMEOUT:g} s",
            hint=f"kill {announcement.pid} ends it; nothing recorded is lost",
        ) from None


def _runs(pid: int) -> bool:
    """Tell whether a process runs; one that ended counts as ended even if its parent has not noticed."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
