"""The hub's document behind the gate: what may not stand leaves no trace in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..doc.document import BadUpdate, Changed, Document
from ..doc.structure import BadStructure, check_structure
from ..errors import RequestRefused
from ..wire import Code
from .gate import check, check_room
from .history import History

MAX_UPDATE_BYTES = 1 << 20
MAX_DOCUMENT_BYTES = 16 << 20
TOO_DEEP = "its values are nested too deeply"


class Guarded:
    """
    A document that everything passes the gate to get into.

    What passed counts once it is settled, without an await in between; what did not is not there any more.

    Args:
        document: What stands already.

    Attributes:
        document: As it is now; another one after a refusal, since a document cannot take back what it merged.

    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self._history = History(document)

    def check_size(self, update: bytes) -> None:
        """
        Check that an update is not too large, and that there is room for it.

        Raises:
            RequestRefused: If it is, or there is none.

        """
        if len(update) > MAX_UPDATE_BYTES:
            message = f"an update of {len(update):,} bytes is over the limit of {MAX_UPDATE_BYTES:,}"
            raise RequestRefused(message, code=Code.TOO_LARGE)
        if self._history.size + len(update) > MAX_DOCUMENT_BYTES:
            self.fold()
        if self._history.size + len(update) > MAX_DOCUMENT_BYTES:
            raise RequestRefused("the shared document is full; remove marks or notes", code=Code.TOO_LARGE)

    def merge(self, update: bytes, *, role: str, person: str) -> bytes:
        """
        Merge an update if it may stand.

        Args:
            update: The update.
            role: Its author's.
            person: Their public id.

        Returns:
            What of it is news, to be settled.

        Raises:
            RequestRefused: If it may not; then nothing has changed.

        """
        try:
            check_structure(update)
        except BadStructure as error:
            raise RequestRefused(str(error), code=Code.INVALID_PAYLOAD, path=error.path) from None
        try:
            with self._as_before_unless_it_stands():
                news = self._apply(update)
                check(self.document, role=role, person=person)
        except (BadUpdate, RecursionError) as error:
            message = TOO_DEEP if isinstance(error, RecursionError) else str(error)
            raise RequestRefused(message, code=Code.INVALID_PAYLOAD) from None
        return news

    def _apply(self, update: bytes) -> bytes:
        news = self.document.apply(update)
        if news != update and self.document.lacks(update):
            raise BadUpdate("it builds on edits that this hub does not have")
        return news

    @contextmanager
    def edit(self, *, role: str = "", person: str = "", adds_to: str = "") -> Iterator[Document]:
        """
        Let the block's edits be the hub's own or, with a role, somebody's: then they pass the gate.

        Args:
            role: Theirs.
            person: Their public id.
            adds_to: The root that gets one more entry; empty for none.

        Raises:
            RequestRefused: If they may not stand; then nothing has changed.

        """
        if adds_to:
            check_room(self.document, adds_to)
        with self._as_before_unless_it_stands():
            with self.document.edit("hub"):
                yield self.document
            if role:
                check(self.document, role=role, person=person)

    @contextmanager
    def _as_before_unless_it_stands(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.document = self._history.document(self.document)
            raise

    def settle(self, news: bytes) -> Changed:
        """Let what passed count; tell which entries changed."""
        if news:
            self._history.add(news)
        return self.document.settle()

    @property
    def loose(self) -> bool:
        """Whether so much was added that it is time to fold."""
        return self._history.loose

    def fold(self) -> bytes:
        """Put all updates together into one, and give it."""
        return self._history.fold(self.document)
