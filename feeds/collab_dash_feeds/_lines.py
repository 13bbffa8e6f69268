"""Lines out of bytes and events out of lines: what the feeds of files, pipes and children share."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from pydantic import Field

from collab_dash.event import RAW_EXCERPT_BYTES, REJECTED, Event, is_event_type, rejected
from collab_dash.mapping import MappedOptions
from collab_dash.transports import Message

MAX_LINE_BYTES = 1 << 20

_LEVEL = re.compile(
    r"\b(?:(TRACE|DEBUG)|(INFO|NOTICE)|(WARN(?:ING)?)|(ERR(?:OR)?)|(FATAL|CRIT(?:ICAL)?|PANIC|EMERG|ALERT))\b"
)
_LOWER_LEVEL = re.compile(
    r"(?:\blevel=\"?|\blvl=|[\[<])(?:(trace|debug)|(info|notice)|(warn(?:ing)?)|(err(?:or)?)|(fatal|crit(?:ical)?))\b",
    re.IGNORECASE,
)
_LEVELS = ("debug", "info", "warn", "error", "fatal")
_LEVEL_WITHIN = 160


class LineOptions(MappedOptions):
    """How lines become events."""

    format: Literal["auto", "json", "lines"] = Field(  # type: ignore[assignment]  # lines are told apart, too
        "auto",
        description="What a line is: text (lines), one JSON value (json), or whichever it looks like (auto).",
    )


class Line(NamedTuple):
    """
    One line.

    Args:
        raw: Its bytes without the line end; of a line over the limit only the first 2 KiB.
        size: How many bytes it took upstream, line end included.
        whole: Whether `raw` is all of it.

    """

    raw: bytes
    size: int
    whole: bool = True


class LineSplitter:
    """
    Cut a stream of bytes into lines, however the bytes arrive.

    What it keeps is bounded: of a line over the limit only the beginning is kept and the rest is skipped.

    Args:
        limit: Bytes a line may have.

    """

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._size = 0

    def feed(self, chunk: bytes) -> list[Line]:
        """Take what arrived and give the lines that it completes."""
        *ended, rest = chunk.split(b"\n")
        lines = []
        for part in ended:
            self._keep(part)
            lines.append(self._take(1))
        self._keep(rest)
        return lines

    def finish(self) -> list[Line]:
        """Give the last line if it came without a line end; the splitter is then as new."""
        return [self._take(0)] if self._size else []

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size <= self._limit:
            self._kept += part
        elif len(self._kept) < RAW_EXCERPT_BYTES:
            self._kept += part[: RAW_EXCERPT_BYTES - len(self._kept)]
        else:
            del self._kept[RAW_EXCERPT_BYTES:]

    def _take(self, ending: int) -> Line:
        raw = bytes(self._kept)
        line = Line(raw.removesuffix(b"\r"), self._size + ending, whole=self._size <= self._limit)
        self._kept.clear()
        self._size = 0
        return line


def level_of(line: str) -> str | None:
    """Give the level that a log line names near its start: debug, info, warn, error or fatal, or None."""
    match = _LEVEL.search(line, 0, _LEVEL_WITHIN) or _LOWER_LEVEL.search(line, 0, _LEVEL_WITHIN)
    return None if match is None or match.lastindex is None else _LEVELS[match.lastindex - 1]


def line_event(kind: str, text: str) -> Event:
    """Make the event of a plain line: its text, and its level where one is named."""
    level = level_of(text)
    return Event(type=kind, data={"line": text} if level is None else {"line": text, "level": level})


class LineReader:
    """
    Turn lines into events.

    Args:
        kind: The type of a line's event, unless the options say otherwise.
        options: What a line is.

    """

    def __init__(self, kind: str, options: LineOptions) -> None:
        domain, _, self._name = kind.partition(":")
        self._mapping = options.mapping(domain)
        self._format = options.format
        self._kind = options.type if options.type and is_event_type(options.type) else kind

    def events(self, line: Line) -> list[Event]:
        """Give a line's events: none for a blank one, ``feed:rejected`` for one that cannot be read."""
        if not line.whole:
            reason = f"line of {line.size:,} bytes is over the limit of {MAX_LINE_BYTES:,}"
            event = rejected(reason, line.raw)
            event.data["bytes"] = line.size
            return [event]
        if not line.raw.strip():
            return []
        if self._format == "json" or (self._format == "auto" and line.raw.lstrip()[:1] in (b"{", b"[")):
            events = self._mapping.events(Message(line.raw, event=self._name))
            if self._format == "json" or not any(event.type == REJECTED for event in events):
                return events
        return [line_event(self._kind, line.raw.decode(errors="replace"))]
