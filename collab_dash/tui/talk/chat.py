"""The chat: what was said, in order, and what of it nobody here has read."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING

from .known import Known

if TYPE_CHECKING:
    from ...doc.document import Changed, Document
    from ...doc.entries import ChatLine


class Chat:
    """
    Everything said.

    Attributes:
        lines: By their ids.
        changes: How often something changed.

    """

    def __init__(self) -> None:
        self.lines: dict[str, ChatLine] = {}
        self.changes = 0
        self._order: list[tuple[int, str]] = []
        self._known = Known()
        self._unread: set[str] = set()

    def clear(self) -> None:
        """Forget what was said, though not that it was heard."""
        self.lines.clear()
        self._order.clear()
        self._unread.clear()
        self.changes += 1

    def follow(self, document: Document, changed: Changed) -> list[str]:
        """Take over what changed; give the ids of the lines that were never heard before, in order."""
        ids = [id_ for root, id_ in changed if root == "chat"]
        for id_ in ids:
            self._take(id_, document.chat.get(id_))
        self.changes += bool(ids)
        fresh = self._known.news(id_ for id_ in ids if id_ in self.lines)
        return sorted(fresh, key=lambda id_: (self.lines[id_].at, id_))

    def _take(self, id_: str, line: ChatLine | None) -> None:
        if (before := self.lines.pop(id_, None)) is not None:
            self._order.remove((before.at, id_))
        if line is None:
            self._unread.discard(id_)
            return
        self.lines[id_] = line
        insort(self._order, (line.at, id_))

    @property
    def order(self) -> list[str]:
        """The ids of the lines, oldest first."""
        return [id_ for _, id_ in self._order]

    # Reading

    @property
    def unread(self) -> int:
        """How many lines of others came since somebody last looked."""
        return len(self._unread)

    def came(self, id_: str) -> None:
        """Count a line as unread."""
        self._unread.add(id_)

    def read(self) -> bool:
        """Take note that all of it is read; tell whether that is news."""
        news = bool(self._unread)
        self._unread.clear()
        return news
