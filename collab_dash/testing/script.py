"""What a replica plays, what it was told to do wrong, and what it heard; shared by its doors."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from ..transports import Message


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

    kind: Literal["none", "answer", "garbage", "cut", "silent"] = "none"
    after: int = 0
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Script:
    """
    Messages and faults in order, and a way to wait for what happens.

    Attributes:
        messages: Played to every client.
        requests: What clients asked, in order.
        received: What WebSocket clients sent, in order.
        ended: The close code and reason once the streams are to end, or None.

    """

    def __init__(self, messages: Iterable[Any], *, end: bool) -> None:
        self.messages = [as_message(message) for message in messages]
        self.requests: list[ReplicaRequest] = []
        self.received: list[str | bytes] = []
        self.ended: tuple[int, str] | None = (1000, "") if end else None
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

    async def has(self, number: int, fault: Fault) -> bool:
        """Wait for the message of that number; False means that this stream ends here."""
        if fault.kind == "silent" and number >= fault.after:
            await asyncio.Event().wait()
        if fault.kind == "cut" and number >= fault.after:
            return False
        await self.until(lambda: number < len(self.messages) or self.ended is not None)
        return number < len(self.messages)


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
