"""What waits to be read."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from itertools import count
from typing import Generic, TypeVar

T = TypeVar("T")


class Pending(Generic[T]):
    """
    A bounded queue in which news supersedes older news of the same matter that nobody has read yet.

    Args:
        limit: How many entries may wait before `put` does.
        matter: Gives what an entry is news of; None where each entry counts, and waits for room.

    """

    def __init__(self, limit: int, matter: Callable[[T], Hashable | None]) -> None:
        self._limit = limit
        self._matter = matter
        self._entries: OrderedDict[Hashable, T] = OrderedDict()
        self._numbers = count()
        self._filled = asyncio.Event()
        self._room = asyncio.Event()

    def __len__(self) -> int:
        return len(self._entries)

    async def put(self, entry: T, *, last: bool = False) -> None:
        """
        Add an entry; one that supersedes takes the older one's place and never waits.

        Args:
            entry: What is to be read.
            last: Whether one that supersedes goes behind what has come since the older one, instead.

        """
        key = self._matter(entry)
        if key is None:
            while len(self._entries) >= self._limit:
                self._room.clear()
                await self._room.wait()
            key = next(self._numbers)
        elif last:
            self._entries.pop(key, None)
        self._entries[key] = entry
        self._filled.set()

    async def get(self) -> T:
        """Take the first entry, waiting for one."""
        while not self._entries:
            self._filled.clear()
            await self._filled.wait()
        self._room.set()
        return self._entries.popitem(last=False)[1]
