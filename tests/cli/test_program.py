from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.conftest import Cli
from collab_dash import __version__
from collab_dash.cli.program import program
from hubs import workspace_at
from processes import hub_process

COMMANDS = {
    "join", "demo", "serve", "share", "status", "stop", "tail", "publish", "query", "doctor",
    "feeds list", "feeds info", "feeds check", "feeds new", "feeds trust",
    "config path", "config show", "config validate", "config schema", "config export",
    "config init",
}  # fmt: skip
RUN_AND_TELL = """
import sys
from collab_dash.cli.run import run
code = run(sys.argv[1:])
print(code, *sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)
"""


def tree(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            if isinstance(command, click.Group):
                yield from tree(command, f"{prefix}{name} ")
            else:
                yield prefix + name, command


def imported(*arguments: str) -> set[str]:
    """Run a command in a process of its own and give what it imported, top names only."""
    command = [sys.executable, "-c", RUN_AND_TELL, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=15)
    code, *names = done.stderr.splitlines()[-1].split()
    assert code == "0", done.stderr
    return set(names)


def test_the_commands_are_those_of_the_contract() -> None:
    assert {name for name, _ in tree(program)} == COMMANDS


@pytest.mark.parametrize(("name", "command"), list(tree(program)))
def test_every_command_and_option_says_what_it_does(name: str, command: click.Command) -> None:
    assert command.help, name
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"{name} {parameter.name}"
    assert any(parameter.name == "debug" for parameter in command.params)


def test_help_lists_every_command_and_goes_to_standard_output(cli: Cli) -> None:
    code, out, err = cli("--help")
    assert (code, err) == (0, "")
    for name in {command.split()[0] for command in COMMANDS}:
        assert f"\n  {name} " in out


def test_help_imports_nothing_heavy() -> None:
    assert not imported("--help") & {"pydantic", "textual", "rich", "msgspec", "asyncio", "httpx", "websockets"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("config", "show"),
        ("config", "validate"),
        ("config", "schema"),
        ("feeds", "list"),
        ("feeds", "check", "system", "--limit", "1"),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_headless_commands_never_import_the_screen(arguments: tuple[str, ...]) -> None:
    assert not imported(*arguments) & {"textual", "rich"}


async def test_neither_do_those_that_speak_to_a_hub(tmp_path: Path) -> None:
    async with hub_process(workspace_at(tmp_path).folder) as hub:
        for arguments in (
            ("publish", hub.editor, "notes", "note:create"),
            ("tail", hub.editor, "--since", "0", "--limit", "1"),
            ("status",),
            ("share",),
            ("query", "select 1"),
            ("stop",),
        ):
            names = await asyncio.to_thread(imported, *arguments)
            assert not names & {"textual", "rich"}, arguments


def test_nor_does_the_hub_itself(tmp_path: Path) -> None:
    (tmp_path / "collab.toml").write_text('[feeds.system]\nuse = "system"')  # httpx brings rich along, where it is
    command = [sys.executable, "-c", RUN_AND_TELL, "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as hub:
        assert hub.stdout is not None
        assert hub.stdout.readline().startswith("ready ")
        assert hub.stdout.readline().startswith("viewer ")
        hub.terminate()
        _, err = hub.communicate(timeout=15)
    code, *names = err.splitlines()[-1].split()
    assert code == "0"
    assert not set(names) & {"textual", "rich"}


def test_version(cli: Cli) -> None:
    assert cli("--version") == (0, f"collab-dash {__version__}\n", "")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("stats", "Did you mean 'status'?"),
        ("zzz", "collab-dash --help lists the commands"),
        ("http://127.0.0.1:1/#SECRET", "collab-dash join LINK joins a session"),
    ],
)
def test_a_word_that_is_no_command_is_refused(cli: Cli, word: str, hint: str) -> None:
    code, out, err = cli(word)
    assert (code, out) == (2, "")
    assert hint in err
    assert "SECRET" not in err


def test_an_unknown_option_suggests_a_near_one(cli: Cli) -> None:
    code, _, err = cli("serve", "--prot", "1")
    assert code == 2
    assert "--port" in err
