"""Telling items apart that a source lists again and again."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import TypeVar

import msgspec

from . import Message
from .polling import PollCursor

ItemT = TypeVar("ItemT")

_WIDTH = 8  # characters of a hash in the dump: 48 bits
_CHECKPOINTS = 100


class Seen:
    """
    Remembers which items were shown, so that none is shown twice and an edited one is shown again.

    An item is known by its key and told from its other versions by a version or its content. An item that
    returns to an earlier version counts as edited; a list may hold several items of one key. It remembers
    at least every item of the latest list, and up to `limit` keys of earlier ones.

    Args:
        dump: What `dump` gave, to go on from there.
        limit: How many keys to remember of earlier lists.

    """

    def __init__(self, dump: str = "", *, limit: int = 2048) -> None:
        self._limit = limit
        self._known: dict[str, set[str]] = {}
        self._listed: dict[str, set[str]] = {}
        for entry in dump.split():
            name, *versions = (entry[start : start + _WIDTH] for start in range(0, len(entry), _WIDTH))
            self._known.setdefault(name, set()).update(versions)

    def add(self, key: str | bytes | None, version: str | bytes) -> str | None:
        """
        Remember an item of the list being read.

        Args:
            key: What names the item, or None if nothing but its content does.
            version: Its version, or its content.

        Returns:
            An item not shown yet: what to append to a `dump` so that it is remembered there. Otherwise None.

        """
        digest = _hash(version)
        name = digest if key is None else _hash(key)
        new = digest not in self._known.get(name, ()) and digest not in self._listed.get(name, ())
        self._listed.setdefault(name, set()).add(digest)
        return f" {name}{digest}" if new else None

    def knows(self, key: str | bytes) -> bool:
        """Tell whether an item of this key was listed before."""
        name = _hash(key)
        return name in self._known or name in self._listed

    def end_of_list(self) -> None:
        """Forget the versions that the list just read no longer holds, and the oldest keys over the limit."""
        for name, versions in reversed(self._listed.items()):  # the top of a long list is what is looked at again
            self._known.pop(name, None)
            self._known[name] = versions
        excess = len(self._known) - max(self._limit, len(self._listed))
        for name in list(self._known)[: max(excess, 0)]:
            del self._known[name]
        self._listed = {}

    def dump(self) -> str:
        """Give what was remembered up to the last `end_of_list`, as text."""
        return " ".join(name + "".join(sorted(versions)) for name, versions in self._known.items())


class Listing:
    """
    A polled document that lists items: gives the new ones, each with the cursor that remembers it.

    ::

        listing = Listing(context.cursor)
        async with polling.connect(url, cursor=context.cursor) as messages:
            async for message in messages:
                for event, cursor in listing.unseen(message, [(event, event.key, version), ...]):
                    context.cursor = cursor
                    yield event
                context.cursor = listing.cursor

    For a list that comes in pages, give `polling.connect` a ``Paging(next, listing.wants_more)``.

    Args:
        cursor: The cursor as it was last kept.

    Attributes:
        cursor: After a list, or a page, was read to its end.

    """

    def __init__(self, cursor: str | None) -> None:
        self.cursor = cursor
        kept = PollCursor.parse(cursor)
        self._seen = Seen(kept.seen)
        self._mending = kept.unfinished
        self._pages: str | None = None
        self._more = False

    def knows(self, key: str) -> bool:
        """Tell whether an item of this key was listed before the message that is read next."""
        return self._seen.knows(key)

    def wants_more(self) -> bool:
        """Tell whether the next page may hold anything new: this one did, or a hub ended in the midst of pages."""
        return self._more

    def unseen(
        self, message: Message, items: Iterable[tuple[ItemT, str | None, str | bytes]]
    ) -> Iterator[tuple[ItemT, str | None]]:
        """
        Yield the items that were not shown yet, each with the cursor to keep once it is recorded.

        Until the last one, the cursor still has the document fetched again, so that a hub that ends in the
        midst goes on there. A list of very many new items moves the cursor a hundred times.

        Args:
            message: What `polling.connect` gave.
            items: Each with what names it, or None, and its version or content.

        """
        before, after = PollCursor.parse(self.cursor), PollCursor.parse(message.cursor)
        entries = [(item, self._seen.add(key, version)) for item, key, version in items]
        new = [(item, entry) for item, entry in entries if entry is not None]
        self._more = bool(new) or self._mending
        dump = self._seen.dump() if self._pages is None else self._pages
        if after.unfinished and self._more:
            self._pages = dump + "".join(entry for _, entry in new)
            self.cursor = str(PollCursor(seen=self._pages, unfinished=True))
        else:
            self._seen.end_of_list()
            self._pages, self._mending = None, False
            self.cursor = str(msgspec.structs.replace(after, seen=self._seen.dump(), unfinished=False))
        midst = msgspec.structs.replace(before, unfinished=before.unfinished or after.unfinished)
        yield from self._with_cursors(new, midst, dump)

    def _with_cursors(
        self, new: list[tuple[ItemT, str]], midst: PollCursor, dump: str
    ) -> Iterator[tuple[ItemT, str | None]]:
        kept: str | None = None if midst == PollCursor() else str(midst)
        end, step = self.cursor, max(len(new) // _CHECKPOINTS, 1)
        for number, (item, entry) in enumerate(new, 1):
            dump += entry
            if number == len(new):
                kept = end
            elif number % step == 0:
                kept = str(msgspec.structs.replace(midst, seen=dump))
            yield item, kept


def _hash(value: str | bytes) -> str:
    raw = value.encode(errors="surrogatepass") if isinstance(value, str) else value
    return urlsafe_b64encode(blake2b(raw, digest_size=6).digest()).decode()
