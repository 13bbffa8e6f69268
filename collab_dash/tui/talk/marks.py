"""Marks by what they are on, kept from the document's changes: a line that is drawn costs a look-up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..drawing.text import clean, cut
from ..travel import Flag
from .authors import called, ink_of
from .known import Known

if TYPE_CHECKING:
    from ...doc.document import Changed, Document
    from ...doc.entries import Mark, Note, Resolution

ALL = "*"
NAME = 8

Place = int | tuple[str, str]
Timed = list[tuple[int, str]]


class Marks:
    """
    Every mark of the session, with its thread.

    Attributes:
        marks: By their ids.
        resolved: Whose threads are settled, by the mark's id.
        changes: How often a mark changed.

    """

    def __init__(self) -> None:
        self.marks: dict[str, Mark] = {}
        self.resolved: dict[str, Resolution] = {}
        self.changes = 0
        self._threads: dict[str, dict[str, Note]] = {}
        self._mark_of: dict[str, str] = {}
        self._known = Known()
        self._at: dict[Place, dict[str, Mark]] = {}
        self._ordered: dict[Place, list[str]] = {}
        self._timed: dict[str, Timed] = {}
        self._newest: list[str] | None = None

    # Following the document

    def clear(self) -> None:
        """Forget what there is, though not that its notes were heard."""
        for each in (self.marks, self.resolved, self._threads, self._mark_of, self._at, self._ordered, self._timed):
            each.clear()
        self._newest = None
        self.changes += 1

    def follow(self, document: Document, changed: Changed, now: int) -> list[str]:
        """Take over what changed; give the ids of the notes that were never heard before."""
        came: list[str] = []
        for root, id_ in changed:
            if root == "marks":
                self._take_mark(id_, document.marks.get(id_))
            elif root == "notes":
                came += [id_] if id_ in document.notes else []
                self._take_note(id_, document.notes.get(id_))
            elif root == "resolved":
                self.resolved.pop(id_, None)
                if id_ in document.resolved:
                    self.resolved[id_] = document.resolved[id_]
        return self._known.news(came, now)

    def _take_mark(self, id_: str, mark: Mark | None) -> None:
        if (before := self.marks.pop(id_, None)) is not None:
            for place in _places(before):
                self._ordered.pop(place, None)
                self._at[place].pop(id_)
                if not self._at[place]:
                    del self._at[place]
        if mark is not None:
            self.marks[id_] = mark
            for place in _places(mark):
                self._ordered.pop(place, None)
                self._at.setdefault(place, {})[id_] = mark
        self._timed.clear()
        self._newest = None
        self.changes += 1

    def _take_note(self, id_: str, note: Note | None) -> None:
        if (mark := self._mark_of.pop(id_, None)) is not None:
            del self._threads[mark][id_]
        if note is not None:
            self._mark_of[id_] = note.mark
            self._threads.setdefault(note.mark, {})[id_] = note

    # Looking up

    def on_event(self, offset: int | None) -> list[str]:
        """Give the marks of an event, oldest first."""
        return self._in_order(offset) if offset is not None else []

    def on_key(self, feed: str, key: str) -> list[str]:
        """Give the marks of a feed's key, whichever of its events they are on, oldest first."""
        return self._in_order((feed, key))

    def _in_order(self, place: Place) -> list[str]:
        there = self._at.get(place)
        if there is None:
            return []
        found = self._ordered.get(place)
        if found is None:
            found = self._ordered[place] = sorted(there, key=lambda id_: (there[id_].at, id_))
        return found

    def speaking(self, ids: Sequence[str]) -> str:
        """Give that of several marks whose thread it is: the first one with notes, or the first; empty for none."""
        return next((id_ for id_ in ids if self._threads.get(id_)), ids[0] if ids else "")

    def thread(self, id_: str) -> list[tuple[str, Note]]:
        """Give a mark's notes with their ids, in order; each where it was heard, if it is dated later."""
        notes = self._threads.get(id_, {})
        return sorted(notes.items(), key=lambda item: self._known.place(item[0], item[1].at))

    def note(self, id_: str) -> Note:
        """Give a note."""
        return self._threads[self._mark_of[id_]][id_]

    def count(self, id_: str) -> int:
        """Count a mark's notes."""
        return len(self._threads.get(id_, ()))

    @property
    def settled(self) -> int:
        """How many threads are resolved; those of marks that were taken away left out."""
        return len(self.resolved.keys() & self.marks.keys())

    @property
    def newest(self) -> list[str]:
        """Every mark, that of the latest event or moment first."""
        if self._newest is None:
            self._newest = [id_ for _, id_ in reversed(self._of(ALL))]
        return self._newest

    def between(self, feeds: Iterable[str], since: int, until: int, most: int) -> list[str]:
        """
        Give the marks on events of some feeds, earliest first.

        Args:
            feeds: Their names; ``*`` for all, moments included.
            since: The first moment, Unix milliseconds.
            until: The moment after the last.
            most: How many to give; of more, the latest.

        """
        found: Timed = []
        for feed in (ALL,) if ALL in feeds else feeds:
            timed = self._of(feed)
            end = bisect_left(timed, (until, ""))
            found += timed[max(bisect_left(timed, (since, "")), end - most) : end]
        return [id_ for _, id_ in sorted(found)[-most:]]

    def _of(self, feed: str) -> Timed:
        if not self._timed:
            self._timed[ALL] = sorted((mark.time, id_) for id_, mark in self.marks.items())
            for time, id_ in self._timed[ALL]:
                self._timed.setdefault(self.marks[id_].feed, []).append((time, id_))
        return self._timed.get(feed, [])

    # In a line

    def about(self, id_: str) -> str:
        """Say what a mark is on; clean."""
        mark = self.marks.get(id_)
        if mark is None:
            return "a mark that is gone"
        if not mark.feed:
            return clean(mark.text) or "this moment"
        return clean(mark.text or " ".join(part for part in (mark.feed, mark.key, f"#{mark.offset}") if part))

    def sign(self, id_: str) -> Flag:
        """Give a mark as a sign of a few cells: a tick or a hook, and who pinned it."""
        mark = self.marks[id_]
        settled = id_ in self.resolved
        name = cut(called(mark.by), NAME)
        return Flag(mark.time, f"{'✓' if settled else '^'}{name}", "dim" if settled else ink_of(mark.by))

    def first_note(self, id_: str, cells: int) -> str:
        """Quote what was said first about a mark, with who said it if that was not who pinned it; empty for nothing."""
        for _, note in self.thread(id_)[:1]:
            other = note.by.id != self.marks[id_].by.id
            who = f"{cut(called(note.by), NAME)} " if other else ""
            return f'{who}"{cut(clean(note.text), max(cells - len(who) - 2, 1))}"'
        return ""


def _places(mark: Mark) -> list[Place]:
    """Give what a mark is looked up by."""
    if mark.offset is None:
        return []
    return [mark.offset, (mark.feed, mark.key)] if mark.key is not None else [mark.offset]
