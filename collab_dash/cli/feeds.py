"""``feeds``: which plugins there are, what they take, whether one works, which drop-ins may run; a new one."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import CollabDashError, ConfigError, FeedError
from . import render

if TYPE_CHECKING:
    from ..feed import Feed

in_option = click.option("--in", "target", metavar="WORKSPACE", help="The workspace; the current folder's by default.")


def _folder(target: str | None) -> Path:
    from ..workspace_location import find_source

    return find_source(target)[1]


@click.group()
def feeds() -> None:
    """Feed plugins: which there are, what they take, whether a configured feed works."""


@feeds.command("list")
@in_option
def list_(target: str | None) -> None:
    """List the feed plugins found and where each is from."""
    from ..plugins import available, load

    folder = _folder(target)
    rows = []
    for name, source in available(folder).items():
        try:
            plugin = load(name, folder)
            rows.append((name, plugin.transport, plugin.summary, source.where))
        except CollabDashError as error:
            rows.append((name, "-", f"cannot be used: {error}", source.where))
    for line in render.table(rows, ("NAME", "TRANSPORT", "SUMMARY", "FROM")):
        click.echo(line)


@feeds.command()
@click.argument("name")
@in_option
def info(name: str, target: str | None) -> None:
    """Show a feed plugin's options and how its events look best."""
    from ..plugins import available, how_to_install, load

    folder = _folder(target)
    plugin = load(name, folder)
    click.echo(f"{name}  {plugin.summary}")
    click.echo(f"from {available(folder)[name].where}, transport {plugin.transport}")
    if plugin.silence is not None:
        click.echo(f"counts as dead after {plugin.silence:g} s without a sign of life")
    if plugin.needs:
        missing = plugin.missing()
        click.echo(f"needs {', '.join(plugin.needs)}: {how_to_install(missing) if missing else 'installed'}")
    click.echo()
    rows = _options(plugin)
    for line in render.table(rows, ("OPTION", "TYPE", "DEFAULT", "DESCRIPTION")) if rows else ["no options"]:
        click.echo(line)
    click.echo()
    click.echo(f"pane: {_taste(plugin)}")


def _options(plugin: type[Feed[Any]]) -> list[tuple[str, str, str, str]]:
    schema = plugin.options_model().model_json_schema()
    required = schema.get("required", [])
    return [
        (
            name,
            _type(option, schema.get("$defs", {})),
            "required" if name in required else _default(option),
            option.get("description", ""),
        )
        for name, option in schema.get("properties", {}).items()
    ]


def _default(option: dict[str, Any]) -> str:
    default = option.get("default")
    return "-" if default is None else json.dumps(default, ensure_ascii=False)


def _type(option: dict[str, Any], shared: dict[str, Any]) -> str:
    if "$ref" in option:
        return _type(shared.get(option["$ref"].rpartition("/")[2], {}), {})
    if "enum" in option:
        return " | ".join(map(str, option["enum"]))
    if "anyOf" in option:
        kinds = [_type(kind, shared) for kind in option["anyOf"] if kind.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    kind = str(option.get("type", "any"))
    if kind == "array" and isinstance(option.get("items"), dict):
        return f"list of {_type(option['items'], shared)}"
    return {"object": "table"}.get(kind, kind)


def _taste(plugin: type[Feed[Any]]) -> str:
    pane = plugin.pane
    words = [f"view {pane.view or 'log'}"]
    words += [f"columns {', '.join(pane.columns)}"] if pane.columns else []
    words += [f"types {', '.join(pane.types)}"] if pane.types else []
    words += [f"{name} {getattr(pane, name)}" for name in ("field", "by", "key", "unit") if getattr(pane, name)]
    return "; ".join(words)


@feeds.command()
@click.argument("name")
@in_option
@click.option("--limit", type=click.IntRange(min=1), default=5, show_default=True, help="Stop after N events.")
@click.option("--timeout", type=click.FloatRange(min=0.1), default=20.0, show_default=True, help="Seconds to wait.")
def check(name: str, target: str | None, limit: int, timeout: float) -> None:
    """Try a configured feed once: its first events, or a clear error. Nothing is recorded."""
    from ..config import load_workspace
    from ..hub.configure import configure_feed
    from ..workspace_faults import nearest

    workspace = load_workspace(target)
    for problem in workspace.problems:
        if problem.feed == name and name not in workspace.feeds:
            raise ConfigError(problem.message, hint=problem.hint)
    if name not in workspace.feeds:
        raise ConfigError(f"{workspace.identity} has no feed {name!r}", hint=nearest(name, workspace.feeds))
    feed = configure_feed(workspace, workspace.feeds[name]).feed
    from .check import dry_run

    try:
        asyncio.run(dry_run(feed, name, workspace.folder, limit=limit, timeout=timeout))
    except FeedError as error:
        raise FeedError(f"feed {name}: {error}", hint=error.hint) from error


@feeds.command()
@click.argument("name")
@click.option(
    "--in",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    default=".",
    help="Where to make the package's folder; here by default.",
)
def new(name: str, folder: Path) -> None:
    """Write a package with a feed plugin called NAME, with tests that pass. Prints the files."""
    from .scaffold import check_name, derive, write

    try:
        names = derive(check_name(name))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="NAME") from None
    for file in write(names, folder):
        click.echo(file)
    click.echo("next:", err=True)
    for command in (
        f"cd {shlex.quote(str(folder / names.package))}",
        "python -m pytest",
        "pip install --editable .",
        f"collab-dash feeds info {name}",
    ):
        click.echo(f"  {command}", err=True)


@feeds.command()
@click.argument("drop_ins", nargs=-1, metavar="[NAME | FILE]...")
@in_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def trust(drop_ins: tuple[str, ...], target: str | None, yes: bool) -> None:
    """Allow drop-in plugins in the workspace's feeds folder to run, as they are now.

    Without NAME or FILE, asks for each that is new or has changed. Prints the files that are trusted now.
    """
    from ..plugins import trust as remember
    from ..plugins import untrusted

    folder = _folder(target)
    waiting = [_drop_in(given, folder) for given in drop_ins] or untrusted(folder)
    if not waiting:
        click.echo("collab-dash: no drop-in waits for trust", err=True)
    if waiting and not yes and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on; --yes trusts without asking")
    for path in waiting:
        if yes or click.confirm(f"Let {path} run as part of collab-dash, with all you may do?", err=True):
            remember(path)
            click.echo(path)


def _drop_in(given: str, folder: Path) -> Path:
    from ..plugins import FOLDER

    named = folder / FOLDER / f"{given}.py"
    path = named if named.is_file() else Path(given).absolute()
    if not path.is_file():
        raise ConfigError(f"there is no drop-in {given}: neither {named} nor a file of that name")
    return path
