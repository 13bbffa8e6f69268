"""What people say, as the hub sees it: who signs, how much of the chat is kept, and which notes are whose mark's."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from ..doc.document import Changed
from ..doc.edits import forget_chat
from ..doc.entries import Author, plain
from ..errors import RequestRefused
from ..wire import Code
from .shared import Shared
from .subscriber import Subscriber

KEPT_LINES = 2000
AT_ONCE = 200
PAGE_BYTES = 1 << 20
MOST_NOTES = 1000

_encode = msgspec.json.Encoder().encode


def author(subscriber: Subscriber) -> Author:
    """Give how what a peer asks for is signed."""
    return Author(id=subscriber.person, name=subscriber.name, color=subscriber.color)


class MarkPage(NamedTuple):
    """
    Some marks.

    Args:
        marks: JSON objects, the newest last.
        more: Whether there are older ones.

    """

    marks: list[msgspec.Raw]
    more: bool


class Talk:
    """
    Follows what is said in a shared document.

    Marks are in the order in which they came here, since when they were set is what somebody's clock says; of what was
    there before, nothing better is known.

    Args:
        shared: The document.

    """

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        marks = shared.document.marks
        self._marks = dict.fromkeys(sorted(marks, key=lambda id_: (marks[id_].at, id_)))
        self._of: dict[str, str] = {}
        self._notes: dict[str, set[str]] = {}
        for id_ in shared.document.notes:
            self._place_note(id_)
        shared.watchers.append(self._follow)

    def _follow(self, changed: Changed) -> None:
        for root, id_ in changed:
            if root == "marks":
                self._place_mark(id_)
            elif root == "notes":
                self._place_note(id_)
        if any(root == "chat" for root, _ in changed):
            self._trim()

    def _place_mark(self, id_: str) -> None:
        if id_ in self._shared.document.marks:
            self._marks.setdefault(id_)
        else:
            self._marks.pop(id_, None)

    def _place_note(self, id_: str) -> None:
        note = self._shared.document.notes.get(id_)
        before = self._of.pop(id_, None)
        if before is not None:
            self._notes[before].discard(id_)
            if not self._notes[before]:
                del self._notes[before]
        if note is not None:
            self._of[id_] = note.mark
            self._notes.setdefault(note.mark, set()).add(id_)

    def _trim(self) -> None:
        """Let lines of the chat go, many at a time, for each time is an edit."""
        if len(self._shared.document.chat) >= KEPT_LINES + AT_ONCE:
            with self._shared.edit() as document:
                forget_chat(document, keep=KEPT_LINES)

    def marks(self, *, limit: int, before: str | None = None) -> MarkPage:
        """
        Give the latest marks, each with its notes.

        Args:
            limit: How many at most; a page ends at about 1 MiB, too.
            before: The mark that the last one is to come before; None for no such.

        Raises:
            RequestRefused: If `before` is not there.

        """
        page: list[msgspec.Raw] = []
        size = 0
        latest = self._backwards(before)
        for id_ in islice(latest, limit):
            page.append(msgspec.Raw(_encode(self._thread(id_))))
            size += len(page[-1])
            if size > PAGE_BYTES:
                break
        return MarkPage(page[::-1], next(latest, None) is not None)

    def _backwards(self, before: str | None) -> Iterator[str]:
        latest = iter(reversed(self._marks))
        if before is not None and not any(id_ == before for id_ in latest):
            raise RequestRefused(f"there is no mark {before!r}", code=Code.NOT_FOUND, path=("data", "before"))
        return latest

    def _thread(self, id_: str) -> dict[str, Any]:
        document = self._shared.document
        notes = sorted((document.notes[note].at, note) for note in self._notes.get(id_, ()))[-MOST_NOTES:]
        told = [{"id": note} | plain(document.notes[note]) for _, note in notes]
        return {"id": id_, **plain(document.marks[id_]), "notes": told, "resolved": id_ in document.resolved}
