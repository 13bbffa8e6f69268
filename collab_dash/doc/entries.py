"""
What may stand in the shared document: the shape of every entry, as structs.

Each of the document's roots is a map from an entry's id to the entry. What two people may edit at once, field by field,
is itself a shared map (pages, panes, rules); what is written whole by one person is a plain JSON value (marks, notes,
chat). An entry that is taken off the board stays, with the time it went: taking it back is an edit like any other, and
whatever somebody else did to it meanwhile is kept.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ..board import Pane
from ..rules import MAX_RULES, Rule

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Line = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(min_length=1, max_length=4000)]
Order = Annotated[str, Meta(min_length=1, max_length=128)]
Moment = Annotated[int, Meta(ge=0, le=1 << 52)]

ROOM_FILTER = "filter"


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of every entry: an unknown field is a fault."""


class Author(Entry, frozen=True, kw_only=True):
    """
    Whose an entry is.

    Args:
        id: Their public id; empty for a program that has none.
        name: What they were called when they wrote it.
        color: The colour they had.

    """

    id: Annotated[str, Meta(max_length=64)] = ""
    name: Annotated[str, Meta(max_length=64)] = ""
    color: Annotated[str, Meta(max_length=24)] = ""


class PageEntry(Entry, frozen=True, kw_only=True):
    """
    A page.

    Args:
        title: On its tab.
        order: Its place among the pages, see `order`.
        gone: When it was closed, Unix milliseconds; 0 while it is there.

    """

    title: Line = ""
    order: Order
    gone: Moment = 0


class PaneEntry(Pane, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    A pane: what `board.Pane` has, and where it is.

    Args:
        page: The id of its page.
        order: Its place on the page.
        gone: When it was closed, Unix milliseconds; 0 while it is there.

    """

    page: Id
    order: Order
    gone: Moment = 0


class RuleEntry(Rule, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """
    A rule: what `rules.Rule` has, and its place.

    Args:
        order: Its place among the rules.
        gone: When it was taken away, Unix milliseconds; 0 while it is there.

    """

    id: str = ""
    order: Order
    gone: Moment = 0


class Mark(Entry, frozen=True, kw_only=True):
    """
    An event, or a moment, that somebody pinned.

    Args:
        offset: The event's offset; None for a moment.
        feed: The event's feed.
        key: The event's key.
        time: The event's time, or the moment, Unix milliseconds.
        text: The event in one line, as it was shown.
        by: Who pinned it.
        at: When, Unix milliseconds.

    """

    offset: Moment | None = None
    feed: Line = ""
    key: Annotated[str, Meta(max_length=1000)] | None = None
    time: Moment
    text: Annotated[str, Meta(max_length=500)] = ""
    by: Author
    at: Moment


class Note(Entry, frozen=True, kw_only=True):
    """
    A comment on a mark.

    Args:
        mark: The mark's id.
        text: What it says.
        by: Who wrote it.
        at: When, Unix milliseconds.
        edited: When it was last changed; 0 for never.

    """

    mark: Id
    text: Text
    by: Author
    at: Moment
    edited: Moment = 0


class Resolution(Entry, frozen=True, kw_only=True):
    """A mark's thread is settled: who said so, and when."""

    by: Author
    at: Moment


class ChatLine(Entry, frozen=True, kw_only=True):
    """Something said to all."""

    text: Text
    by: Author
    at: Moment


class RoomEntry(Entry, frozen=True, kw_only=True):
    """What holds for every pane. `filter` is an expression, empty for none."""

    filter: Annotated[str, Meta(max_length=2000)] = ""


class MetaEntry(Entry, frozen=True, kw_only=True):
    """
    What the hub says of the document.

    Args:
        epoch: Which document; a replica of another one is never merged into this.
        version: Of this schema.
        seed: A digest of the workspace's board that this document last began from.
        rules: The same of its rules.

    """

    epoch: str = ""
    version: int = 1
    seed: str = ""
    rules: str = ""


VERSION = 1

ENTRIES: dict[str, type[msgspec.Struct]] = {
    "pages": PageEntry,
    "panes": PaneEntry,
    "rules": RuleEntry,
    "marks": Mark,
    "notes": Note,
    "resolved": Resolution,
    "chat": ChatLine,
}
"""Roots that are maps from ids to entries."""

SINGLES: dict[str, type[msgspec.Struct]] = {"room": RoomEntry, "meta": MetaEntry}
"""Roots that are one entry each, their keys its fields."""

NESTED = ("pages", "panes", "rules")
"""Roots whose entries are shared maps, merged field by field; the others' are JSON values."""

SIGNED = ("marks", "notes", "resolved", "chat")
"""Roots whose entries are their author's."""

MOST = {
    "pages": 100,
    "panes": 1000,
    "rules": MAX_RULES,
    "marks": 20_000,
    "notes": 20_000,
    "resolved": 20_000,
    "chat": 2_500,
}
"""How many entries a root may have."""


def read_entry(root: str, value: Any) -> msgspec.Struct:
    """
    Give the entry that stands in the document as `value`.

    Args:
        root: The root's name.
        value: What JSON can hold, numbers as the document keeps them: as floats.

    Raises:
        msgspec.ValidationError: If it is not one of that root.

    """
    return msgspec.convert(_with_whole_numbers(value), ENTRIES.get(root) or SINGLES[root])


def _with_whole_numbers(value: Any) -> Any:
    """Undo what the document does to numbers: all of them come back as floats."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _with_whole_numbers(item) for key, item in value.items()}
    return value


def plain(entry: msgspec.Struct) -> dict[str, Any]:
    """Give an entry as what the document holds; what is at its default is left out."""
    fields: dict[str, Any] = msgspec.to_builtins(entry)
    return fields
