from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli.conftest import Cli
from collab_dash.cli import run as running
from collab_dash.errors import HubError
from collab_dash.store.log import open_log
from processes import terminal

QUERY = "select char(27) || '[2J' as sequence, 'é' as letter, 1.5 as number"


def raising(error: BaseException) -> click.Command:
    @click.command()
    @click.option("--debug", is_flag=True, expose_value=False)
    def command() -> None:
        print("data")
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (HubError("no hub\nhere", hint="start one"), 1, "collab-dash: no hub here\n  start one\n"),
        (HubError("no hub"), 1, "collab-dash: no hub\n"),
        (ExceptionGroup("", [ExceptionGroup("", [HubError("deep")])]), 1, "collab-dash: deep\n"),
        (KeyError("x"), 1, "collab-dash: KeyError: 'x'\n  run it again with --debug for the traceback\n"),
        (PermissionError(13, "Permission denied", "/x"), 1, "collab-dash: cannot use /x: Permission denied\n"),
        (KeyboardInterrupt(), 130, ""),
        (click.Abort(), 130, ""),
        (click.exceptions.Exit(7), 7, ""),
        (click.UsageError("not so"), 2, "Error: not so\n"),
        (ExceptionGroup("", [click.UsageError("not so")]), 2, "Error: not so\n"),
    ],
    ids=repr,
)
def test_every_end_has_its_exit_code_and_words(
    error: BaseException, code: int, words: str, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "program", raising(error))
    ran = cli()
    assert (ran.code, ran.out) == (code, "data\n")
    assert words in ran.err
    assert "Traceback" not in ran.err


def test_debug_shows_the_traceback_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "program", raising(HubError("no hub", hint="start one")))
    code, _, err = cli("--debug")
    assert code == 1
    assert "Traceback" in err
    assert err.endswith("collab-dash: no hub\n  start one\n")


@pytest.mark.parametrize("place", ["before", "after"])
def test_debug_may_stand_before_or_after_the_command(child: Cli, place: str) -> None:
    ran = child("--debug", "status") if place == "before" else child("status", "--debug")
    assert ran.code == 1
    assert "Traceback" in ran.err


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "collab_dash", *arguments]


LITTLE_AND_MUCH = pytest.mark.parametrize("arguments", [("--version",), ("config", "schema")], ids=" ".join)


@LITTLE_AND_MUCH
def test_a_closed_pipe_ends_it_cleanly(arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command(*arguments), stdout=writing, stderr=subprocess.PIPE, timeout=15)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@LITTLE_AND_MUCH
def test_output_that_cannot_be_written_is_one_line(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command(*arguments), stdout=full, stderr=subprocess.PIPE, text=True, timeout=15)
    assert done.returncode == 1
    assert done.stderr.startswith("collab-dash: No space left on device\n")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_an_interrupt_before_anything_was_imported_is_130(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "click.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command("--help"), env=environ, capture_output=True, timeout=15)
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, b"")


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1"}])
def test_nothing_headless_is_coloured(child: Cli, environ: dict[str, str]) -> None:
    for arguments in (("--help",), ("nonsense",), ("doctor",), ("status",)):
        ran = child(*arguments, environ=environ)
        assert "\x1b" not in ran.out + ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("tail", "--help"),
        ("feeds", "list"),
        ("config", "show"),
        ("query", QUERY),
        ("query", QUERY, "--format", "csv"),
    ],
    ids=str,
)
async def test_a_terminal_gets_the_bytes_that_a_pipe_gets(
    child: Cli, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    await (await open_log(tmp_path / "collab.db")).close()
    piped = await asyncio.to_thread(child, *arguments)
    async with terminal(*arguments, columns=200) as shown:
        assert await shown.ended() == piped.code == 0
        await shown.until(lambda: shown.output.replace(b"\r\n", b"\n") == piped.out.encode())
