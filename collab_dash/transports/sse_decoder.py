"""
Bytes of an event stream in, messages out: WHATWG HTML standard, section 9.2.6 "Interpreting an event stream".

No network and no asyncio. Where the bytes are cut makes no difference to what comes out. At the end of a stream
nothing is left to do: what is not complete is discarded, as the standard wants it.
"""

from __future__ import annotations

import re

from ..errors import FeedBroken
from . import Message

MAX_EVENT = 16 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_LF, _CR = 0x0A, 0x0D
_MAX_RETRY_DIGITS = 15
_lone_cr = re.compile(rb"\r(?!\n)").search


class SseDecoder:
    """
    Decodes one event stream.

    All whole lines of a chunk are decoded and split in one step each, and then looked at in one loop.

    Args:
        last_event_id: The id to start from, when a stream goes on after a break; None if there was never one.
        max_event: About the most bytes that an event may take while it is not complete.

    Attributes:
        last_event_id: The id that goes with a reconnection: the last one of a block that was ended by a blank line,
            with data or without. None as long as there was none, and empty once the source has emptied it.
        retry: The reconnection time the source asked for, in milliseconds, or None; known once its line is complete.
        comments: How many comments came so far; each is a sign of life.

    """

    def __init__(self, *, last_event_id: str | None = None, max_event: int = MAX_EVENT) -> None:
        self.last_event_id = last_event_id
        self.retry: int | None = None
        self.comments = 0
        self._max_event = max_event
        self._id = last_event_id
        self._name = ""
        self._data: list[str] = []
        self._counted = 0
        self._size = 0
        self._line = bytearray()
        self._at_start = True
        self._skip_lf = False

    def feed(self, chunk: bytes) -> list[Message]:
        """
        Take the next bytes and give the events they complete.

        A message's cursor is the stream's last event id at that event, as `last_event_id`.

        Raises:
            FeedBroken: If what is not yet an event is over the limit.

        """
        if self._at_start:
            chunk = self._past_bom(chunk)
        if self._skip_lf or b"\r" in chunk:
            chunk = self._normalise(chunk)
        cut = chunk.rfind(b"\n")
        if cut < 0:
            self._line += chunk
            self._check_size()
            return []
        if self._line:
            self._line += chunk[:cut]
            text = self._line.decode("utf-8", "replace")
            self._line.clear()
        else:
            text = chunk[:cut].decode("utf-8", "replace")
        messages = self._interpret(text.split("\n"))
        rest = chunk[cut + 1 :]
        if rest or self._data:
            self._line += rest
            self._check_size()
        return messages

    def _past_bom(self, chunk: bytes) -> bytes:
        """Drop one byte order mark; give nothing until something came that is none."""
        start = bytes(self._line) + chunk
        self._line.clear()
        if _BOM.startswith(start):
            self._line += start
            return b""
        self._at_start = False
        return start.removeprefix(_BOM)

    def _normalise(self, chunk: bytes) -> bytes:
        """Make every line end LF, without waiting for what follows a CR."""
        if not chunk:
            return chunk
        if self._skip_lf and chunk[0] == _LF:
            chunk = chunk[1:]
        self._skip_lf = chunk.endswith(b"\r")
        if _lone_cr(chunk) is None:
            return chunk.replace(b"\r", b"")  # four times as fast as to replace pairs
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _check_size(self) -> None:
        data = self._data
        if self._counted < len(data):
            self._size += sum(map(len, data[self._counted :])) + len(data) - self._counted
            self._counted = len(data)
        if self._size + len(self._line) > self._max_event:
            raise FeedBroken(f"an event of the stream is over {self._max_event:,} bytes long")

    def _interpret(self, lines: list[str]) -> list[Message]:
        """Give the events that these lines complete."""
        messages = []
        data = self._data
        for line in lines:
            if line:
                field, _, value = line.partition(": ")
                if field == "data":
                    data.append(value)
                elif field == "event":
                    self._name = value
                elif field == "id" and "\0" not in value:
                    self._id = value
                else:
                    self._process(line)
                continue
            if data:
                messages.append(Message("\n".join(data), self._name or "message", self._id))
                data.clear()
                self._counted = self._size = 0
            self._name = ""
            self.last_event_id = self._id
        return messages

    def _process(self, line: str) -> None:
        """Process a line that is not one of the usual fields written in the usual way."""
        field, _, value = line.partition(":")
        if value[:1] == " ":
            value = value[1:]
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        elif field == "id":
            if "\0" not in value:
                self._id = value
        elif field == "retry":
            self._set_retry(value)
        elif line[0] == ":":
            self.comments += 1

    def _set_retry(self, value: str) -> None:
        if value.isascii() and value.isdigit():
            digits = value.lstrip("0") or "0"
            self.retry = int(digits) if len(digits) <= _MAX_RETRY_DIGITS else 10**_MAX_RETRY_DIGITS
