"""The chat: what was said, in order, and what of it nobody here has read."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING

from .known import Known, Place

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
        self._order: list[Place] = []
        self._places: dict[str, Place] = {}
        self._known = Known()
        self._unread: set[str] = set()

    def clear(self) -> None:
        """Forget what was said, though not that it was heard."""
        self.lines.clear()
        self._order.clear()
        self._places.clear()
        self._unread.clear()
        self.changes += 1

    def follow(self, document: Document, changed: Changed, now: int) -> list[str]:
        """Take over what changed; give the ids of the lines that were never heard before, in order."""
        ids = [id_ for root, id_ in changed if root == "chat"]
        fresh = self._known.news((id_ for id_ in ids if id_ in document.chat), now)
        for id_ in ids:
            self._take(id_, document.chat.get(id_))
        self.changes += bool(ids)
        return sorted(fresh, key=self._places.__getitem__)

    def _take(self, id_: str, line: ChatLine | None) -> None:
        if (before := self._places.pop(id_, None)) is not None:
            self._order.remove(before)
        if line is None:
            self.lines.pop(id_, None)
            self._unread.discard(id_)
            return
        self.lines[id_] = line
        self._places[id_] = self._known.place(id_, line.at)
        insort(self._order, self._places[id_])

    @property
    def order(self) -> list[str]:
        """The ids of the lines, oldest first; each where it was heard, if it is dated later."""
        return [id_ for _, _, id_ in self._order]

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
