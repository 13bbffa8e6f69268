"""A real hub for tests: a log on disk, a port of the system's choosing, in this process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from collab_dash.announcement import Announcement
from collab_dash.config import Workspace, load_workspace
from collab_dash.event import Event
from collab_dash.peer.session import Events, Lost, Session, Update, join
from collab_dash.server.process import Address, Terms, serve


def workspace_at(folder: Path, text: str = "") -> Workspace:
    """Write a workspace file and load it."""
    file = folder / "collab.toml"
    file.write_text(text or '[session]\nname = "test"\n')
    return load_workspace(file)


@asynccontextmanager
async def hub_of(
    workspace: Workspace, terms: Terms | None = None, *, address: Address | None = None
) -> AsyncIterator[Announcement]:
    """Serve a workspace for as long as the block runs, as `collab-dash serve` does."""
    ready: asyncio.Future[Announcement] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(workspace, address or Address(port=0), terms or Terms(), ready=ready.set_result)
    )
    await asyncio.wait((serving, ready), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        await serving
    try:
        yield await ready
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def stop(announcement: Announcement) -> None:
    """End a hub in order, as SIGTERM does."""
    async with join(link(announcement)) as session:
        signal.raise_signal(signal.SIGTERM)
        await until(session, lambda update: isinstance(update, Lost))


def link(announcement: Announcement, role: str = "host") -> str:
    """Give the link for a role."""
    return f"{announcement.url}/#{getattr(announcement, role)}"


async def until(session: Session, wanted: Callable[[Update], bool]) -> Update:
    """Read updates until one is as wanted."""
    async for update in session:
        if wanted(update):
            return update
    raise AssertionError("the session ended")


async def take_events(session: Session, count: int) -> list[Event]:
    """Read updates until `count` events have come."""
    events: list[Event] = []
    async for update in session:
        if isinstance(update, Events):
            events += update.events
            if len(events) >= count:
                return events
    raise AssertionError("the session ended")


async def publish(session: Session, number: int, feed: str = "pub") -> Any:
    """Publish one event that carries a number."""
    return await session.request("feed:publish", {"feed": feed, "type": "test:tick", "data": {"n": number}})
