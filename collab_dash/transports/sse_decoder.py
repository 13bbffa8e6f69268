"""
Bytes of an event stream in, messages out: WHATWG HTML standard, section 9.2.6 "Interpreting an event stream".

No network and no asyncio. Where the bytes are cut makes no difference to what comes out.
"""

from __future__ import annotations

import re

from ..errors import FeedBroken
from . import Message

MAX_EVENT = 16 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_MAX_RETRY_DIGITS = 12

_blocks = re.compile(
    r"(?:event: ?+([^\n]*)\n|id: ?+([^\n\0]+)\n)*data: ?+([^\n]+)\n\n"  # one line of data, after its fields
    r"|((?:[^\n]++\n)++)\n"  # any other block
    r"|\n"
).findall


class SseDecoder:
    """
    Decodes one event stream.

    Bytes are searched once for blank lines, and everything before the last one is decoded and split in bulk.

    Args:
        last_event_id: The id to start from, when a stream goes on after a break.
        max_event: The most bytes one event may take.

    Attributes:
        last_event_id: The id of the last event that was dispatched; it persists over events without one.
        retry: The reconnection time the source asked for, in milliseconds, or None; known once the event that
            holds it is complete, or the stream has ended.
        comments: How many comments came so far; each is a sign of life.

    """

    def __init__(self, *, last_event_id: str = "", max_event: int = MAX_EVENT) -> None:
        self.last_event_id = last_event_id
        self.retry: int | None = None
        self.comments = 0
        self._max_event = max_event
        self._id = last_event_id
        self._rest = bytearray()
        self._at_start = True
        self._skip_lf = False

    def feed(self, chunk: bytes) -> list[Message]:
        """
        Take the next bytes and give the events they complete.

        Raises:
            FeedBroken: If what is not yet an event is over the limit.

        """
        rest = self._rest
        searched = max(len(rest) - 1, 0)
        rest += self._normalise(chunk)
        if self._at_start and not self._past_bom():
            return []
        if rest.find(b"\n\n", searched) < 0:
            self._drop_leading_comments()
            self._check_size(len(rest))
            return []
        end = rest.rfind(b"\n\n") + 2
        text = rest[:end].decode("utf-8", "replace")
        del rest[:end]
        messages = self._messages(text)
        self._check_size(len(rest))
        return messages

    def end(self) -> None:
        """Take the end of the stream: an incomplete event is discarded, a complete ``retry`` line is not."""
        complete, _, _ = self._rest.rpartition(b"\n")
        self._rest.clear()
        self._dispatch(complete.decode("utf-8", "replace"))

    def _normalise(self, chunk: bytes) -> bytes:
        """Make every line end LF, without waiting for what follows a CR."""
        if not chunk:
            return chunk
        if self._skip_lf and chunk[0] == 0x0A:
            chunk = chunk[1:]
            if not chunk:
                self._skip_lf = False
                return chunk
        self._skip_lf = chunk[-1] == 0x0D
        if b"\r" in chunk:
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return chunk

    def _past_bom(self) -> bool:
        """Drop a byte order mark; False while too few bytes came to tell."""
        if len(self._rest) < len(_BOM) and _BOM.startswith(self._rest):
            return False
        self._at_start = False
        if self._rest.startswith(_BOM):
            del self._rest[: len(_BOM)]
        return True

    def _drop_leading_comments(self) -> None:
        """Keep a stream of nothing but comments from growing for ever."""
        while self._rest.startswith(b":") and (end := self._rest.find(b"\n")) >= 0:
            self.comments += 1
            del self._rest[: end + 1]

    def _check_size(self, size: int) -> None:
        if size > self._max_event:
            raise FeedBroken(f"an event of the stream is over {self._max_event:,} bytes long")

    def _messages(self, text: str) -> list[Message]:
        """Give the events of whole blocks, the common ones by one pass of the regular expression engine."""
        messages = []
        for name, new_id, data, other in _blocks(text):
            if data:
                if new_id:
                    self._id = new_id
                messages.append(Message(data, name or "message", self._id or None))
            elif other and (message := self._dispatch(other)) is not None:
                messages.append(message)
        self.last_event_id = self._id
        return messages

    def _dispatch(self, block: str) -> Message | None:
        data: list[str] = []
        name = ""
        for line in block.split("\n"):
            field, colon, value = line.partition(":")
            if value[:1] == " ":
                value = value[1:]
            if field == "data":
                data.append(value)
            elif field == "event":
                name = value
            elif field == "id":
                if "\0" not in value:
                    self._id = value
            elif field == "retry":
                self._set_retry(value)
            elif colon and not field:
                self.comments += 1
        return Message("\n".join(data), name or "message", self._id or None) if data else None

    def _set_retry(self, value: str) -> None:
        if value.isascii() and value.isdigit():
            self.retry = int(value.lstrip("0")[:_MAX_RETRY_DIGITS] or "0")
