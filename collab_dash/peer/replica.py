"""A peer's replica of the shared document: edits are its own at once, and everybody's when the hub has them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pycrdt

from ..doc.document import BadUpdate, Changed, Document
from ..doc.edits import mend
from ..doc.sync import Kind, Message, write
from ..errors import BadFrame, RequestRefused
from ..wire import Code, Fault, Saved, Welcome, may
from .carrier import Wire

UNDONE = ("pages", "panes", "rules", "room", "marks", "notes")  # to bring back who resolved is to sign with their name
GROUPED = 0


class Replica:
    """
    The shared document, as one peer has it.

    Edits made while the link is down are kept, and merge when it is back. An edit that the hub refuses takes all edits
    after it along: the replica begins anew from the hub's state, and `on_refused` hears of it.

    Args:
        wire: What carries its messages: the session.

    Attributes:
        document: What is in it; another object after a refusal, or when the hub has another document.
        watchers: Told which entries changed, by whomever; None when everything may have.
        on_refused: Told why, and how many edits were lost.
        kept: How many of our edits the hub has said it keeps, all in all.
        ready: Set while the document is the hub's, as far as the link allows.

    """

    def __init__(self, wire: Wire) -> None:
        self.document = Document(undoing=True)
        self.watchers: list[Callable[[Changed | None], None]] = []
        self.on_refused: Callable[[Fault, int], None] = lambda fault, lost: None
        self.kept = 0
        self.ready = asyncio.Event()
        self._wire = wire
        self._welcome: Welcome | None = None
        self._epoch = ""
        self._open = False
        self._unsent: list[bytes] = []
        self._outbox: list[bytes] = []
        self._waiting = 0
        self._sent: deque[int] = deque()
        self._wake = asyncio.Event()
        self._undo = self._undo_of(self.document)

    # Editing

    @property
    def unshared(self) -> int:
        """How many edits the hub has not said it keeps."""
        return self._waiting + sum(self._sent)

    @property
    def may_edit(self) -> bool:
        """Whether our role may change anything, and there is a document to change."""
        return self._shared_here and self._welcome is not None and may(self._welcome.role, "editor")

    @property
    def _shared_here(self) -> bool:
        return self._welcome is not None and bool(self._welcome.doc)

    @contextmanager
    def edit(self) -> Iterator[Document]:
        """
        Let the block's edits be one.

        Raises:
            RequestRefused: If our role may not, or there is no document yet.

        """
        self._check()
        try:
            with self.document.edit("here"):
                yield self.document
        finally:
            self._edited()  # where the block fails midway what it did stands, for nothing takes it back

    def undo(self) -> bool:
        """Take back our own latest edit, and nobody else's; tell whether there was one."""
        self._check()
        return self._undo.undo() and self._mended()

    def redo(self) -> bool:
        """Do again what was taken back last; tell whether there was something."""
        self._check()
        return self._undo.redo() and self._mended()

    def _check(self) -> None:
        if not self._shared_here:
            raise RequestRefused("there is no shared document here", code=Code.UNAVAILABLE, retry=True)
        if not self.may_edit:
            raise RequestRefused("a viewer's link changes nothing", code=Code.FORBIDDEN)

    def _mended(self) -> bool:
        with self.document.edit("mended"):
            mend(self.document)
        return self._edited()

    def _edited(self) -> bool:
        news = self.document.news()
        if news:
            self._waiting += 1
            if self._open:
                self._unsent.append(news)
                self._wake.set()
        self._tell()
        return bool(news)

    def _tell(self) -> None:
        self._notify(self.document.settle())

    def _notify(self, changed: Changed | None) -> None:
        for watcher in tuple(self.watchers):
            watcher(changed)

    # The link

    def joined(self, welcome: Welcome) -> None:
        """Begin to sync with the hub that welcomed us; if it has no document just now, keep ours until it does."""
        self._welcome = welcome
        if not welcome.doc:
            self._notify(set())
            return
        if self._epoch not in ("", welcome.doc):
            self._forget()
        self._epoch = welcome.doc
        self._begin()

    def _forget(self) -> None:
        """Let go of a document that is no more, and tell of edits that nobody will have."""
        lost = self.unshared
        self._restart()
        if lost:
            self.on_refused(Fault(code=Code.NOT_FOUND, message="the session has another document now"), lost)

    def lost(self) -> None:
        """Go on without a link."""
        self._unlink()
        self._notify(set())

    def _unlink(self) -> None:
        self._open = False
        self.ready.clear()
        self._waiting += sum(self._sent)
        self._sent.clear()
        self._unsent.clear()
        self._outbox.clear()

    def take(self, message: Message) -> None:
        """
        Take a message from the hub.

        Raises:
            BadFrame: If it cannot be merged.

        """
        try:
            if message.kind is Kind.STEP1:
                self._answer(message.payload)
            elif message.kind in (Kind.STEP2, Kind.UPDATE):
                self.document.apply(message.payload)
                self._tell()
        except BadUpdate as error:
            raise BadFrame(str(error)) from None
        if message.kind is Kind.STEP2:
            self.ready.set()

    def saved(self, saved: Saved) -> None:
        """Hear that so many more of our updates are kept."""
        for _ in range(min(saved.updates, len(self._sent))):
            self.kept += self._sent.popleft()
        self._notify(set())

    def refused(self, fault: Fault) -> None:
        """Hear that an edit may not stand: begin anew."""
        lost = self.unshared
        self._restart()
        self._begin()
        self.on_refused(fault, lost)

    async def run(self) -> None:
        """Send what is to be sent, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            messages, self._outbox = self._outbox, []
            if self._unsent:
                messages.append(write(Kind.UPDATE, self._gathered()))
            for message in messages:
                await self._wire.send_message(message)

    def _gathered(self) -> bytes:
        """Give our edits since the last frame as one update."""
        updates, self._unsent = self._unsent, []
        self._sent.append(len(updates))
        self._waiting -= len(updates)
        return updates[0] if len(updates) == 1 else pycrdt.merge_updates(*updates)

    def _begin(self) -> None:
        self._outbox = [write(Kind.STEP1, self.document.state)]
        self._wake.set()

    def _answer(self, state: bytes) -> None:
        """Let the hub have what it lacks: our own edits. If it lacks more, its document went back in time."""
        if self._waiting:
            self._outbox.append(write(Kind.STEP2, self.document.since(state)))
            self._sent.append(self._waiting)
            self._waiting = 0
            self._wake.set()
        elif self.document.ahead_of(state):
            self._restart()
            self._begin()
            return
        self._open = True

    def _restart(self) -> None:
        """Forget the document, and every edit the hub has not kept."""
        self._unlink()
        self._waiting = 0
        self.document = Document(undoing=True)
        self._undo = self._undo_of(self.document)
        self._notify(None)

    @staticmethod
    def _undo_of(document: Document) -> pycrdt.UndoManager:
        undo = pycrdt.UndoManager(scopes=[document.roots[name] for name in UNDONE], capture_timeout_millis=GROUPED)
        undo.include_origin("here")
        return undo
