"""Peers that know where everybody looks, on a real hub."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from collab_dash.glance import Glance
from collab_dash.peer.awareness import Awareness
from collab_dash.peer.session import Session, join
from collab_dash.wire import Brought, Person


class Attendant(NamedTuple):
    """A joined peer that looks somewhere, and knows where others do."""

    session: Session
    awareness: Awareness
    brought: list[Brought]
    changed: asyncio.Condition

    def say(self, **glance: Any) -> None:
        """Tell others where we look."""
        self.awareness.say(Glance(**glance))

    async def until(self, condition: Callable[[list[Person]], bool]) -> list[Person]:
        """Wait until a condition on the people holds; it is asked upon each change."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: condition(self.awareness.people))
        return self.awareness.people

    async def sees(self, *names: str) -> list[Person]:
        """Wait until those are here, in that order."""
        return await self.until(lambda people: [person.name for person in people] == list(names))

    def break_off(self) -> None:
        """Let the link break, as a network does."""
        assert self.session._socket is not None
        self.session._socket.transport.abort()


@asynccontextmanager
async def attending(link: str, name: str, *, person: str = "") -> AsyncIterator[Attendant]:
    """Join, and know of oneself at least before the block begins."""
    async with join(link, name=name, person=person or f"of-{name}", feeds=()) as session:
        peer = Attendant(session, Awareness(session), [], asyncio.Condition())
        session.attend(peer.awareness)

        async def read() -> None:
            async for update in session:
                if isinstance(update, Brought):
                    peer.brought.append(update)
                async with peer.changed:
                    peer.changed.notify_all()

        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(peer.awareness.run()), tasks.create_task(read())]
            try:
                await peer.until(lambda people: session.welcome.client in [person.client for person in people])
                yield peer
            finally:
                for task in running:
                    task.cancel()
