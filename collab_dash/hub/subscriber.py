"""The hub's side of one joined program."""

from __future__ import annotations

import asyncio
from time import monotonic
from typing import Any, Protocol

from ..people import colour_for
from ..store.log import Log
from ..wire import REQUEST_BURST, REQUESTS_PER_SECOND, SKIPPED, Skipped, encode_push
from .bucket import Bucket
from .fanout import Fanout, Format

MAX_BACKLOG = 1 << 20
REPLAY_PAGE = 1000
REPLAY_LIMIT = 100_000


class Link(Protocol):
    """One connection to a peer, as seen from here."""

    format: Format

    def write(self, data: bytes) -> None:
        """Write bytes made by `format`, now, whatever is queued; nothing happens on a closed link."""

    def push(self, payload: bytes) -> None:
        """Write one message."""

    def backlog(self) -> int:
        """Give the bytes that were written but not yet taken by the network."""

    async def drained(self) -> None:
        """Wait until the backlog is small, or the link is gone."""

    async def close(self, code: int, reason: str) -> None:
        """Close with a code of the protocol."""


class Subscriber:
    """
    One joined program.

    It starts behind, at `sent`, and is caught up from the log; once level it is live and gets each batch as it is
    delivered. When its link backs up it is behind again. Joining, falling behind and coming back are one and the same
    path, so there is one place where a gap or a duplicate could arise: the moment between the last page and live,
    which holds no await.

    Args:
        link: The connection.
        fanout: Where batches come from.
        log: Where the past is.
        client: Its id in this session.
        name: What others call it.
        person: The public id of whoever sits there.
        color: The name of the colour they are drawn in.
        role: ``viewer``, ``editor`` or ``host``.
        feeds: Feeds it wants, None for all.
        sent: The offset it has everything up to.
        edit_rate: How many edits a second it may send or ask for in the long run; None for any number.

    Attributes:
        requests: What it may ask.
        edits: What it may edit, by its replica and by request.

    """

    def __init__(
        self,
        link: Link,
        fanout: Fanout,
        log: Log,
        *,
        client: str,
        name: str,
        role: str,
        feeds: frozenset[str] | None,
        sent: int,
        person: str = "",
        color: str = "",
        edit_rate: float | None = None,
    ) -> None:
        self.link = link
        self.client = client
        self.name = name
        self.role = role
        self.person = person or client
        self.color = colour_for(color, self.person)
        self.feeds = feeds
        self.sent = sent
        self.skipped = 0
        self.requests = Bucket(REQUESTS_PER_SECOND, monotonic(), burst=REQUEST_BURST / REQUESTS_PER_SECOND)
        self.edits = None if edit_rate is None else Bucket(edit_rate, monotonic())
        self._fanout = fanout
        self._log = log
        self._live = False
        self._behind = asyncio.Event()

    @property
    def format(self) -> Format:
        """How its link wants events wrapped."""
        return self.link.format

    @property
    def live(self) -> bool:
        """Whether it gets each batch as it is delivered."""
        return self._live

    def push(self, event: str, data: Any, *, lasting: bool = False) -> bool:
        """Send it what is no event; dropped (false) while it is behind, unless `lasting`: no newer news will follow."""
        if not lasting and self.link.backlog() > MAX_BACKLOG:
            return False
        self.link.push(encode_push(event, data))
        return True

    def offer(self, last: int | None, wrapped: bytes) -> None:
        """Take a batch that ends at offset `last` (None: not recorded), or fall behind; never waits."""
        if not self._live:
            return
        if self.link.backlog() > MAX_BACKLOG:
            self._live = False
            self._behind.set()
            return
        if wrapped:
            self.link.write(wrapped)
        if last is not None:
            self.sent = last

    def want(self, feeds: frozenset[str] | None) -> None:
        """Receive other feeds from now on."""
        self._fanout.discard(self)
        self.feeds = feeds
        self._fanout.add(self)

    async def run(self) -> None:
        """Receive until cancelled."""
        self._fanout.add(self)
        try:
            while True:
                await self._catch_up()
                await self._behind.wait()
                self._behind.clear()
        finally:
            self._fanout.discard(self)

    async def _catch_up(self) -> None:
        await self.link.drained()
        if self._fanout.last - self.sent > REPLAY_LIMIT:
            self._skip_to(self._fanout.last - REPLAY_PAGE)
        while self.sent < self._fanout.last:
            page = await self._log.read(
                after=self.sent, upto=self._fanout.last, limit=REPLAY_PAGE, feeds=_listed(self.feeds)
            )
            if page.events:
                self.link.write(self.format.wrap(page.events))
            self.sent = page.last
            await self.link.drained()
        self._live = True

    def _skip_to(self, offset: int) -> None:
        self.link.push(encode_push(SKIPPED, Skipped(first=self.sent + 1, last=offset)))
        self.skipped += offset - self.sent
        self.sent = offset


def _listed(feeds: frozenset[str] | None) -> list[str] | None:
    return None if feeds is None else sorted(feeds)
