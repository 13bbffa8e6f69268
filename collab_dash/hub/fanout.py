"""Deliver what was recorded: each batch is encoded once for all subscribers that want the same feeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..event import Record, encode


class Format(Protocol):
    """How a door wraps what it sends for its kind of link."""

    def wrap(self, events: Sequence[bytes]) -> bytes:
        """Give the bytes that carry these events, ready to be written to any link of this kind."""

    def pack(self, messages: Sequence[bytes]) -> bytes:
        """Give the bytes that carry these binary messages, likewise."""


class Receiver(Protocol):
    """A subscriber, as seen from here."""

    @property
    def feeds(self) -> frozenset[str] | None:
        """The feeds it wants, None for all."""

    @property
    def format(self) -> Format:
        """How its link wants events wrapped."""

    def offer(self, last: int | None, wrapped: bytes) -> None:
        """Take a batch that ends at offset `last` (None: not recorded), or fall behind; never waits."""


class Fanout:
    """
    Everybody who receives, grouped by what they receive.

    Attributes:
        last: The offset of the last delivered event; changes only together with the delivery.

    """

    def __init__(self, last: int) -> None:
        self.last = last
        self._groups: dict[tuple[Format, frozenset[str] | None], set[Receiver]] = {}

    def add(self, receiver: Receiver) -> None:
        """Deliver to `receiver` from the next batch on."""
        self._groups.setdefault((receiver.format, receiver.feeds), set()).add(receiver)

    def discard(self, receiver: Receiver) -> None:
        """Deliver to `receiver` no more."""
        key = (receiver.format, receiver.feeds)
        group = self._groups.get(key, set())
        group.discard(receiver)
        if not group:
            self._groups.pop(key, None)

    def deliver(self, first: int | None, records: Sequence[Record]) -> None:
        """
        Offer a batch to everybody.

        Args:
            first: The offset of the first record; None if the batch could not be recorded.
            records: In the order of the log.

        """
        last = None if first is None else first + len(records) - 1
        if last is not None:
            self.last = last
        if not self._groups:
            return
        numbers = [None] * len(records) if first is None else range(first, first + len(records))
        events = [encode(number, entry) for number, entry in zip(numbers, records, strict=True)]
        for (format_, feeds), group in tuple(self._groups.items()):
            wanted = events if feeds is None else _of_feeds(feeds, records, events)
            wrapped = format_.wrap(wanted) if wanted else b""
            for receiver in tuple(group):
                receiver.offer(last, wrapped)


def _of_feeds(feeds: frozenset[str], records: Sequence[Record], events: Sequence[bytes]) -> list[bytes]:
    return [event for entry, event in zip(records, events, strict=True) if entry.feed in feeds]
