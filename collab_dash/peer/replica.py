"""A peer's replica of the shared document: edits are its own at once, and everybody's when the hub has them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pycrdt

from ..doc.document import BadUpdate, Changed, Document
from ..doc.edits import mend
from ..doc.sync import Kind, Message
from ..errors import BadFrame, RequestRefused
from ..wire import Code, Fault, Saved, Welcome, may
from .carrier import Wire
from .outgoing import Outgoing

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
        ready: Set while the document is the hub's, as far as the link allows.

    """

    def __init__(self, wire: Wire) -> None:
        self.document = Document(undoing=True)
        self.watchers: list[Callable[[Changed | None], None]] = []
        self.on_refused: Callable[[Fault, int], None] = lambda fault, lost: None
        self.ready = asyncio.Event()
        self._welcome: Welcome | None = None
        self._epoch = ""
        self._outgoing = Outgoing(wire)
        self._undo = self._undo_of(self.document)

    # Editing

    @property
    def unshared(self) -> int:
        """How many edits the hub has not said it keeps."""
        return self._outgoing.unshared

    @property
    def kept(self) -> int:
        """How many edits the hub has said it keeps, all in all."""
        return self._outgoing.kept

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
            self._outgoing.edited(news)
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
        self.ready.clear()
        self._outgoing.unlink()
        self._notify(set())

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
        self._outgoing.saved(saved.updates)
        self._notify(set())

    def refused(self, fault: Fault) -> None:
        """Hear that an edit may not stand: begin anew."""
        lost = self.unshared
        self._restart()
        self._begin()
        self.on_refused(fault, lost)

    async def run(self) -> None:
        """Send what is to be sent, until cancelled."""
        await self._outgoing.run()

    def _begin(self) -> None:
        self._outgoing.begin(self.document.state)

    def _answer(self, state: bytes) -> None:
        """Let the hub have what it lacks: our own edits. If it lacks more, its document went back in time."""
        if self._outgoing.waiting:
            self._outgoing.answer(self.document.since(state))
        elif self.document.ahead_of(state):
            self._restart()
            self._begin()
            return
        self._outgoing.open()

    def _restart(self) -> None:
        """Forget the document, and every edit the hub has not kept."""
        self.ready.clear()
        self._outgoing.forget()
        self.document = Document(undoing=True)
        self._undo = self._undo_of(self.document)
        self._notify(None)

    @staticmethod
    def _undo_of(document: Document) -> pycrdt.UndoManager:
        undo = pycrdt.UndoManager(scopes=[document.roots[name] for name in UNDONE], capture_timeout_millis=GROUPED)
        undo.include_origin("here")
        return undo
