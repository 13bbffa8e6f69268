"""The command line, in this process where that is enough and as a process of its own where it matters."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from collab_dash.cli.run import run


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ran]


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in this process."""

    def call(*arguments: object) -> Ran:
        code = run([str(argument) for argument in arguments])
        return Ran(code, *capfd.readouterr())

    return call


@pytest.fixture
def child() -> Cli:
    """Run a command as a process of its own, with nothing on standard input unless given."""

    def call(*arguments: object, stdin: str | bytes = b"", environ: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "collab_dash", *map(str, arguments)],
            input=stdin.encode() if isinstance(stdin, str) else stdin,
            capture_output=True,
            env={**os.environ, **(environ or {})},
            timeout=15,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call
