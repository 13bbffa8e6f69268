"""Run the program and turn every way it can end into an exit code and, at most, two lines for a person."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import click

from ..errors import CollabDashError
from .program import program

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130


def run(arguments: Sequence[str]) -> int:
    """
    Run the command line.

    Args:
        arguments: What stands after the program's name.

    Returns:
        0 done, 1 failed, 2 wrong usage, 130 interrupted.

    """
    try:
        code = _invoke(list(arguments))
        if sys.stdout is not None:
            sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: a line for a person instead of a traceback
        return _failed(error, debug="--debug" in arguments)
    return code


def _invoke(arguments: list[str]) -> int:
    try:
        with program.make_context("collab-dash", arguments) as context:
            program.invoke(context)
    except click.exceptions.Exit as ending:
        return ending.exit_code
    return DONE


def _failed(error: Exception, *, debug: bool) -> int:
    cause = _first(error)
    if isinstance(cause, click.ClickException):
        cause.show()
        return cause.exit_code
    if isinstance(cause, BrokenPipeError):
        return DONE  # whoever read our output has seen enough
    if debug:
        traceback.print_exception(error)
    tell(cause)
    return FAILED


def _first(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def tell(error: BaseException) -> None:
    """Write an error for a person on standard error: what went wrong, and a line on what to do."""
    hint = "run it again with --debug for the traceback"
    if isinstance(error, CollabDashError):
        what, hint = str(error), error.hint
    elif isinstance(error, OSError) and error.strerror:
        what = f"cannot use {error.filename}: {error.strerror}" if error.filename else error.strerror
    else:
        what = f"{type(error).__name__}: {error}"
    click.echo(f"collab-dash: {' '.join(what.split())}", err=True)
    if hint:
        click.echo(f"  {hint}", err=True)
