"""Peers that share a document, each with a replica of its own, on a real hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from collab_dash.config import Workspace
from collab_dash.peer.replica import Replica
from collab_dash.peer.session import Session, join
from hubs import workspace_at

_ONE_PANE = """
[session]
name = "test"
[feeds.demo]
use = "demo"
[[pages]]
title = "First"
[[pages.panes]]
feed = "demo"
title = "One"
"""


class Peer(NamedTuple):
    """A joined peer with its replica."""

    session: Session
    replica: Replica

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on the replica holds; it is asked upon each change."""
        changed = asyncio.Event()

        def tell(_: object) -> None:
            changed.set()

        self.replica.watchers.append(tell)
        try:
            async with asyncio.timeout(10):
                while not condition():
                    await changed.wait()
                    changed.clear()
        finally:
            self.replica.watchers.remove(tell)

    async def shared(self) -> None:
        """Wait until the hub has kept every edit."""
        await self.until(lambda: self.replica.unshared == 0)


def one_pane_at(folder: Path, *, title: str = "One") -> Workspace:
    """Write a workspace of one page with one pane, and load it."""
    return workspace_at(folder, _ONE_PANE.replace("One", title))


@asynccontextmanager
async def sharing(link: str, name: str = "ana") -> AsyncIterator[Peer]:
    """Join with a replica, and have the document before the block begins."""
    async with join(link, name=name, feeds=()) as session:
        replica = Replica(session)
        session.share(replica)
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(replica.run()), tasks.create_task(_drain(session))]
            try:
                async with asyncio.timeout(10):
                    await replica.ready.wait()
                yield Peer(session, replica)
            finally:
                for task in running:
                    task.cancel()


async def _drain(session: Session) -> None:
    async for _ in session:
        pass
