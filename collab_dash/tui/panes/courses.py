"""What views of numbers have in common: the courses they draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import CollabDashError
from ...event import Event
from .base import Pane
from .series import Courses


class CoursesPane(Pane):
    """A pane that folds events into courses of numbers."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._courses = Courses("", "", self.span)
        try:
            self._courses = Courses(self.spec.field, self.spec.by, self.span)
        except CollabDashError as error:
            self.fault = str(error)

    def fold(self, events: Sequence[Event]) -> None:
        """Take the numbers."""
        self._courses.fold(events)

    def forget(self) -> None:
        """Forget every number."""
        self._courses.by_name.clear()
