"""Find the hub of a workspace on this machine, or start one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from ..announcement import Announcement, announced, hub_log, left_behind
from ..errors import HubError, SessionError
from ..identity import Identity
from ..wire import STOP
from ..workspace_location import Location
from .hub_process import last_words, reap, spawn
from .session import Session, join

START_TIMEOUT = 15.0
LOOK_EVERY = 0.02
GIVE_WAY_TIMEOUT = 5.0


class Found(NamedTuple):
    """
    A hub that answers.

    Args:
        announcement: What it says of itself.
        started: Whether it was started just now.

    """

    announcement: Announcement
    started: bool

    def link(self, role: str = "host") -> str:
        """Give the link for a role; an empty token where the hub gives none."""
        return f"{self.announcement.url}/#{getattr(self.announcement, role)}"


async def find(location: Location) -> Announcement | None:
    """
    Give what the hub of a workspace announced, None if there is none or it does not answer.

    Raises:
        HubError: If the hub that records to this database runs another workspace.

    """
    reap()
    announcement = announced(location.db)
    if announcement is None or not await _answers(announcement):
        return None
    if announcement.workspace != location.identity:
        if await _gave_way(announcement):
            return None
        raise HubError(
            f"the hub that records to {location.db} runs {announcement.workspace}, not {location.identity}",
            hint="end it with: collab-dash stop, or work in another folder",
        )
    return announcement


async def find_or_start(location: Location, *, stdin: int | None = None, approve: bool = False) -> Found:
    """
    Find the hub of a workspace, or start one that ends soon after its last peer has left.

    Args:
        location: The workspace.
        stdin: A file descriptor to hand to a new hub as its standard input, None for none.
        approve: Whether newcomers shall wait until a host lets them in.

    Raises:
        HubError: If no hub could be started; the message is the hub's own. Or if one runs that lets everybody in.

    """
    announcement = await find(location)
    if announcement and approve and not announcement.approve and await _gave_way(announcement):
        announcement = None
    killed = left_behind(location.db)
    asking = approve or (killed is not None and killed.approve)  # one that was killed lets nobody in by that
    found = Found(announcement, started=False) if announcement else await _start(location, stdin, approve=asking)
    if approve and not found.announcement.approve:
        raise HubError(
            f"the hub of {location.identity} runs already, and lets everybody in who has a link",
            hint="end it with: collab-dash stop, and open the board again with --approve",
        )
    return found


@asynccontextmanager
async def open_session(
    location: Location, you: Identity, *, stdin: int | None = None, approve: bool = False
) -> AsyncIterator[Session]:
    """
    Join the session of a workspace, whose hub is started where none runs, now and whenever it is gone.

    Args:
        location: The workspace.
        you: Who we are.
        stdin: A file descriptor to hand to a new hub as its standard input, None for none.
        approve: Whether newcomers shall wait until a host lets them in.

    Raises:
        HubError: If no hub could be started, or one runs that lets everybody in.
        JoinRefused: If the hub refused us.

    """
    if stdin is not None and (running := await find(location)) is not None and not await _gave_way(running):
        raise HubError(
            f"something else is already piped in and watched in {location.folder}",
            hint="watch this in another folder, or end that session with: collab-dash stop",
        )
    where = relocate(location, stdin=stdin, approve=approve)
    async with join(locate=where, name=you.name, person=you.secret, color=you.color) as session:
        yield session


def relocate(location: Location, *, stdin: int | None = None, approve: bool = False) -> Callable[[], Awaitable[str]]:
    """Give a function for `join`'s `locate`: wherever the hub of this workspace is now, started if it is gone."""

    async def locate() -> str:
        return (await find_or_start(location, stdin=stdin, approve=approve)).link()

    return locate


async def _gave_way(announcement: Announcement) -> bool:
    """Ask a hub to end if nobody is there and it is only waiting to end by itself; tell whether it has."""
    try:
        async with join(f"{announcement.url}/#{announcement.host}", feeds=()) as session:
            await session.request(STOP, {"idle": True})
        async with asyncio.timeout(GIVE_WAY_TIMEOUT):
            while announced(Path(announcement.db)) == announcement:
                await asyncio.sleep(LOOK_EVERY)
                reap()
    except (SessionError, HubError, TimeoutError):
        return False
    return True


async def _answers(announcement: Announcement) -> bool:
    host, _, port = announcement.url.partition("://")[2].rpartition(":")
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, TimeoutError, ValueError):
        return False
    writer.close()
    return True


async def _start(location: Location, stdin: int | None, *, approve: bool) -> Found:
    """
    Start a hub and wait until it answers.

    Where two screens start one at the same moment, the database's lock lets one hub live, and both join it.
    """
    log = hub_log(location.db)
    process = await asyncio.to_thread(spawn, location, stdin, approve=approve)
    try:
        async with asyncio.timeout(START_TIMEOUT):
            while (announcement := await find(location)) is None:
                if process.poll() is not None:
                    if "already records" not in (said := last_words(log)).what:
                        raise HubError(said.what, hint=said.hint or f"its log: {log}")
                    process = await asyncio.to_thread(spawn, location, stdin, approve=approve)  # that hub may be ending
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        raise HubError(f"the hub was not ready within {START_TIMEOUT:g} s", hint=f"its log: {log}") from None
    return Found(announcement, started=True)
