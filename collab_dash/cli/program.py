"""The tree of commands: names and summaries here, the commands themselves in modules loaded when used."""

from __future__ import annotations

import os
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import Any, NamedTuple

import click

from .. import __version__


class Lazy(NamedTuple):
    """A command not yet imported: its module in this package, the attribute there, and its summary."""

    module: str
    attribute: str
    summary: str


COMMANDS = {
    "join": Lazy("board", "join", "Join a session by its link."),
    "demo": Lazy("board", "demo", "Open a board on an invented, offline world."),
    "serve": Lazy("hub", "serve", "Run the hub alone, in the foreground."),
    "share": Lazy("hub", "share", "Print the link of the running hub."),
    "status": Lazy("hub", "status", "Show the hub, its feeds and who is here."),
    "stop": Lazy("hub", "stop", "End the hub in order."),
    "tail": Lazy("tail", "tail", "Print events as NDJSON."),
    "publish": Lazy("publish", "publish", "Publish an event."),
    "query": Lazy("query", "query", "Run read-only SQL over a recording."),
    "feeds": Lazy("feeds", "feeds", "Feed plugins: list, info, check, trust."),
    "config": Lazy("config", "config", "Configuration: path, show, validate, schema, init."),
    "doctor": Lazy("doctor", "doctor", "Tell what is installed, reachable and writable here."),
}
WIDTH = 80  # of help, whatever the terminal: the same bytes to a pipe as to a terminal
_BOARD = Lazy("board", "board", "Open the board.")


def debug_option() -> click.Option:
    """Make the option that every command understands."""
    return click.Option(["--debug"], is_flag=True, expose_value=False, help="Show the traceback of an error.")


class LazyGroup(click.Group):
    """
    A group whose subcommands are imported when they are run.

    Args:
        lazy: The subcommands by name.

    """

    def __init__(self, *args: Any, lazy: dict[str, Lazy], **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order they are told."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand."""
        found = self.lazy.get(cmd_name)
        return None if found is None else load(found)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the summaries without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.summary) for name, command in self.lazy.items()])


def load(lazy: Lazy) -> click.Command:
    """Import a command and teach it, and its subcommands, the common option."""
    command: click.Command = getattr(import_module(f".{lazy.module}", __package__), lazy.attribute)
    _teach(command)
    return command


def _teach(command: click.Command) -> None:
    if not any(parameter.name == "debug" for parameter in command.params):
        command.params.append(debug_option())
    for inner in getattr(command, "commands", {}).values():
        _teach(inner)


class Program(LazyGroup):
    """The top: a first argument that is no command is a workspace to open."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or take the argument for a workspace."""
        name = args[0]
        if name in self.lazy:
            return super().resolve_command(ctx, args)
        if name != "-" and not name.startswith("builtin:") and not os.path.exists(name):  # noqa: PTH110
            self._refuse(ctx, name)
        return "board", load(_BOARD), args

    def _refuse(self, ctx: click.Context, name: str) -> None:
        near = get_close_matches(name, self.lazy, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "collab-dash --help lists the commands."
        if "://" in name:
            name, hint = name.split("#")[0], "collab-dash join LINK joins a session."
        ctx.fail(f"{name!r} is neither a command nor an existing workspace. {hint}")


@click.group(
    cls=Program,
    lazy=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "terminal_width": WIDTH},
    subcommand_metavar="[WORKSPACE | COMMAND [ARGS]...]",
    epilog="WORKSPACE is a folder with a collab.toml, a TOML file, or - to watch what is piped in.",
)
@click.option("--page", metavar="NAME", help="Open this page first.")
@click.option("--name", metavar="YOU", help="What others shall call you.")
@click.option("--approve", is_flag=True, help="Let newcomers wait until you let them in.")
@click.version_option(__version__, prog_name="collab-dash", message="%(prog)s %(version)s")
@click.pass_context
def program(context: click.Context, page: str | None, name: str | None, approve: bool) -> None:
    """A live terminal dashboard that people watch together, with a memory.

    Without a command, opens the board of the workspace in the current folder, or the built-in starter.
    """
    if approve and context.invoked_subcommand not in (None, "board"):
        raise click.UsageError("--approve stands behind the command: collab-dash serve --approve, or demo --approve")
    context.obj = {"page": page, "name": name, "approve": approve}
    if context.invoked_subcommand is None:
        context.invoke(load(_BOARD), target=None, **context.obj)


program.params.append(debug_option())


def interactive() -> bool:
    """Tell whether there is a terminal to draw on and to read keys from."""
    return sys.stdin.isatty() and sys.stdout.isatty()
