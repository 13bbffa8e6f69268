"""The hub's document: what stands in it has passed the gate, is on disk, and is with everybody who syncs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from weakref import WeakSet

from ..board import Board
from ..doc.document import BadUpdate, Changed, Document
from ..doc.sync import Kind, write
from ..errors import LogUnavailable, RequestRefused
from ..rules import Rule
from ..store.docs import Updates
from ..wire import Code, may
from .guarded import Guarded
from .outbox import Accepted, Outbox
from .replica import Replica
from .rests import Rests
from .subscriber import Link

MAX_UNSAVED_BYTES = 4 << 20
HOLD = 0.002

_log = logging.getLogger("collab_dash.hub")


class Shared:
    """
    The session's document, and everybody who syncs with it.

    Every update is checked and merged when it comes, appended to the log's database, and only then relayed and
    acknowledged, in one order for all. While the disk refuses, edits go on and are acknowledged once it takes them.

    Args:
        updates: Where it is kept.
        document: What was kept.
        edit_rate: How many messages a second a replica may send in the long run; None for any number.
        trouble: Why it must not be written, for a person; empty when all is well.

    Attributes:
        watchers: Told which entries changed, after each update and edit.
        ended: Set when another document takes this one's place.
        rests: Which addresses have to rest.
        open: Set while replicas may change it: not while one is about to begin.

    """

    def __init__(
        self, updates: Updates, document: Document, *, edit_rate: float | None = None, trouble: str = ""
    ) -> None:
        self.edit_rate = edit_rate
        self.trouble = trouble
        self.rests = Rests()
        self.ended = asyncio.Event()
        self.watchers: list[Callable[[Changed], None]] = []
        self._updates = updates
        self._guarded = Guarded(document)
        self._replicas: set[Replica] = set()
        self._cut: WeakSet[Link] = WeakSet()
        self._outbox = Outbox(updates, self._replicas)
        self.open = self._outbox.open

    @property
    def document(self) -> Document:
        """The document as it is now; look again after each await, for it may be another one then."""
        return self._guarded.document

    @property
    def epoch(self) -> str:
        """Which document; empty where there is none to share."""
        return "" if self.trouble else self.document.meta.epoch

    def board(self, like: Board) -> Board:
        """Give the board as people have it now."""
        return like if self.trouble else self.document.board(like)

    def rules(self, like: Sequence[Rule]) -> Sequence[Rule]:
        """Give the rules as people have them now."""
        return like if self.trouble else self.document.rules

    # Those who sync

    async def level(self) -> None:
        """Wait until nothing is here that is not on disk, unless the disk refuses; nobody edits meanwhile."""
        await self._outbox.hold_until_level()

    def begin(self, replica: Replica, state: bytes) -> None:
        """
        Let a replica have what it lacks, ask for what we lack, and relay to it from now on.

        Args:
            replica: Whose.
            state: Its state vector.

        Raises:
            RequestRefused: If that is not one, or there is no document to share.

        """
        self._check_well()
        if replica.link in self._cut:
            return
        try:
            lacking = self.document.since(state)
        except BadUpdate as error:
            raise RequestRefused(str(error), code=Code.INVALID_PAYLOAD) from None
        own = self.document.state
        self._replicas.add(replica)
        replica.start([write(Kind.STEP2, lacking), write(Kind.STEP1, own)], own)

    def end(self, replica: Replica) -> None:
        """Relay nothing more to a replica."""
        self._replicas.discard(replica)

    def cut(self, link: Link) -> None:
        """Hear nothing more of whoever is at a link that is to close, and relay nothing more to it."""
        self._cut.add(link)
        for replica in [replica for replica in self._replicas if replica.link is link]:
            self.end(replica)

    def take(self, replica: Replica, update: bytes) -> bool:
        """
        Merge what a replica sends, and tell whether something of it is news.

        One that was refused, or never began, is not heard until it begins (again).

        Raises:
            RequestRefused: If it may not stand; the replica has to begin anew.

        """
        if replica not in self._replicas:
            return False
        try:
            return self.accept(replica, update)
        except RequestRefused:
            self.end(replica)
            raise

    def accept(self, author: Replica, update: bytes) -> bool:
        """
        Merge an update if it may stand; tell whether something of it is news.

        Raises:
            RequestRefused: If it may not; then nothing has changed.

        """
        self._check_well()
        if not may(author.role, "editor"):
            raise RequestRefused("a viewer's link changes nothing", code=Code.FORBIDDEN)
        if author.link in self._cut:
            raise RequestRefused("this link is to close", code=Code.FORBIDDEN)
        self._check_room(update)
        news = self._guarded.merge(update, role=author.role, person=author.person)
        self._settle(news, author)
        return bool(news)

    @contextmanager
    def edit(self, *, role: str = "", person: str = "", adds_to: str = "") -> Iterator[Document]:
        """
        Let the block's edits be the hub's own or, with a role, somebody's who asked for them: then they pass the gate.

        Args:
            role: Theirs.
            person: Their public id.
            adds_to: The root that gets one more entry; empty for none.

        Raises:
            RequestRefused: If they may not stand, or there is no document to share; then nothing has changed.

        """
        self._check_well()
        if role:
            self._check_room(b"")
        with self._guarded.edit(role=role, person=person, adds_to=adds_to) as document:
            yield document
        self._settle(self.document.news(), None)

    def _settle(self, news: bytes, author: Replica | None) -> None:
        changed = self._guarded.settle(news)
        self._outbox.put(Accepted(news, author))
        if changed:
            _tell(self.watchers, changed)

    def _check_well(self) -> None:
        if self.trouble:
            raise RequestRefused(self.trouble, code=Code.UNAVAILABLE)

    def _check_room(self, update: bytes) -> None:
        self._guarded.check_size(update)
        if self._outbox.unsaved > MAX_UNSAVED_BYTES:
            raise RequestRefused("too much waits for the disk already", code=Code.UNAVAILABLE, retry=True)

    # To the disk, and to everybody

    async def run(self) -> None:
        """Save and relay what was accepted, until cancelled; who waits for that to be done waits no longer then."""
        try:
            while True:
                await self._outbox.filled()
                await self._outbox.pass_on(self.document.state)
                if self._guarded.loose and self._outbox.empty:
                    await self._compact()
                await asyncio.sleep(HOLD)
        finally:
            self._outbox.end()

    async def passed_on(self) -> None:
        """
        Wait until all that was accepted so far is relayed and, unless the disk refuses, kept.

        Raises:
            RequestRefused: If the hub ends before.

        """
        await self._outbox.passed_on()

    async def _compact(self) -> None:
        """Put all updates together into one, in memory and on disk."""
        try:
            await self._updates.replace(self._guarded.fold())
        except LogUnavailable as error:
            _log.warning("the shared document could not be put together on disk: %s", error)


def _tell(watchers: Sequence[Callable[[Changed], None]], changed: Changed) -> None:
    for watcher in watchers:
        try:
            watcher(changed)
        except Exception:  # noqa: BLE001 - the edit stands, and its author's link is not to blame
            _log.exception("what follows from an edit of the shared document failed")
