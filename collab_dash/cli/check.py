"""A dry run of one feed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import click

from ..errors import FeedBroken
from ..event import Event, encode, record_or_reject, unix_ms
from ..feed import Feed, FeedContext
from . import render


async def dry_run(feed: Feed[Any], name: str, folder: Path, *, limit: int, timeout: float) -> None:
    """
    Connect a feed once and print its first events, recording nothing.

    Args:
        feed: The configured feed.
        name: Its name.
        folder: The workspace's folder.
        limit: Stop after so many events.
        timeout: Stop after so many seconds.

    Raises:
        FeedBroken: If it could not connect, or gave nothing in time.
        FeedFailed: If it cannot work until somebody changes something.

    """
    last = ""

    def note(text: str) -> None:
        nonlocal last
        if text != last:
            click.echo(f"{name}: {text}", err=True)
        last = text

    context = FeedContext(name=name, folder=folder, environ=dict(os.environ), note=note)
    seen = 0
    try:
        async with asyncio.timeout(timeout):
            async with aclosing(cast("AsyncGenerator[Event, None]", feed.events(context))) as events:
                async for event in events:
                    entry = record_or_reject(event, feed=name, received=unix_ms())
                    click.echo(render.harmless(encode(None, entry)))
                    seen += 1
                    if seen == limit:
                        break
    except TimeoutError:
        if not seen:
            raise _silent(timeout) from None
    if not seen:
        raise FeedBroken("it ended without an event", hint="is there anything in the source?")
    click.echo(f"collab-dash: {name} works: {seen} event{'s' * (seen != 1)}, nothing was recorded", err=True)


def _silent(timeout: float) -> FeedBroken:
    return FeedBroken(
        f"no event within {timeout:g} s",
        hint="give it longer with --timeout; some sources are rightly quiet",
    )
