"""The hub's document: what stands in it has passed the gate, is on disk, and is with everybody who syncs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ..board import Board
from ..doc.document import BadUpdate, Changed, Document
from ..doc.structure import BadStructure, check_structure
from ..doc.sync import Kind, write
from ..errors import LogUnavailable, RequestRefused
from ..rules import Rule
from ..store.docs import Updates
from ..wire import Code, may
from .gate import check, check_room
from .history import History
from .outbox import Accepted, Outbox
from .replica import Replica
from .rests import Rests
from .subscriber import Link

MAX_UPDATE_BYTES = 1 << 20
MAX_DOCUMENT_BYTES = 16 << 20
MAX_UNSAVED_BYTES = 4 << 20
HOLD = 0.002
TOO_DEEP = "its values are nested too deeply"

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
        self.document = document
        self.edit_rate = edit_rate
        self.trouble = trouble
        self.rests = Rests()
        self.open = asyncio.Event()
        self.open.set()
        self.ended = asyncio.Event()
        self.watchers: list[Callable[[Changed], None]] = []
        self._updates = updates
        self._history = History(document)
        self._replicas: set[Replica] = set()
        self._outbox = Outbox(updates, self._replicas)
        self._beginning = 0

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
        self._beginning += 1
        self.open.clear()
        try:
            while not self._outbox.level.is_set():  # others wake first, and may edit by request
                await self._outbox.level.wait()
        finally:
            self._beginning -= 1
            if not self._beginning:
                self.open.set()

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
        for replica in [replica for replica in self._replicas if replica.link is link]:
            self.end(replica)

    def take(self, replica: Replica, update: bytes) -> None:
        """
        Merge what a replica sends; one that was refused, or never began, is not heard until it begins (again).

        Raises:
            RequestRefused: If it may not stand; the replica has to begin anew.

        """
        if replica not in self._replicas:
            return
        try:
            self.accept(replica, update)
        except RequestRefused:
            self.end(replica)
            raise

    def accept(self, author: Replica, update: bytes) -> None:
        """
        Merge an update if it may stand.

        Raises:
            RequestRefused: If it may not; then nothing has changed.

        """
        self._check_well()
        if not may(author.role, "editor"):
            raise RequestRefused("a viewer's link changes nothing", code=Code.FORBIDDEN)
        self._check_size(update)
        try:
            check_structure(update)
        except BadStructure as error:
            raise RequestRefused(str(error), code=Code.INVALID_PAYLOAD, path=error.path) from None
        try:
            news = self._merge(update)
            check(self.document, role=author.role, person=author.person)
        except BaseException as error:
            self._rebuild()
            if isinstance(error, BadUpdate | RecursionError):
                message = TOO_DEEP if isinstance(error, RecursionError) else str(error)
                raise RequestRefused(message, code=Code.INVALID_PAYLOAD) from None
            raise
        self._settle(news, author)

    def _merge(self, update: bytes) -> bytes:
        news = self.document.apply(update)
        if news != update and self.document.lacks(update):
            raise BadUpdate("it builds on edits that this hub does not have")
        return news

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
            self._check_size(b"")
        if adds_to:
            check_room(self.document, adds_to)
        try:
            with self.document.edit("hub"):
                yield self.document
            if role:
                check(self.document, role=role, person=person)
        except BaseException:
            self._rebuild()
            raise
        self._settle(self.document.news(), None)

    def _settle(self, news: bytes, author: Replica | None) -> None:
        changed = self.document.settle()
        if news:
            self._history.add(news)
        self._outbox.put(Accepted(news, author))
        if changed:
            self._tell(changed)

    def _tell(self, changed: Changed) -> None:
        for watcher in self.watchers:
            try:
                watcher(changed)
            except Exception:  # noqa: BLE001 - the edit stands, and its author's link is not to blame
                _log.exception("what follows from an edit of the shared document failed")

    def _check_well(self) -> None:
        if self.trouble:
            raise RequestRefused(self.trouble, code=Code.UNAVAILABLE)

    def _check_size(self, update: bytes) -> None:
        if len(update) > MAX_UPDATE_BYTES:
            message = f"an update of {len(update):,} bytes is over the limit of {MAX_UPDATE_BYTES:,}"
            raise RequestRefused(message, code=Code.TOO_LARGE)
        if self._history.size + len(update) > MAX_DOCUMENT_BYTES:
            self._history.fold(self.document)
        if self._history.size + len(update) > MAX_DOCUMENT_BYTES:
            raise RequestRefused("the shared document is full; remove marks or notes", code=Code.TOO_LARGE)
        if self._outbox.unsaved > MAX_UNSAVED_BYTES:
            raise RequestRefused("too much waits for the disk already", code=Code.UNAVAILABLE, retry=True)

    def _rebuild(self) -> None:
        """Be as before an update that may not stand: a document cannot take back what it merged."""
        self.document = self._history.document(self.document)

    # To the disk, and to everybody

    async def run(self) -> None:
        """Save and relay what was accepted, until cancelled; who waits for that to be done waits no longer then."""
        try:
            await self._run()
        finally:
            self._outbox.end()

    async def _run(self) -> None:
        while True:
            await self._outbox.filled()
            await self._outbox.pass_on(self.document.state)
            if self._history.loose and self._outbox.empty:
                await self._compact()
            await asyncio.sleep(HOLD)

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
            await self._updates.replace(self._history.fold(self.document))
        except LogUnavailable as error:
            _log.warning("the shared document could not be put together on disk: %s", error)
