"""Where ``tail`` takes its events from: a recording, or a session it joins."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import click
import msgspec

from ..event import Event
from ..workspace_location import Location
from .past import AskedPast, Past, RecordedPast
from .wanted import Wanted

_decode = msgspec.json.Decoder(Event).decode
_encode = msgspec.json.Encoder().encode


async def lines_of(target: str | Location | Path, wanted: Wanted, *, follow: bool) -> AsyncGenerator[bytes]:
    """
    Give the events asked for as JSON, oldest first.

    Args:
        target: A link, a workspace's location, or a database file.
        wanted: Which events.
        follow: Whether to go on with what happens from now on.

    """
    link = await _link(target, follow=follow)
    if link is not None and follow:
        source = _followed(link, wanted)
    else:
        source = _recorded(target.db if isinstance(target, Location) else target, wanted)
    async with aclosing(source):
        async for line in source:
            yield line


async def _link(target: str | Location | Path, *, follow: bool) -> str | None:
    """Give the link to join; None to read the recording instead."""
    if isinstance(target, str):
        return target
    if not follow:
        return None
    from .targets import hub_of, link_of

    if isinstance(target, Location):
        return await link_of(target)
    announcement = await hub_of(target)
    if announcement is None:
        click.echo(f"collab-dash: no hub records to {target}; this is all there is", err=True)
        return None
    return f"{announcement.url}/#{announcement.host}"


async def _followed(link: str, wanted: Wanted) -> AsyncGenerator[bytes]:
    """Give what happens from now on, and before that, where asked for, what happened since."""
    from ..identity import load_identity
    from ..peer.session import Events, join
    from ..wire import FeedStatus, SessionStatus, Skipped
    from .asking import Narration, tell_waiting

    accepts, narration, since, unknown = wanted.acceptance(), Narration(), None, set(wanted.feeds)
    if wanted.since is not None:
        async with _past_of(link, wanted) as past:
            since = await _start(past, wanted)
    me = load_identity().secret
    async with join(link, feeds=wanted.feeds or ("*",), since=since, person=me, waiting=tell_waiting) as session:
        async for update in session:
            narration.hear(update)
            if isinstance(update, FeedStatus):
                unknown.discard(update.feed)
            elif isinstance(update, SessionStatus) and unknown:
                names = ", ".join(sorted(unknown))
                click.echo(
                    f"collab-dash: no feed here is called {names}; waiting for what is published to it", err=True
                )
                unknown.clear()
            elif isinstance(update, Events):
                for event in filter(accepts, update.events):
                    yield _encode(event)
            elif isinstance(update, Skipped):
                async with _past_of(link, wanted, last=update.last) as past:
                    async for line in _forward(past, update.first - 1, wanted):
                        yield line


def _narrate_unknown(feeds: list[str]) -> None:
    told = f"collab-dash: no feed here is called {', '.join(feeds)}; waiting for what is published to it"
    click.echo(told, err=True)


async def _recorded(source: str | Path, wanted: Wanted) -> AsyncGenerator[bytes]:
    """Give what is recorded; with a limit and no beginning, the latest."""
    async with _past_of(source, wanted) as past:
        if wanted.since is None and wanted.limit is not None:
            for line in await _latest(past, wanted, wanted.limit):
                yield line
        else:
            async for line in _forward(past, await _start(past, wanted), wanted):
                yield line


@asynccontextmanager
async def _past_of(source: str | Path, wanted: Wanted, *, last: int | None = None) -> AsyncIterator[Past]:
    """Open the past of a link or of a database file."""
    if isinstance(source, str):
        from .asking import asking

        async with asking(source) as asked:
            yield AskedPast(asked, wanted, last=last)
        return
    from ..store.log import read_log

    log = await read_log(source)
    try:
        yield RecordedPast(log, wanted)
    finally:
        await log.close()


async def _start(past: Past, wanted: Wanted) -> int:
    if wanted.since is None:
        return 0
    return wanted.since.offset if wanted.since.time is None else await past.offset_at(wanted.since.time)


async def _forward(past: Past, after: int, wanted: Wanted) -> AsyncGenerator[bytes]:
    more = after < past.last
    while more:
        lines, after, more = await past.forward(after)
        for line in _chosen(lines, wanted):
            yield line


async def _latest(past: Past, wanted: Wanted, count: int) -> list[bytes]:
    kept: list[bytes] = []
    before, more = past.last + 1, True
    while more and len(kept) < count:
        lines, before, more = await past.backward(before)
        kept = _chosen(lines, wanted) + kept
    return kept[-count:]


def _chosen(lines: list[bytes], wanted: Wanted) -> list[bytes]:
    where = wanted.where
    return lines if where is None else [line for line in lines if where(_decode(line))]
