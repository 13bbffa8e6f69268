"""What is known of a service's items: enough to tell, after a break, what changed meanwhile."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any, Literal

import msgspec

LIMIT = 10_000
_LISTED = "="

State = Literal["new", "changed", "same"]


class Memory:
    """
    The items of one service by their ids, each as a hash.

    Args:
        known: What `dump` gave, or None if the service was never listed.

    Attributes:
        first: Whether the service was never listed.

    """

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self.first = known is None
        self._known = dict(known or {})
        self._fresh: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def __len__(self) -> int:
        return len(self._known)

    def dump(self) -> dict[str, str]:
        """Give what is to be kept."""
        return dict(self._known)

    def list(self, key: str, item: Any) -> State:
        """Take an item from a list, and tell what it is to us."""
        before = self._known.get(key)
        now = digest(item)
        self._remember(key, _LISTED + now)
        self._fresh.add(key)
        if before is None:
            return "new"
        return "same" if before.removeprefix(_LISTED) == now else "changed"

    def is_echo(self, key: str, item: Any) -> bool:
        """Take an item from an event, and tell whether a list has just told the same."""
        before = self._known.get(key, "")
        echo = key in self._fresh and before.removeprefix(_LISTED) == digest(item)
        self._fresh.discard(key)
        self._remember(key, (_LISTED if before.startswith(_LISTED) else "") + digest(item))
        return echo

    def forget(self, key: str) -> bool:
        """Take an item's removal, and tell whether it was known."""
        self._fresh.discard(key)
        return self._known.pop(key, None) is not None

    def gone(self, listed: Iterable[str], *, filtered: bool) -> Iterable[str]:
        """
        Forget what a whole list holds no more, and give the ids.

        Args:
            listed: The ids it holds.
            filtered: Whether it never held everything; then only what was listed before can be missed.

        """
        there = set(listed)
        gone = [
            key
            for key, known in self._known.items()
            if key not in there and (not filtered or known.startswith(_LISTED))
        ]
        for key in gone:
            del self._known[key]
        return gone

    def _remember(self, key: str, value: str) -> None:
        self._known.pop(key, None)
        self._known[key] = value
        if len(self._known) > LIMIT:
            del self._known[next(iter(self._known))]


def digest(item: Any) -> str:
    """
    Give a short fingerprint of an item, whatever the order of its fields.

    Raises:
        ValueError: If it cannot be written as JSON.

    """
    try:
        raw = msgspec.json.encode(item, order="deterministic")
    except (TypeError, OverflowError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return urlsafe_b64encode(blake2b(raw, digest_size=6).digest()).decode()


def read(cursor: str | None) -> dict[str, dict[str, str]]:
    """Read a cursor: what is known of each service; one that cannot be read counts as none."""
    try:
        return msgspec.json.decode(cursor or "{}", type=dict[str, dict[str, str]])
    except ValueError:
        return {}


def write(memories: Mapping[str, Memory]) -> str:
    """Write a cursor."""
    return msgspec.json.encode({name: memory.dump() for name, memory in memories.items()}).decode()
