"""``config``: where configuration is, what it amounts to, whether it is valid."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ..config import Workspace

EXAMPLE = """\
# A workspace of collab-dash: what a session shows. `collab-dash config validate` checks it.

[session]
name = "{name}"
db = "collab.db"                # the recording, beside this file
# host = "127.0.0.1"            # another address lets other machines in
# port = 8765

[feeds.machine]                 # a name of your choice
use = "system"                  # a feed plugin: collab-dash feeds list

# [feeds.orders]
# use = "websocket"             # a transport works without a plugin of its own
# url = "wss://shop.example/live"
# headers = {{ Authorization = "Bearer ${{SHOP_TOKEN}}" }}   # secrets come from the environment

[[pages]]
title = "Overview"

[[pages.panes]]
feed = "machine"
title = "CPU"
view = "line"                   # {views}
types = ["cpu:update"]
key = "total"
field = "percent"
unit = "%"
width = 8                       # of twelve columns

[[pages.panes]]
view = "feeds"
width = 4

[[pages.panes]]
feed = "machine"
title = "Busiest processes"
view = "table"
types = ["process:update"]
columns = ["name", "cpu", "memory"]
filter = "cpu > 0"
width = 12
"""

target = click.argument("target", metavar="[WORKSPACE]", required=False)


@click.group()
def config() -> None:
    """Configuration: where it is, what it amounts to, whether it is valid."""


@config.command()
@target
def path(target: str | None) -> None:
    """Print the files that are read: the workspace's and the user's."""
    from ..workspace_location import find_source, settings_path

    source, _ = find_source(target)
    click.echo(source)
    settings = settings_path()
    click.echo(settings)
    if not settings.is_file():
        click.echo(f"{settings} does not exist; it is optional", err=True)


@config.command()
@target
def show(target: str | None) -> None:
    """Print the workspace after environment and user file were applied, as JSON.

    "from" says where each value of [session] that somebody set came from. Secrets are hidden.
    """
    from ..config import load_workspace
    from .described import effective

    workspace = load_workspace(target)
    click.echo(json.dumps(effective(workspace), indent=2, ensure_ascii=False))
    _narrate_problems(workspace)


def _narrate_problems(workspace: Workspace) -> None:
    for problem in workspace.problems:
        click.echo(f"collab-dash: {problem.message}", err=True)
        if problem.hint:
            click.echo(f"  {problem.hint}", err=True)


@config.command()
@target
@click.pass_context
def validate(context: click.Context, target: str | None) -> None:
    """Check a workspace and its feeds' options; faults come with file, line and the nearest valid name."""
    from ..config import Problem, load_workspace
    from ..errors import CollabDashError
    from ..hub.configure import configure_feed

    workspace = load_workspace(target)
    for name, feed in workspace.feeds.items():
        try:
            configure_feed(workspace, feed)
        except CollabDashError as error:
            workspace.problems.append(Problem(name, str(error), error.hint))
    _narrate_problems(workspace)
    if workspace.problems:
        context.exit(1)
    _narrate_unset(workspace)
    panes = sum(len(page.panes) for page in workspace.board.pages)
    counts = f"{_count(len(workspace.feeds), 'feed')}, {_count(panes, 'pane')}"
    click.echo(f"{workspace.identity}: valid, {counts}")


def _narrate_unset(workspace: Workspace) -> None:
    """Tell of variables that are not set here, which is no fault of the file: they may be where the hub starts."""
    written = {f"[feeds.{name}]": json.dumps(feed.options, default=str) for name, feed in workspace.feeds.items()}
    written |= {f"[targets.{name}]": json.dumps([t.ntfy, dict(t.headers)]) for name, t in workspace.targets.items()}
    for table, options in written.items():
        for variable in sorted(set(re.findall(r"\$\{(\w+)\}", options)) - set(os.environ)):
            click.echo(f"collab-dash: {table} needs {variable}, which is not set in this environment", err=True)


@config.command()
@target
def schema(target: str | None) -> None:
    """Print the JSON schema of a workspace file, the options of each feed plugin included, for editors."""
    from ..workspace_location import find_source
    from .described import workspace_schema

    click.echo(json.dumps(workspace_schema(find_source(target)[1]), indent=2, ensure_ascii=False))


@config.command()
@target
@click.option("--write", is_flag=True, help="Write it into the workspace file itself.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it to a file.")
@click.option("--force", is_flag=True, help="Replace a file that is there, or what was changed by hand.")
def export(target: str | None, write: bool, output: Path | None, force: bool) -> None:
    """Print the workspace file with board and rules as people have them now; comments and all else stay.

    They are the running hub's, or else what the recording has of them.
    """
    from .board_file import export as export_board

    if write and output:
        raise click.UsageError("--write and --output exclude each other")
    export_board(target, write=write, output=output, force=force)


@config.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@click.option("--force", is_flag=True, help="Replace a collab.toml that is there.")
def init(folder: Path, force: bool) -> None:
    """Write an annotated collab.toml to start from."""
    from ..board import VIEWS
    from ..errors import ConfigError
    from ..workspace_location import FILE_NAME

    file = folder.absolute() / FILE_NAME
    text = EXAMPLE.format(name=_session_name(file.parent.name), views=" | ".join(VIEWS))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise ConfigError(f"{file} is there already", hint="--force replaces it") from None
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}") from None
    click.echo(file)
    click.echo("open it with: collab-dash", err=True)


def _session_name(folder: str) -> str:
    return "".join(c for c in folder if c.isprintable() and c not in '"\\') or "overview"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
