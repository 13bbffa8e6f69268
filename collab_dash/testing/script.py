"""What a replica plays, what it was told to do wrong, and what it heard; shared by its doors."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Literal

import msgspec

from ..transports import Message
from .skew import skewed


@dataclass(frozen=True)
class ReplicaRequest:
    """
    What a client asked of a `ReplicaServer`.

    Args:
        method: Such as ``GET``.
        path: Without the query.
        query: Its parameters, the last one where a name is repeated.
        headers: By lower-case name.

    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Fault:
    """How a connection goes wrong: ``cut`` and ``silent`` after some messages, the others at once."""

    kind: Literal["none", "answer", "garbage", "cut", "silent", "mute"] = "none"
    after: int = 0
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Manner:
    """
    How messages are played, to every client and until it is changed.

    Args:
        pause: Seconds before each message, or each byte.
        bytewise: Whether bytes are sent one by one.
        repeat: How often each message is played.
        swapped: Whether every two messages change places.
        skew: Seconds by which the replica's clock is wrong.
        times: The names under which times stand in messages.

    """

    pause: float = 0.0
    bytewise: bool = False
    repeat: int = 1
    swapped: bool = False
    skew: float = 0.0
    times: Collection[str] = ()


class Script:
    """
    Messages and faults in order, and a way to wait for what happens.

    A client is played one message after the other, by place; the manner says which message has which place.

    Attributes:
        messages: Played to every client.
        manner: How.
        requests: What clients asked, in order.
        received: What WebSocket clients sent, in order.
        ended: The close code and reason once the streams are to end, or None.

    """

    def __init__(self, messages: Iterable[Any], *, end: bool, once: bool = False) -> None:
        self.messages = [as_message(message) for message in messages]
        self.manner = Manner()
        self.requests: list[ReplicaRequest] = []
        self.received: list[str | bytes] = []
        self.ended: tuple[int, str] | None = (1000, "") if end else None
        self._once = once
        self._heard = 0
        self._faults: deque[Fault] = deque()
        self._pulse = asyncio.Event()

    def happened(self) -> None:
        """Have every condition that somebody waits for looked at again."""
        self._pulse.set()
        self._pulse = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds."""
        while not condition():
            await self._pulse.wait()

    def add_fault(self, fault: Fault, times: int) -> None:
        """Have the next `times` connections go wrong like this."""
        self._faults.extend([fault] * times)

    def next_fault(self) -> Fault:
        """Give the fate of a new connection."""
        return self._faults.popleft() if self._faults else Fault()

    def start(self, cursor: str | None = None) -> int:
        """
        Give a client's first place.

        Args:
            cursor: What the client says it heard last.

        """
        ids = [self.cursor(number) for number in range(len(self.messages))] if cursor else []
        if cursor in ids:
            return (ids.index(cursor) + 1) * self.manner.repeat
        return self._heard if self._once else 0

    def cursor(self, number: int) -> str:
        """Name a message: its own cursor, or its number counted from 1."""
        return self.messages[number].cursor or str(number + 1)

    def number(self, place: int) -> int:
        """Give the number of the message at a place."""
        number = place // self.manner.repeat
        alone = self.ended is not None and max(number, number ^ 1) >= len(self.messages)
        return number ^ 1 if self.manner.swapped and not alone else number

    def message(self, number: int) -> Message:
        """Give a message as it is to be played."""
        message, manner = self.messages[number], self.manner
        return skewed(message, manner.skew, manner.times) if manner.times else message

    def was_heard(self, place: int) -> None:
        """Know that a client was sent the message at that place, whole."""
        self._heard = max(self._heard, place + 1)

    async def has(self, place: int, fault: Fault) -> bool:
        """Wait for the message at a place; False means that this stream ends here."""
        if fault.kind == "silent" and place >= fault.after:
            await asyncio.Event().wait()
        if fault.kind == "cut" and place >= fault.after:
            return False
        await self.until(lambda: self.number(place) < len(self.messages) or self.ended is not None)
        if self.manner.pause and not self.manner.bytewise:
            await asyncio.sleep(self.manner.pause)
        return self.number(place) < len(self.messages)

    def date(self) -> str:
        """Give the time by the replica's clock, as HTTP writes it."""
        return formatdate(time.time() + self.manner.skew, usegmt=True)

    async def write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        """Send in the manner asked for, and wait for a client that is slow to read."""
        if not self.manner.bytewise:
            writer.write(data)
            await writer.drain()
            return
        for byte in data:
            await asyncio.sleep(self.manner.pause)
            writer.write(bytes([byte]))
            await writer.drain()


def as_message(value: Any) -> Message:
    """Give a message: text and bytes as they are, anything else as JSON."""
    if isinstance(value, Message):
        return value
    return Message(value if isinstance(value, str | bytes) else msgspec.json.encode(value).decode())


def raw(message: Message) -> bytes:
    """Give a message's bytes."""
    return message.data.encode() if isinstance(message.data, str) else message.data


def as_json(message: Message) -> Any:
    """Give what a message's JSON says, or its text if it is no JSON."""
    try:
        return msgspec.json.decode(message.data)
    except msgspec.DecodeError:
        return raw(message).decode(errors="replace")
