"""Which bar or tile an event went into, so that it can be marked there and its marks are found."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from ...event import Event
from ..talk.marks import Marks
from ..talk.talk import LATEST

RECENT = 5000
MOST_MARKS = 60


class Parts:
    """
    The parts of a view, by their names, and which events of late each is made of.

    Attributes:
        latest: The latest event of each part.

    """

    def __init__(self) -> None:
        self.latest: dict[str, Event] = {}
        self._part_of: dict[int, str] = {}
        self._marks = Marks()
        self._marked: dict[str, list[str]] = {}

    def take(self, part: str, event: Event) -> None:
        """Take note of what part an event is of."""
        self.latest[part] = event
        if event.offset is not None:
            self._part_of[event.offset] = part
            if len(self._part_of) > 2 * RECENT:
                self._part_of = dict(islice(self._part_of.items(), RECENT, None))

    def clear(self) -> None:
        """Forget every part."""
        self.latest.clear()
        self._part_of.clear()

    def look(self, marks: Marks, feeds: Iterable[str]) -> None:
        """Look for the marks of the events of late, before parts are drawn."""
        self._marks, self._marked = marks, {}
        for id_ in marks.between(feeds, 0, LATEST, MOST_MARKS):
            part = self._part_of.get(marks.marks[id_].offset or 0)
            if part is not None:
                self._marked.setdefault(part, []).append(id_)

    def marked(self, part: str) -> list[str]:
        """Give the marks of a part: those of its key where it stands for one, otherwise those of its events of late."""
        event, marks = self.latest.get(part), self._marks
        if event is None or event.key != part:
            return self._marked.get(part, [])
        return marks.on_event(event.offset) or marks.on_key(event.feed, part)
