"""Numbers over time, one course for every key."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from ...event import Event
from ...filter import compile_expression
from ..drawing.numbers import as_number
from .columns import plain
from .parts import Parts

POINTS = 600
MOST_SERIES = 12


class Course:
    """
    One number over time, kept as the lowest, highest and last value of every step.

    Args:
        step: Milliseconds of one step.

    """

    __slots__ = ("last", "points", "step")

    def __init__(self, step: int) -> None:
        self.step = step
        self.points: deque[tuple[int, float, float, float]] = deque(maxlen=POINTS)
        self.last = 0.0

    def add(self, ms: int, value: float) -> None:
        """Take the value at a time; a time before the last step counts for the last step."""
        slot = ms - ms % self.step
        self.last = value
        if self.points and slot <= self.points[-1][0]:
            time, low, high, _ = self.points[-1]
            self.points[-1] = (time, min(low, value), max(high, value), value)
        else:
            self.points.append((slot, value, value, value))

    def values(self) -> list[float]:
        """Give the last value of every step."""
        return [point[3] for point in self.points]


class Courses:
    """
    The courses of one field, by key or by another field.

    Args:
        field: An expression for the number; empty for the first number in the payload.
        by: An expression that tells courses apart; empty for the event's key.
        span: Seconds that are kept.

    Attributes:
        by_name: The courses.
        parts: Takes note of which course each event is of; None for nobody.

    Raises:
        FilterError: If an expression cannot be understood.

    """

    def __init__(self, field: str, by: str, span: int) -> None:
        self.parts: Parts | None = None
        self.step = max(span * 1000 // POINTS, 1)
        self.by_name: dict[str, Course] = {}
        self.field = field
        self._value = compile_expression(field) if field else first_number
        self._by: Callable[[Event], Any] | None = compile_expression(by) if by else None

    def fold(self, events: Sequence[Event]) -> None:
        """Take events, oldest first."""
        value, by, courses = self._value, self._by, self.by_name
        for event in events:
            number = as_number(value(event))
            if number is None:
                continue
            name = plain(by(event)) if by is not None else event.key or ""
            course = courses.get(name)
            if course is None:
                if len(courses) >= MOST_SERIES:
                    continue
                course = courses[name] = Course(self.step)
            course.add(event.time or event.received, number)
            if self.parts is not None:
                self.parts.take(name, event)

    def newest(self) -> int:
        """Give the time of the latest point, or 0."""
        return max((course.points[-1][0] for course in self.by_name.values()), default=0)


def first_number(event: Event) -> float | None:
    """Give the first number in the payload."""
    for value in event.data.values():
        number = as_number(value)
        if number is not None:
            return number
    return None
