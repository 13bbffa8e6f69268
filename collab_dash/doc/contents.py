"""What stands in a document: its entries as structs, and what they make together."""

from __future__ import annotations

from typing import Any

import msgspec

from ..board import Board, Page, Pane
from ..rules import Rule
from .entries import (
    ENTRIES,
    SINGLES,
    ChatLine,
    Mark,
    MetaEntry,
    Note,
    PageEntry,
    PaneEntry,
    Resolution,
    RoomEntry,
    RuleEntry,
    read_entry,
)

_PANE_FIELDS = tuple(field for field in Pane.__struct_fields__ if field != "id")
_RULE_FIELDS = tuple(field for field in Rule.__struct_fields__ if field != "id")


class Contents:
    """
    The entries of a document.

    What does not fit its shape is left out: a newer version's, or what a program wrote past the hub.

    Attributes:
        entries: By root and id.
        room: What holds for every pane.
        meta: Which document it is.

    """

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {name: {} for name in ENTRIES}
        self.room = RoomEntry()
        self.meta = MetaEntry()

    def take_over(self, other: Contents) -> None:
        """Have the entries of another, which go their own way from now on."""
        self.entries = {name: entries.copy() for name, entries in other.entries.items()}
        self.room, self.meta = other.room, other.meta

    def put(self, root: str, id_: str, value: Any) -> None:
        """Have what is JSON for an entry; None for nothing."""
        try:
            self.entries[root][id_] = read_entry(root, value)
        except msgspec.ValidationError:
            self.entries[root].pop(id_, None)

    def put_single(self, root: str, value: Any) -> None:
        """Have what is JSON for a root that is one entry."""
        try:
            entry = read_entry(root, value)
        except msgspec.ValidationError:
            entry = SINGLES[root]()
        setattr(self, root, entry)

    @property
    def pages(self) -> dict[str, PageEntry]:
        """The pages that are there, in order."""
        return _there(self.entries["pages"])

    @property
    def panes(self) -> dict[str, PaneEntry]:
        """The panes that are there, on whatever page, in order."""
        return _there(self.entries["panes"])

    @property
    def rules(self) -> list[Rule]:
        """The rules that are there, in order."""
        there: dict[str, RuleEntry] = _there(self.entries["rules"])
        return [Rule(id=id_, **{name: getattr(entry, name) for name in _RULE_FIELDS}) for id_, entry in there.items()]

    @property
    def marks(self) -> dict[str, Mark]:
        """Every mark."""
        return self.entries["marks"]

    @property
    def notes(self) -> dict[str, Note]:
        """Every note."""
        return self.entries["notes"]

    @property
    def resolved(self) -> dict[str, Resolution]:
        """Whose threads are settled, by the mark's id."""
        return self.entries["resolved"]

    @property
    def chat(self) -> dict[str, ChatLine]:
        """Everything said."""
        return self.entries["chat"]

    def board(self, like: Board) -> Board:
        """
        Give the board.

        Args:
            like: What is not in the document: session, label, feeds, tastes.

        """
        panes: dict[str, list[Pane]] = {}
        for id_, entry in self.panes.items():
            panes.setdefault(entry.page, []).append(_pane(id_, entry))
        pages = (Page(id=id_, title=page.title, panes=tuple(panes.get(id_, ()))) for id_, page in self.pages.items())
        return msgspec.structs.replace(like, pages=tuple(pages))


def _there(entries: dict[str, Any]) -> dict[str, Any]:
    ids = sorted((entry.order, id_) for id_, entry in entries.items() if not entry.gone)
    return {id_: entries[id_] for _, id_ in ids}


def _pane(id_: str, entry: PaneEntry) -> Pane:
    return Pane(id=id_, **{name: getattr(entry, name) for name in _PANE_FIELDS})
