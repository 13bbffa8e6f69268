"""The latest event, pretty-printed, and the same for anybody who shows an event whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from rich.style import Style

from ...event import Event
from ..drawing.numbers import moment
from ..drawing.row import Row
from ..drawing.text import clean, cut
from .rows import RowsPane

MOST_LINES, DEEPEST, LONGEST = 5000, 40, 4000


def event_lines(event: Event, ink: Callable[[str], Style]) -> list[Row]:
    """Draw an event: who and when, then the payload."""
    dim, text = ink("dim"), ink("text")
    offset = "not recorded" if event.offset is None else f"{event.offset:,}"
    facts = [
        ("offset", offset),
        ("feed", event.feed),
        ("type", event.type),
        ("key", event.key or "–"),
        ("time", moment(event.time if event.time is not None else event.received)),
        ("received", moment(event.received)),
    ]
    rows = [Row(f"{name:<10}", dim).add(clean(value), text) for name, value in facts]
    return [*rows, Row(), *json_lines(event.data, ink)]


def json_lines(value: Any, ink: Callable[[str], Style]) -> list[Row]:
    """Draw a JSON value, indented, at most some thousand lines."""
    rows: list[Row] = []
    for row in _lines(value, ink, 0, Row(), ""):
        if len(rows) >= MOST_LINES:
            rows.append(Row("… more than can be shown here", ink("warn")))
            break
        rows.append(row)
    return rows


def _lines(value: Any, ink: Callable[[str], Style], depth: int, head: Row, tail: str) -> Iterator[Row]:
    dim = ink("dim")
    if not isinstance(value, (dict, list)) or not value or depth > DEEPEST:
        yield head.extend(_scalar(value, ink)).add(tail, dim)
        return
    start, end = "{}" if isinstance(value, dict) else "[]"
    yield head.add(start, dim)
    indent = "  " * (depth + 1)
    items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for index, (name, item) in enumerate(items):
        row = Row(indent, dim)
        if name is not None:
            row.add(clean(str(name)), ink("accent")).add(": ", dim)
        yield from _lines(item, ink, depth + 1, row, "," if index < len(value) - 1 else "")
    yield Row("  " * depth, dim).add(end + tail, dim)


def _scalar(value: Any, ink: Callable[[str], Style]) -> Row:
    text = cut(clean(msgspec.json.encode(value).decode()), LONGEST)
    if isinstance(value, str):
        return Row(text, ink("text"))
    return Row(text, ink("dim" if value is None or value in ({}, []) else "strong"))


class JsonPane(RowsPane):
    """The latest event, pretty-printed."""

    header_rows = 0
    depth = 1

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._event: Event | None = None
        self._rows: list[Row] = []
        self._drawn: Event | None = None

    def fold(self, events: Sequence[Event]) -> None:
        """Keep the latest event."""
        self._event = events[-1] if events else self._event

    def forget(self) -> None:
        """Forget the event."""
        self._event = None

    def notify_style_update(self) -> None:
        """Draw anew in other colours."""
        super().notify_style_update()
        self._drawn = None

    def moved(self) -> None:
        """Stand still while somebody reads."""
        if not self.frozen:
            self.freeze("PINNED")

    def body(self, width: int, height: int) -> list[Row]:
        """Draw the event."""
        if self._event is not None and self._drawn is not self._event:
            self._rows = event_lines(self._event, self.ink)
            self._drawn = self._event
        return super().body(width, height)

    def count(self) -> int:
        """Count the lines."""
        return len(self._rows)

    def row(self, index: int, width: int) -> Row:
        """Give one line; it is copied, for a row may be lengthened."""
        return Row().extend(self._rows[index])

    def chosen(self) -> Event | None:
        """Give the event that is shown."""
        return self._event

    def marked(self, index: int) -> list[str]:
        """Give the marks of the event, on its first line."""
        return self.live.talk.marks.on_event(self._event.offset) if self._event is not None and index == 0 else []

    @property
    def has_cursor(self) -> bool:
        """Whether somebody chose the event: there is only one."""
        return True

    def reveal(self, event: Event, past: Sequence[Event] = ()) -> bool:
        """Show an event, until somebody goes back to live."""
        if self._event is None or self._event.offset != event.offset:
            self.freeze("PINNED")
            if self._event is not None and not self._waiting:
                self._waiting.append(self._event)
            self._event = event
        self.want_paint()
        return True

    def digest(self) -> str:
        """Say the payload in one line."""
        return clean(msgspec.json.encode(self._event.data).decode()[:300]) if self._event else ""
