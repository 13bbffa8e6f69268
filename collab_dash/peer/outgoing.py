"""What a replica has to say to the hub, and what of it the hub has not said it keeps."""

from __future__ import annotations

import asyncio
from collections import deque

import pycrdt

from ..doc.sync import Kind, write
from .carrier import Wire


class Outgoing:
    """
    Our edits on their way: each waits until it is sent, and then until the hub says that it is kept.

    While the link is down, and until the hub has said what it lacks, edits are only counted: they go out together, as
    the update that the hub lacks. From then on those of one turn of the loop go out as one.

    Args:
        wire: What carries messages.

    Attributes:
        kept: How many edits the hub has said it keeps, all in all.

    """

    def __init__(self, wire: Wire) -> None:
        self.kept = 0
        self._wire = wire
        self._open = False
        self._waiting = 0
        self._sent: deque[int] = deque()
        self._edits: list[bytes] = []
        self._messages: list[bytes] = []
        self._wake = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many edits are not even sent."""
        return self._waiting

    @property
    def unshared(self) -> int:
        """How many edits the hub has not said it keeps."""
        return self._waiting + sum(self._sent)

    def edited(self, update: bytes) -> None:
        """Take an edit."""
        self._waiting += 1
        if self._open:
            self._edits.append(update)
            self._wake.set()

    def begin(self, state: bytes) -> None:
        """Tell the hub what we have, by a state vector."""
        self._messages = [write(Kind.STEP1, state)]
        self._wake.set()

    def answer(self, lacking: bytes) -> None:
        """Send what the hub lacks, in which every edit is that waits."""
        self._messages.append(write(Kind.STEP2, lacking))
        self._sent.append(self._waiting)
        self._waiting = 0
        self._wake.set()

    def open(self) -> None:
        """Send each edit from now on."""
        self._open = True

    def saved(self, updates: int) -> None:
        """Hear that so many more of our updates are kept."""
        for _ in range(min(updates, len(self._sent))):
            self.kept += self._sent.popleft()

    def unlink(self) -> None:
        """Have all that is not kept wait for another link."""
        self._open = False
        self._waiting += sum(self._sent)
        self._sent.clear()
        self._edits.clear()
        self._messages.clear()

    def forget(self) -> None:
        """Let go of all that is not kept."""
        self.unlink()
        self._waiting = 0

    async def run(self) -> None:
        """Send what is to be sent, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            messages, self._messages = self._messages, []
            if self._edits:
                messages.append(write(Kind.UPDATE, self._gathered()))
            for message in messages:
                await self._wire.send_message(message)

    def _gathered(self) -> bytes:
        """Give our edits since the last frame as one update."""
        updates, self._edits = self._edits, []
        self._sent.append(len(updates))
        self._waiting -= len(updates)
        return updates[0] if len(updates) == 1 else pycrdt.merge_updates(*updates)
