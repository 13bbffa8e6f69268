"""The document itself: a CRDT with our roots, and what an update changed of its contents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pycrdt

from ..event import unix_ms
from .contents import Contents
from .entries import ENTRIES, SINGLES
from .sync import Reader

Changed = set[tuple[str, str]]

NOTHING = b"\x00\x00"
MANY = 100


class BadUpdate(Exception):
    """Bytes that are not an update of a document, or one that builds on edits that are not here."""


class Document(Contents):
    """
    A replica of the shared document.

    What an edit or an update changed is gathered until `settle`; until then the entries are as they were before.

    Args:
        updates: What to begin from.
        undoing: Whether an undo manager will work on it. Then the content of what is deleted is kept: the library keeps
            what may be undone, but not what that stands in, and reads freed memory.
        like: A document that had the same `updates` and no others when it was last settled. Its entries are taken,
            which is much faster than to read them.

    Raises:
        BadUpdate: If one of `updates` is none.

    """

    def __init__(self, *updates: bytes, undoing: bool = False, like: Document | None = None) -> None:
        super().__init__()
        self.doc = pycrdt.Doc[Any](skip_gc=undoing)
        self.roots: dict[str, pycrdt.Map[Any]] = {}
        self._changed: Changed = set()
        self._updates: list[bytes] = []
        self._made: dict[tuple[str, str], dict[str, Any]] = {}
        self._subscriptions: list[pycrdt.Subscription] = []
        for name in (*ENTRIES, *SINGLES):
            self.roots[name] = self.doc.get(name, type=pycrdt.Map)
        for update in updates:
            self.apply(update)
        if like is None:
            self._changed = {(name, id_) for name, root in self.roots.items() for id_ in list(root.keys())}
            self.settle()
        else:
            self.take_over(like)
        for name, root in self.roots.items():
            self._subscriptions.append(root.observe_deep(partial(self._note, name)))
        self._subscriptions.append(self.doc.observe(lambda event: self._updates.append(event.update)))

    # Updates

    @property
    def state(self) -> bytes:
        """The state vector: how much of everybody's edits is here."""
        return self.doc.get_state()

    def since(self, state: bytes | None = None) -> bytes:
        """
        Give the update that brings a replica up to date.

        Args:
            state: The replica's state vector; None for a new replica.

        Raises:
            BadUpdate: If `state` is not one.

        """
        with _decoding():
            return self.doc.get_update(state)

    def apply(self, update: bytes) -> bytes:
        """
        Merge an update.

        Returns:
            What of it was news here, empty if nothing was.

        Raises:
            BadUpdate: If it is not one, or is about another document.

        """
        if update == NOTHING:
            return b""
        with _decoding():
            self.doc.apply_update(update)
        return self._news()

    def lacks(self, update: bytes) -> bool:
        """
        Tell whether an update holds edits that are not merged here, since they build on others that are not here.

        Such edits wait in the document, and merge together with whatever brings those others.

        Raises:
            BadUpdate: If it is not one.

        """
        with _decoding():
            rest = pycrdt.get_update(update, self.state)
        return _has_edits(rest) or _deletes_beyond(rest, self.state)

    def ahead_of(self, state: bytes) -> bool:
        """
        Tell whether edits are here that a replica with a state vector lacks.

        Raises:
            BadUpdate: If it is not one.

        """
        return _has_edits(self.since(state))

    @contextmanager
    def edit(self, origin: object) -> Iterator[Document]:
        """Let the block's edits be one update; `news` gives it afterwards."""
        self._made = {}
        with self.doc.transaction(origin=origin):
            yield self
        if self._made:
            self._bring_in(origin)

    def make(self, root: str, id_: str, fields: dict[str, Any]) -> None:
        """Add a page, pane or rule at the end of the block of `edit`."""
        self._made[root, id_] = fields

    def last_made(self, root: str) -> str:
        """Give the order of the last entry that this block of `edit` adds to a root, empty for none."""
        return max((fields["order"] for (of, _), fields in self._made.items() if of == root), default="")

    def _bring_in(self, origin: object) -> None:
        """
        Add entries as gone, then let them be there.

        Whoever undoes it undoes the second step alone: the entry stays, with whatever others do to it. An entry that is
        deleted by undo comes back by redo without the fields that others have set.
        """
        with self.doc.transaction(origin="made"):
            for (root, id_), fields in self._made.items():
                self.roots[root][id_] = pycrdt.Map(fields | {"gone": unix_ms()})
        with self.doc.transaction(origin=origin):
            for root, id_ in self._made:
                del self.roots[root][id_]["gone"]

    def news(self) -> bytes:
        """Give what was edited since the last call as one update, empty if nothing was."""
        return self._news()

    def _news(self) -> bytes:
        updates, self._updates = self._updates, []
        if not updates:
            return b""
        return updates[0] if len(updates) == 1 else pycrdt.merge_updates(*updates)

    def _note(self, root: str, events: list[Any]) -> None:
        for event in events:
            if event.path:
                self._changed.add((root, str(event.path[0])))
            else:
                self._changed.update((root, key) for key in event.keys)

    # Entries

    @property
    def changed(self) -> Changed:
        """Which entries, by root and id, changed since they were last settled."""
        return self._changed

    def raw(self, root: str, id_: str) -> Any:
        """Give what stands at a place as JSON, None for nothing."""
        value = self.roots[root].get(id_)
        return value.to_py() if isinstance(value, pycrdt.Map) else value

    def settle(self) -> Changed:
        """Bring the entries up to date, and tell which changed."""
        changed, self._changed = self._changed, set()
        for root in ENTRIES:
            self._read(root, [id_ for among, id_ in changed if among == root])
        for root in SINGLES:
            if any(among == root for among, _ in changed):
                self.put_single(root, self.roots[root].to_py())
        return changed

    def _read(self, root: str, ids: list[str]) -> None:
        values = self.roots[root].to_py() if len(ids) > MANY else None  # at one go: each look costs as much as an entry
        for id_ in ids:
            value = self.raw(root, id_) if values is None else values.get(id_)
            self.put(root, id_, value)


def _has_edits(update: bytes) -> bool:
    return update[:1] != NOTHING[:1]  # an update begins with how many clients' edits follow


def _deletes_beyond(deletions: bytes, state: bytes) -> bool:
    """Tell whether an update that has no edits but deletions is about edits that a state vector does not have."""
    have = Reader(state)
    known = {have.number(): have.number() for _ in range(have.number())}
    reader = Reader(deletions)
    reader.number()
    for _ in range(reader.number()):
        end = known.get(reader.number(), 0)
        if any(reader.number() + reader.number() > end for _ in range(reader.number())):
            return True
    return False


@contextmanager
def _decoding() -> Iterator[None]:
    """Let nothing but `BadUpdate` out, whatever the library makes of a stranger's bytes: a panic is no `Exception`."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise BadUpdate(f"not an update of a shared document: {error}") from None
