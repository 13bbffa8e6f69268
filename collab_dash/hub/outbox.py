"""Updates of the shared document on their way: to the disk, and then to everybody who syncs."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Collection
from contextlib import suppress
from typing import NamedTuple

from ..doc.sync import Kind, write
from ..errors import LogUnavailable, RequestRefused
from ..store.docs import Updates
from ..wire import Code
from .fanout import Format
from .replica import Replica

RETRY_WRITE = 1.0

_log = logging.getLogger("collab_dash.hub")


class Accepted(NamedTuple):
    """An update that passed the gate; `author` is None for the hub's own, `update` empty where it was no news."""

    update: bytes
    author: Replica | None


class Outbox:
    """
    What was accepted and is not yet with everybody, in one order for all.

    While the disk refuses, updates are relayed all the same, and acknowledged once it takes them.

    Args:
        updates: Where they are kept.
        replicas: Everybody who syncs.

    Attributes:
        unsaved: How many bytes wait for the disk.
        level: Set while nothing waits to be relayed.
        open: Set while replicas may add to it: not while somebody waits for it to be level.

    """

    def __init__(self, updates: Updates, replicas: Collection[Replica]) -> None:
        self.unsaved = 0
        self.level = asyncio.Event()
        self.level.set()
        self.open = asyncio.Event()
        self.open.set()
        self._updates = updates
        self._replicas = replicas
        self._accepted: deque[Accepted] = deque()
        self._unkept: list[Accepted] = []
        self._try_again = 0.0
        self._wake = asyncio.Event()
        self._put = 0
        self._passed = 0
        self._pass = asyncio.Event()
        self._over = False
        self._holding = 0

    @property
    def empty(self) -> bool:
        """Whether everything is on disk and relayed."""
        return not (self._accepted or self._unkept)

    def put(self, accepted: Accepted) -> None:
        """Take an update."""
        self._accepted.append(accepted)
        self._put += 1
        self.unsaved += len(accepted.update)
        if not self._over:
            self.level.clear()
        self._wake.set()

    async def hold_until_level(self) -> None:
        """Wait until nothing waits to be relayed, and let replicas add nothing meanwhile."""
        self._holding += 1
        self.open.clear()
        try:
            while not self.level.is_set():  # others wake first, and may edit by request
                await self.level.wait()
        finally:
            self._holding -= 1
            if not self._holding:
                self.open.set()

    async def filled(self) -> None:
        """Wait until there is something to pass on, or to try again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(RETRY_WRITE if self._unkept else None):
                await self._wake.wait()
        self._wake.clear()

    async def pass_on(self, state: bytes) -> None:
        """Save and relay what was accepted; with it a replica is at the state vector `state`."""
        batch = list(self._accepted)
        self._accepted.clear()
        self._unkept += batch
        await self._save()
        self._relay(batch, state)
        self._passed += len(batch)
        self._pass.set()
        self._pass = asyncio.Event()
        if not self._accepted:
            self.level.set()

    async def passed_on(self) -> None:
        """
        Wait until what was put so far is passed on, whatever is put meanwhile.

        Raises:
            RequestRefused: If that will not be: the hub ends, or its database was replaced.

        """
        last = self._put
        while self._passed < last:
            if self._over:
                message = "the hub ends, or its database was replaced; this edit may be lost"
                raise RequestRefused(message, code=Code.UNAVAILABLE, retry=True)
            await self._pass.wait()

    def end(self) -> None:
        """Pass on nothing more; whoever waits for that waits no longer."""
        self._over = True
        self._pass.set()
        self.level.set()

    async def _save(self) -> None:
        """Append what is not on disk yet, and acknowledge it; nothing happens if the disk refuses."""
        clock = asyncio.get_running_loop().time
        if clock() < self._try_again:
            return
        updates = [accepted.update for accepted in self._unkept if accepted.update]
        try:
            if updates:
                await self._updates.append(updates)
        except LogUnavailable as error:
            if not self._try_again:
                _log.warning("edits of the shared document are not kept just now: %s", error)
            self._try_again = clock() + RETRY_WRITE
            return
        if self._try_again:
            _log.info("edits of the shared document are kept again")
            self._try_again = 0.0
        self.unsaved -= sum(map(len, updates))
        for author, count in Counter(accepted.author for accepted in self._unkept).items():
            if author is not None and author in self._replicas:
                author.saved(count)
        self._unkept.clear()

    def _relay(self, batch: list[Accepted], state: bytes) -> None:
        """Send updates on, which bring all to a state vector; to one who made them all, nothing."""
        messages = [write(Kind.UPDATE, accepted.update) for accepted in batch if accepted.update]
        if not messages:
            return
        authors = {accepted.author for accepted in batch}
        only = next(iter(authors)) if len(authors) == 1 else None
        packed: dict[Format, bytes] = {}
        for replica in tuple(self._replicas):
            if replica is not only:
                format_ = replica.link.format
                if format_ not in packed:
                    packed[format_] = format_.pack(messages)
                replica.relay(packed[format_], state)
