"""The hub's side of one replica of the shared document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..doc.sync import Kind, Message, write
from .subscriber import MAX_BACKLOG, Link

if TYPE_CHECKING:
    from .shared import Shared


class Replica:
    """
    A replica at the other end of a link.

    One that does not keep up is sent nothing more; once its link has drained it gets what it lacks as one update.

    Args:
        link: Its connection.
        shared: The document.
        role: ``viewer``, ``editor`` or ``host``.
        person: The public id of whose it is.
        saved: Told how many more of its updates are on disk.

    """

    def __init__(
        self, link: Link, shared: Shared, *, role: str, person: str, saved: Callable[[int], None] = lambda count: None
    ) -> None:
        self.link = link
        self.role = role
        self.person = person
        self.saved = saved
        self._shared = shared
        self._state = b""
        self._behind = asyncio.Event()

    def start(self, messages: Sequence[bytes], state: bytes) -> None:
        """Send what starts or restarts it, whatever is queued; with that it is at the state vector `state`."""
        self.link.write(self.link.format.pack(messages))
        self._state = state

    def relay(self, packed: bytes, state: bytes) -> None:
        """Send packed messages that bring it to the state vector `state`, or fall behind; never waits."""
        if self._behind.is_set():
            return
        if self.link.backlog() > MAX_BACKLOG:
            self._behind.set()
            return
        self.link.write(packed)
        self._state = state

    async def take(self, message: Message) -> None:
        """
        Take a message of its link.

        Raises:
            RequestRefused: If its edit may not stand; it has to begin anew, from the hub's state.

        """
        if message.kind is Kind.STEP1:
            await self._shared.begin(self, message.payload)
        elif message.kind in (Kind.STEP2, Kind.UPDATE):
            await self._shared.take(self, message.payload)

    def end(self) -> None:
        """Be sent nothing more."""
        self._shared.end(self)

    async def run(self) -> None:
        """Catch up whenever it fell behind, until cancelled."""
        while True:
            await self._behind.wait()
            await self.link.drained()
            self._behind.clear()
            document = self._shared.document
            self.start([write(Kind.UPDATE, document.since(self._state))], document.state)
