"""``tail``: events as NDJSON."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import click

from ..event import Event
from ..type_globs import check_type_glob
from ..workspace_location import Location
from .render import harmless
from .wanted import Since, Wanted, parse_since


def _since(_: click.Context, __: click.Parameter, text: str | None) -> Since | None:
    try:
        return None if text is None else parse_since(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _where(_: click.Context, __: click.Parameter, text: str | None) -> Callable[[Event], bool] | None:
    if not text:
        return None
    from ..filter import FilterError, compile_filter

    try:
        return compile_filter(text)
    except FilterError as error:
        raise click.BadParameter(str(error)) from None


def _types(_: click.Context, __: click.Parameter, globs: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(map(check_type_glob, globs))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.argument("target")
@click.argument("feeds", nargs=-1, metavar="[FEED]...")
@click.option("--since", callback=_since, metavar="OFFSET|TIME", help="Begin after this offset, or at this time.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Stop after N events.")
@click.option("--no-follow", is_flag=True, help="Stop at the present.")
@click.option(
    "--type", "types", multiple=True, callback=_types, metavar="GLOB", help="Only these types, such as ticker:*."
)
@click.option("--where", callback=_where, metavar="FILTER", help="Only these events, such as 'mag >= 4.5'.")
def tail(
    target: str,
    feeds: tuple[str, ...],
    since: Since | None,
    limit: int | None,
    no_follow: bool,
    types: tuple[str, ...],
    where: Callable[[Event], bool] | None,
) -> None:
    """Print events as NDJSON, one a line.

    TARGET is a session's link, a workspace or a database file. Follows what happens from now on; with
    --since, what happened since then first. With --no-follow, prints what is recorded and stops; --limit N
    then means the latest N, unless --since says where to begin.
    """
    from .targets import target_of

    asyncio.run(_tail(target_of(target), Wanted(feeds, types, where, since, limit), follow=not no_follow))


async def _tail(target: str | Location | Path, wanted: Wanted, *, follow: bool) -> None:
    from .sources import lines_of

    left = wanted.limit
    async with _while_read(), aclosing(lines_of(target, wanted, follow=follow)) as lines:
        async for line in lines:
            _write(line)
            if left is not None and (left := left - 1) == 0:
                return


@asynccontextmanager
async def _while_read() -> AsyncIterator[None]:
    """
    End the block when the reader of our output goes away, even while there is nothing to write.

    Raises:
        BrokenPipeError: When that happened.

    """
    output = sys.stdout.fileno()
    if not stat.S_ISFIFO(os.fstat(output).st_mode):
        yield
        return
    loop, task, hung_up = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()
    assert task is not None  # noqa: S101 - for the type checker: coroutines run in tasks

    def hang_up() -> None:
        loop.remove_reader(output)
        hung_up.set()
        task.cancel()

    loop.add_reader(output, hang_up)  # the writing end of a pipe is readable only when it is broken
    try:
        yield
    except asyncio.CancelledError:
        if hung_up.is_set() and task.uncancel() == 0:
            raise BrokenPipeError from None
        raise
    finally:
        loop.remove_reader(output)


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(harmless(line) + b"\n")
    sys.stdout.buffer.flush()
