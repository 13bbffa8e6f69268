"""
Log streams of the Docker Engine API, without any network: frames or raw lines in, lines with their times out.

With a terminal, a container's output comes as it is; without, in frames that tell standard output and error apart. Each
message begins with its time.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from collab_dash.errors import FeedBroken

from ._lines import Line, LineSplitter

_HEADER = struct.Struct(">B3sL")
_STREAMS = {0: "stdout", 1: "stdout", 2: "stderr", 3: "engine"}
_MOST_FRAME = 4 << 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_time = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ").match


class LogLine(NamedTuple):
    """
    A line of a container's log.

    Args:
        stream: ``stdout``, ``stderr``, or ``engine`` for what the engine says itself.
        time: Unix nanoseconds, or 0 where none was told.
        line: Its bytes.

    """

    stream: str
    time: int
    line: Line


class LogDecoder:
    """
    Decodes one log stream, however its bytes arrive.

    A line longer than the engine's buffer comes in several messages of the same time, and is put together again.

    Args:
        terminal: Whether the container has one, and its stream so no frames.

    """

    def __init__(self, *, terminal: bool) -> None:
        self._terminal = terminal
        self._rest = bytearray()
        self._open: dict[str, tuple[int, LineSplitter]] = {}

    def feed(self, chunk: bytes) -> list[LogLine]:
        """
        Take what arrived and give the lines that it completes.

        Raises:
            FeedBroken: If it is no log stream.

        """
        if self._terminal:
            return [_timed(line) for line in self._splitter("stdout").feed(chunk)]
        self._rest += chunk
        return [line for stream, message in self._frames() for line in self._message(stream, message)]

    def finish(self) -> list[LogLine]:
        """
        Give the last lines, if they came without an end.

        Raises:
            FeedBroken: If the stream ended in the midst of a frame.

        """
        if self._rest:
            raise FeedBroken("the engine broke off in the middle of a log message")
        if self._terminal:
            return [_timed(line) for line in self._splitter("stdout").finish()]
        return [LogLine(stream, time, line) for stream, (time, rest) in self._open.items() for line in rest.finish()]

    def _splitter(self, stream: str) -> LineSplitter:
        return self._open.setdefault(stream, (0, LineSplitter()))[1]

    def _frames(self) -> Iterator[tuple[str, bytes]]:
        start = 0
        while len(self._rest) - start >= _HEADER.size:
            kind, padding, size = _HEADER.unpack_from(self._rest, start)
            if kind not in _STREAMS or padding != b"\0\0\0" or size > _MOST_FRAME:
                raise FeedBroken("the engine sends what is no log stream", hint="is the url that of a Docker engine?")
            end = start + _HEADER.size + size
            if len(self._rest) < end:
                break
            yield _STREAMS[kind], bytes(self._rest[start + _HEADER.size : end])
            start = end
        del self._rest[:start]

    def _message(self, stream: str, message: bytes) -> Iterator[LogLine]:
        time, text = _split_time(message)
        began, splitter = self._open.get(stream, (0, None))
        if splitter is None:
            began, splitter = time, LineSplitter()
        for line in splitter.feed(text):
            yield LogLine(stream, began, line)
            began = time
        whole = text.endswith(b"\n")
        self._open[stream] = (0, LineSplitter()) if whole else (began, splitter)
        if whole:
            del self._open[stream]


def _timed(line: Line) -> LogLine:
    time, text = _split_time(line.raw)
    return LogLine("stdout", time, line._replace(raw=text))


def _split_time(message: bytes) -> tuple[int, bytes]:
    """Give a message's time in Unix nanoseconds, 0 if it has none, and the rest."""
    match = _time(message)
    if match is None:
        return 0, message
    try:
        moment = datetime.fromisoformat((match[1] + match[3]).decode())
    except ValueError:
        return 0, message
    seconds = round((moment - _EPOCH).total_seconds())
    return seconds * 1_000_000_000 + int((match[2] or b"0").ljust(9, b"0")), message[match.end() :]


class Place(msgspec.Struct, array_like=True):
    """
    How far something was told that is told by time: up to which nanosecond, and how much of that very one.

    Args:
        time: Unix nanoseconds of the last that was told.
        told: How many of that time were.

    """

    time: int = 0
    told: int = 0

    def since(self) -> str:
        """Give the time to ask for, as the engine reads it; what is of that time comes again."""
        return f"{self.time // 1_000_000_000}.{self.time % 1_000_000_000:09d}"

    def after(self, time: int) -> Place:
        """Give the place behind one more of `time`."""
        return Place(time, self.told + 1 if time == self.time else 1)


class Again:
    """
    Knows what comes again at the start of a stream that was asked for since a place.

    Args:
        place: How far it was told.

    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._left = place.told
        self._over = not place.time

    def __call__(self, time: int) -> bool:
        """Tell whether what came with `time` was told before."""
        if self._over:
            return False
        if time < self._place.time:
            return True
        if time == self._place.time and self._left:
            self._left -= 1
            return True
        self._over = True
        return False
