"""The hub's side of one replica of the shared document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from ..doc.structure import BadStructure, apart
from ..doc.sync import Kind, Message, write
from ..errors import RequestRefused
from ..wire import Code, may
from .bucket import Bucket, turn
from .subscriber import MAX_BACKLOG, Link

if TYPE_CHECKING:
    from .shared import Shared

DEAR = 0.005
REST = 3.0
MOST_PARTS = 32


class Replica:
    """
    A replica at the other end of a link.

    One that does not keep up is sent nothing more; once its link has drained it gets what it lacks as one update. One
    that sends more than it may is read no faster: what is too much waits in its link, and none is lost.

    Args:
        link: Its connection.
        shared: The document.
        role: ``viewer``, ``editor`` or ``host``.
        person: The public id of whose it is.
        address: Where it connects from; empty where that is not told.
        bucket: What its link may edit; None for what the document lets each.
        saved: Told how many more of its updates are on disk.

    """

    def __init__(
        self,
        link: Link,
        shared: Shared,
        *,
        role: str,
        person: str,
        address: str = "",
        bucket: Bucket | None = None,
        saved: Callable[[int], None] = lambda count: None,
    ) -> None:
        self.link = link
        self.role = role
        self.person = person
        self.saved = saved
        self._shared = shared
        self._state = b""
        self._behind = asyncio.Event()
        self._clock = monotonic
        if bucket is None and shared.edit_rate is not None:
            bucket = Bucket(shared.edit_rate, self._clock())
        self._bucket = bucket
        self._address = address
        self._proven = False
        self._rest_until = 0.0

    def start(self, messages: Sequence[bytes], state: bytes) -> None:
        """Send what starts or restarts it, whatever is queued; with that it is at the state vector `state`."""
        self.link.write(self.link.format.pack(messages))
        self._state = state
        self._behind.clear()

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
        Take a message of its link, when it is its turn.

        Raises:
            RequestRefused: If its edit may not stand; it has to begin anew, from the hub's state.

        """
        await self._turn()
        if message.kind in (Kind.STEP1, Kind.ASK_AWARENESS):
            await self.link.drained()
        if message.kind is Kind.STEP1:
            await self._shared.level()
        else:
            await self._shared.open.wait()
        try:
            self._take(message)
        except RequestRefused as error:
            may_have_parts = message.kind is Kind.STEP2 and error.code == Code.FORBIDDEN and may(self.role, "editor")
            if not may_have_parts or not await self._keep_parts(message.payload):
                raise
            text = f"{error}; what else came with it was kept, as far as it can stand by itself"
            raise RequestRefused(text, code=error.code, path=error.path) from None

    def _take(self, message: Message) -> None:
        if message.kind is Kind.STEP1:
            with self._tiring():
                self._shared.begin(self, message.payload)
        elif message.kind in (Kind.STEP2, Kind.UPDATE):
            with self._tiring():
                self._proven |= self._shared.take(self, message.payload)

    async def _keep_parts(self, update: bytes) -> bool:
        """
        Keep what may stand of an update that may not; tell whether that is anything.

        A replica brings with its own edits those of others that a killed hub had passed on and not kept. Those who made
        them bring them too; until then nobody else may, where they are signed.
        """
        try:
            with self._tiring():
                parts = apart(update)
        except BadStructure:
            return False
        left = parts[:MOST_PARTS]
        for _ in range(2):  # one may build on another
            left = [part for part in left if not await self._keep(part)]
        return len(left) < len(parts[:MOST_PARTS])

    async def _keep(self, part: bytes) -> bool:
        await self._turn()
        await self._shared.open.wait()
        try:
            with self._tiring():
                self._shared.accept(self, part)
        except RequestRefused:
            return False
        return True

    async def _turn(self) -> None:
        if self._bucket is not None:
            await turn(self._bucket)
        while (rest := self._rest() - self._clock()) > 0:  # noqa: ASYNC110 - time itself
            await asyncio.sleep(rest)

    def _rest(self) -> float:
        """Give until when it rests: until an edit of its has stood, with all that come from where it comes from."""
        return self._rest_until if self._proven else max(self._rest_until, self._shared.rests.until(self._address))

    @contextmanager
    def _tiring(self) -> Iterator[None]:
        """Rest after what cost the hub time, as beginning and being refused do where the document is large."""
        began = self._clock()
        refused = True
        try:
            yield
            refused = False
        finally:
            now = self._clock()
            if now - began > DEAR:
                self._rest_until = max(self._rest_until, now + REST * (now - began))
                if refused and self._address:
                    self._proven = False
                    self._shared.rests.note(self._address, self._rest_until, now=now)

    def end(self) -> None:
        """Be sent nothing more."""
        self._shared.end(self)

    async def run(self) -> None:
        """Catch up whenever it fell behind, until cancelled."""
        while True:
            await self._behind.wait()
            await self.link.drained()
            await self._shared.level()
            if self._behind.is_set():
                document = self._shared.document
                self.start([write(Kind.UPDATE, document.since(self._state))], document.state)
