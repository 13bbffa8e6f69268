"""
How the document and presence travel: the messages of the y-protocols, without I/O.

Both ends tell their state vector (step 1), answer the other's with what it lacks (step 2), and from then on send each
edit (update). See github.com/yjs/y-protocols, PROTOCOL.md; numbers are lib0's variable-length unsigned integers.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from ..errors import BadFrame


class Kind(IntEnum):
    """What a message is."""

    STEP1 = 0
    STEP2 = 1
    UPDATE = 2
    AWARENESS = 3
    ASK_AWARENESS = 4


class Message(NamedTuple):
    """
    One message.

    Args:
        kind: What it is.
        payload: A state vector, an update, or an awareness update; empty for a question.

    """

    kind: Kind
    payload: bytes


SYNC, AWARENESS, _AUTH, QUERY_AWARENESS = range(4)
_LONGEST = 9


def write(kind: Kind, payload: bytes = b"") -> bytes:
    """Write a message."""
    if kind is Kind.ASK_AWARENESS:
        return bytes((QUERY_AWARENESS,))
    head = bytes((AWARENESS,)) if kind is Kind.AWARENESS else bytes((SYNC, kind))
    return head + write_number(len(payload)) + payload


def denied(reason: str) -> bytes:
    """Write that something is not allowed: the one message of the y-protocols' auth.js."""
    text = reason.encode()
    return bytes((_AUTH, 0)) + write_number(len(text)) + text


def read(frame: bytes) -> Message:
    """
    Read a message.

    Raises:
        BadFrame: If it is not one that this protocol has.

    """
    reader = Reader(frame)
    kind = reader.number()
    if kind == SYNC:
        step = reader.number()
        if step > Kind.UPDATE:
            raise BadFrame(f"no sync message of kind {step} is known")
        return Message(Kind(step), reader.last_block())
    if kind == AWARENESS:
        return Message(Kind.AWARENESS, reader.last_block())
    if kind == QUERY_AWARENESS:
        return Message(Kind.ASK_AWARENESS, b"")
    raise BadFrame(f"no binary message of kind {kind} is known")


class Presence(NamedTuple):
    """
    What one client tells of itself, see y-protocols' awareness.js.

    Args:
        client: The client's number in the document.
        clock: Rises with each change.
        state: JSON text; ``null`` when it is gone.

    """

    client: int
    clock: int
    state: bytes


def write_presence(entries: list[Presence]) -> bytes:
    """Write an awareness update."""
    parts = [write_number(len(entries))]
    for client, clock, state in entries:
        parts += (write_number(client), write_number(clock), write_number(len(state)), state)
    return b"".join(parts)


def count_presence(payload: bytes) -> int:
    """
    Tell of how many clients an awareness update says it tells.

    Raises:
        BadFrame: If it does not.

    """
    return Reader(payload).number()


def read_presence(payload: bytes) -> list[Presence]:
    """
    Read an awareness update.

    Raises:
        BadFrame: If it is not one.

    """
    reader = Reader(payload)
    return [Presence(reader.number(), reader.number(), reader.block()) for _ in range(reader.number())]


def write_number(number: int) -> bytes:
    """Write a variable-length unsigned integer: seven bits a byte, lowest first."""
    written = bytearray()
    while number > 0x7F:
        written.append(0x80 | number & 0x7F)
        number >>= 7
    written.append(number)
    return bytes(written)


class Reader:
    """
    Reads one frame from its start.

    Args:
        frame: What came.

    """

    def __init__(self, frame: bytes) -> None:
        self._frame = frame
        self._at = 0

    def number(self) -> int:
        """
        Read a variable-length unsigned integer.

        Raises:
            BadFrame: If the frame ends before, or the number has no end.

        """
        at = self._at
        if at < len(self._frame) and (number := self._frame[at]) < 0x80:  # most are so small
            self._at += 1
            return number
        number = 0
        for place, byte in enumerate(self._frame[at : at + _LONGEST]):
            number |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                self._at += place + 1
                return number
        raise BadFrame("a binary frame ends in the middle of a number")

    def block(self) -> bytes:
        """
        Read bytes with their length before them.

        Raises:
            BadFrame: If the frame ends before.

        """
        size = self.number()
        start, self._at = self._at, self._at + size
        if self._at > len(self._frame):
            raise BadFrame(f"a binary frame ends {self._at - len(self._frame)} bytes too early")
        return self._frame[start : self._at]

    def last_block(self) -> bytes:
        """
        Read bytes with their length before them, after which nothing follows.

        Raises:
            BadFrame: If the frame ends before, or does not end there.

        """
        found = self.block()
        if self._at != len(self._frame):
            raise BadFrame(f"a binary frame has {len(self._frame) - self._at} bytes too many")
        return found
