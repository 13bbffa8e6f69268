"""How the shared document came about, so that it can be made again, and put together on disk."""

from __future__ import annotations

from ..doc.document import Document

FOLD_AFTER = 500
FOLD_BYTES = 64 << 10


class History:
    """
    A whole state of a document and the updates since.

    Args:
        document: As it is now.

    Attributes:
        size: Bytes of all of it.

    """

    def __init__(self, document: Document) -> None:
        self.fold(document)

    def fold(self, document: Document) -> bytes:
        """Begin anew from a document that holds all of it; give its whole state."""
        self._whole = document.since()
        self._since: list[bytes] = []
        self.size = len(self._whole)
        return self._whole

    def add(self, update: bytes) -> None:
        """Note an update that was merged."""
        self._since.append(update)
        self.size += len(update)

    @property
    def loose(self) -> bool:
        """Whether so much was added that it is time to fold."""
        whole = len(self._whole)
        return len(self._since) > FOLD_AFTER or self.size - whole > max(whole, FOLD_BYTES)

    def document(self, like: Document) -> Document:
        """Make the document again; `like` is the one that noted all of it, with whatever else is not settled."""
        return Document(self._whole, *self._since, like=like)
