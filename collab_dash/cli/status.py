"""What ``status`` shows of a running hub."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

import click
import msgspec

from ..announcement import Announcement
from ..board import Board
from ..peer.session import People, join
from ..people import distinct_names
from ..places import titles
from ..wire import BOARD, FEED_STATUS, FeedStatus, Person, SessionStatus
from . import render

PATIENCE = 3.0


class Seen(NamedTuple):
    """What a hub said of itself within a moment; `session` is None if it did not say in time."""

    name: str
    feeds: list[FeedStatus]
    session: SessionStatus | None
    people: list[Person]
    board: Board


async def look(announcement: Announcement) -> Seen:
    """
    Join a hub, unseen, for as long as it takes to learn how it is.

    Raises:
        SessionError: If it does not let us in.

    """
    status, people = None, None
    async with join(f"{announcement.url}/#{announcement.host}", feeds=()) as session:
        feeds = msgspec.json.decode(await session.request(FEED_STATUS, {}), type=list[FeedStatus])
        try:
            async with asyncio.timeout(PATIENCE):
                async for update in session:
                    if isinstance(update, People):
                        people = update.people
                    elif isinstance(update, SessionStatus):
                        status = update
                    if status is not None and people is not None:
                        break
        except TimeoutError:
            pass
        board = msgspec.json.decode(await session.request(BOARD), type=Board)
        return Seen(session.welcome.session, feeds, status, people or [], board)


def write_json(announcement: Announcement, seen: Seen) -> None:
    """Write everything as one JSON object; no tokens."""
    body = {
        "running": True,
        "session": seen.name,
        "url": announcement.url,
        "pid": announcement.pid,
        "db": announcement.db,
        "workspace": announcement.workspace,
        "epoch": announcement.epoch,
        "version": announcement.version,
        "protocol": announcement.protocol,
        "status": seen.session,
        "feeds": seen.feeds,
        "peers": seen.people,
    }
    click.echo(msgspec.json.encode(body).decode())


def write_text(announcement: Announcement, seen: Seen) -> None:
    """Write everything for people; no tokens."""
    now = time.time_ns() // 1_000_000
    click.echo(f"{render.clean(seen.name)}  {announcement.url}  pid {announcement.pid}")
    click.echo(f"records to {announcement.db}")
    if seen.session is not None:
        click.echo(_figures(seen.session))
    click.echo()
    for line in render.table((_feed(feed, now) for feed in seen.feeds), _FEED_HEADS):
        click.echo(line)
    if seen.people:
        click.echo()
        names = distinct_names(person.name for person in seen.people)
        rows = (
            (name, who.role, *titles(seen.board, who.page, who.pane))
            for name, who in zip(names, seen.people, strict=True)
        )
        for line in render.table(rows, ("PEER", "ROLE", "PAGE", "PANE")):
            click.echo(line)


_FEED_HEADS = ("FEED", "PLUGIN", "TRANSPORT", "STATE", "EVENTS", "RATE", "LAST", "NOTE")


def _figures(status: SessionStatus) -> str:
    figures = f"{status.offset:,} events, {status.rate:.1f}/s in, {render.size(status.db_bytes)}"
    if status.recording.state != "on":
        figures += f", recording {status.recording.state}: {status.recording.reason}"
    return figures + (f", reachable from other machines at {status.exposed}" if status.exposed else "")


def _feed(feed: FeedStatus, now: int) -> tuple[object, ...]:
    note = feed.reason or feed.fallback or feed.note
    if feed.hint:
        note += f" ({feed.hint})"
    if feed.left_out:
        note += f"{'; ' if note else ''}{feed.left_out:,} left out"
    rate = f"{feed.rate:.1f}/s"
    last = render.ago(feed.last_event, now)
    return (feed.feed, feed.plugin, feed.transport, feed.state, feed.events, rate, last, note)
