"""The commands that draw: the board, ``join``, ``demo`` and the board on standard input."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import click
from msgspec import structs

from .program import interactive

if TYPE_CHECKING:
    from ..identity import Identity
    from ..peer.session import Session

name_option = click.option("--name", metavar="YOU", help="What others shall call you.")
approve_option = click.option("--approve", is_flag=True, help="Let newcomers wait until you let them in.")
page_option = click.option("--page", metavar="NAME", help="Open this page first.")


@click.command(hidden=True)
@click.argument("target", metavar="[WORKSPACE]", required=False)
@page_option
@name_option
@approve_option
@click.pass_context
def board(context: click.Context, target: str | None, page: str | None, name: str | None, approve: bool) -> None:
    """Open the board of a workspace, or of what is piped in (-)."""
    given = context.obj or {}
    page, name = page or given.get("page"), name or given.get("name")
    approve = approve or given.get("approve", False)
    if target == "-":
        _open("builtin:stdin", page=page, name=name, approve=approve, piped=True)
        return
    _need_terminal(context)
    _open(target, page=page, name=name, approve=approve)


@click.command()
@page_option
@name_option
@approve_option
@click.pass_context
def demo(context: click.Context, page: str | None, name: str | None, approve: bool) -> None:
    """Open a board on an invented market, quakes, edits and log, labelled DEMO; needs no network."""
    _need_terminal(context)
    _open("builtin:demo", page=page, name=name, approve=approve)


@click.command()
@click.argument("url")
@page_option
@name_option
@click.pass_context
def join(context: click.Context, url: str, page: str | None, name: str | None) -> None:
    """Join a session by its link, http(s)://host:port/#TOKEN."""
    from ..peer.address import parse_link

    parse_link(url)
    _need_terminal(context)
    from ..tui import run_board
    from ..workspace_location import user_name

    you, known = _who(name or user_name())

    def connect(waiting: Callable[[], None]) -> AbstractAsyncContextManager[Session]:
        from ..peer.session import join as join_session

        return join_session(url, name=you.name, person=you.secret, color=you.color, waiting=waiting)

    run_board(connect, you, page=page, ask=not known)


def _need_terminal(context: click.Context) -> None:
    """Refuse to draw where nobody could see it or press a key."""
    if interactive():
        return
    click.echo(context.find_root().get_help(), err=True)
    click.echo("\ncollab-dash: the board needs a terminal; for pipes there are serve, tail and query", err=True)
    context.exit(2)


def _who(wanted: str) -> tuple[Identity, bool]:
    """Tell who sits here, by the wanted name, and whether they ever said how they want to be called."""
    from ..identity import load_identity

    kept = load_identity()
    name = wanted or kept.name
    return structs.replace(kept, name=name or _login()), bool(name)


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without an entry in the password database, as in some containers
        return "somebody"


def _open(
    target: str | None, *, page: str | None, name: str | None, approve: bool = False, piped: bool = False
) -> None:
    from ..workspace_location import locate

    location = locate(target)
    you, known = _who(name or location.user)
    source = _hand_over_stdin() if piped else None
    from ..tui import run_board

    def connect(_: Callable[[], None]) -> AbstractAsyncContextManager[Session]:
        from ..peer.launch import open_session

        return open_session(location, you, stdin=source, approve=approve)

    run_board(connect, you, page=page, first=location.label, ask=not known)


def _hand_over_stdin() -> int:
    """
    Keep the piped input for the hub and take the keys from the terminal instead.

    Returns:
        The file descriptor of what was piped in.

    """
    if sys.stdin.isatty() or not sys.stdout.isatty():
        raise click.UsageError("- watches what is piped in, on a terminal: some-program | collab-dash -")
    piped = os.dup(0)
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError:
        raise click.UsageError("there is no terminal to read keys from") from None
    os.dup2(terminal, 0)
    os.close(terminal)
    return piped
