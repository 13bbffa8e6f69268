"""
How people change the document: one function for each thing somebody does.

Call them within `Document.edit`. Ids are random, so that two who add something at once add two things.
"""

from __future__ import annotations

import secrets
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

import msgspec
import pycrdt

from ..board import Pane
from ..rules import Rule
from .document import Document
from .entries import ENTRIES, NESTED, ROOM_FILTER, ChatLine, Mark, Note, PageEntry, PaneEntry, Resolution, plain
from .order import between


def new_id() -> str:
    """Give an id for a new entry."""
    return secrets.token_hex(6)


# Pages and panes


def add_page(document: Document, title: str, *, after: str = "") -> str:
    """Add a page, after the page `after` or at the end, and give its id."""
    id_ = new_id()
    order = _place(document.pages, after, made=document.last_made("pages"))
    document.make("pages", id_, plain(PageEntry(title=title, order=order)))
    return id_


def add_pane(document: Document, page: str, pane: Pane, *, after: str = "") -> str:
    """Add a pane to a page, after the pane `after` or at the end, and give its id."""
    id_ = new_id()
    order = _place(on_page(document, page), after, made=document.last_made("panes"))
    document.make("panes", id_, fields_of(pane) | {"page": page, "order": order})
    return id_


def add_rule(document: Document, rule: Rule) -> str:
    """Add a rule behind the others, and give its id."""
    id_ = new_id()
    there = {each.id: document.entries["rules"][each.id] for each in document.rules}
    order = _place(there, "", made=document.last_made("rules"))
    document.make("rules", id_, fields_of(rule) | {"order": order})
    return id_


def fields_of(described: Pane | Rule) -> dict[str, Any]:
    """Give what of a pane or a rule is not at its default, as the document holds it."""
    return {name: value for name, value in plain(described).items() if name != "id"}


def change(document: Document, root: str, id_: str, **fields: Any) -> None:
    """Set fields of a page, pane or rule, those that differ and no others; nothing happens if it is not there."""
    entry = document.roots[root].get(id_)
    if not isinstance(entry, pycrdt.Map):
        return
    for name, value in fields.items():
        value = list(value) if isinstance(value, tuple) else value
        if name not in entry or entry[name] != value:
            entry[name] = value


def close(document: Document, root: str, id_: str, *, now: int) -> None:
    """Take a page, pane or rule off the board; undoing brings it back with all that others did to it."""
    change(document, root, id_, gone=now)


def mend(document: Document) -> None:
    """
    Give entries back what they cannot be without: call it after undoing, before the document is settled.

    When two set a field at once and the one who prevailed undoes it, the field is gone: the library brings back neither
    the other's value nor what was there before.
    """
    for root, id_ in document.changed:
        before, entry = document.entries.get(root, {}).get(id_), document.roots[root].get(id_)
        if root in NESTED and before is not None and isinstance(entry, pycrdt.Map):
            for field in msgspec.structs.fields(ENTRIES[root]):
                if field.required and field.name not in entry:
                    entry[field.name] = getattr(before, field.name)


def move_pane(document: Document, id_: str, *, after: str, page: str | None = None) -> None:
    """
    Move a pane.

    Args:
        document: Where.
        id_: The pane.
        after: The pane it is to follow; empty for the first place.
        page: The page it is to be on; None for the one it is on.

    """
    pane = document.panes.get(id_)
    if pane is not None:
        page = page or pane.page
        others = {other: entry for other, entry in on_page(document, page).items() if other != id_}
        change(document, "panes", id_, order=_place(others, after, first=not after), page=page)


def arrange(document: Document, slots: Sequence[tuple[str, int, int]], *, moved: str = "") -> None:
    """
    Give the panes of a page their sizes, and one of them another place.

    Args:
        document: Where.
        slots: Id, width and height of each pane, in the order they are to have.
        moved: The pane that is to have another place among them; empty for none.

    """
    for id_, width, height in slots:
        if (pane := document.panes.get(id_)) is not None:
            sizes = {"width": (pane.width, width), "height": (pane.height, height)}
            change(document, "panes", id_, **{name: new for name, (old, new) in sizes.items() if old != new})
    ids = [id_ for id_, _, _ in slots if id_ in document.panes]
    if moved in ids and ids != [id_ for id_ in document.panes if id_ in ids]:
        place = ids.index(moved)
        move_pane(document, moved, after=ids[place - 1] if place else "")


def move_page(document: Document, id_: str, *, after: str) -> None:
    """Move a page behind another, or to the first place."""
    others = {other: entry for other, entry in document.pages.items() if other != id_}
    change(document, "pages", id_, order=_place(others, after, first=not after))


def on_page(document: Document, page: str) -> dict[str, PaneEntry]:
    """Give the panes of a page, in order."""
    return {id_: pane for id_, pane in document.panes.items() if pane.page == page}


def last_on(document: Document, page: str) -> str:
    """Give the last pane of a page; empty if it has none."""
    return next(reversed(on_page(document, page)), "")


def _place(ordered: dict[str, Any], after: str, *, first: bool = False, made: str = "") -> str:
    """Give the order after the entry `after`; or after the last one and what was `made`; or before the `first`."""
    orders = [entry.order for entry in ordered.values()]
    if first:
        return between("", orders[0] if orders else "")
    if after not in ordered:
        return between(max(orders[-1] if orders else "", made), "")
    place = ordered[after].order
    return between(place, next((order for order in orders if order > place), ""))  # two may have come to the same place


def set_room_filter(document: Document, text: str) -> None:
    """Set the filter that holds for every pane."""
    document.roots["room"][ROOM_FILTER] = text


# What people say


def add_mark(document: Document, mark: Mark) -> str:
    """Pin an event or a moment, and give the mark's id."""
    return _add(document, "marks", plain(mark))


def remove_mark(document: Document, id_: str) -> None:
    """Take a mark away; its notes are others', and stay in the document, so that undoing brings back all."""
    remove(document, "marks", id_)


def add_note(document: Document, note: Note) -> str:
    """Add a comment to a mark, and give its id."""
    return _add(document, "notes", plain(note))


def edit_note(document: Document, id_: str, text: str, *, now: int) -> None:
    """Say it otherwise; nothing happens if it is gone."""
    if (note := document.notes.get(id_)) is not None:
        document.roots["notes"][id_] = plain(note) | {"text": text, "edited": now}


def resolve(document: Document, mark: str, resolution: Resolution | None) -> None:
    """Settle a mark's thread, or open it again."""
    if resolution is None:
        remove(document, "resolved", mark)
    else:
        document.roots["resolved"][mark] = plain(resolution)


def say(document: Document, line: ChatLine) -> str:
    """Say something to all, and give its id."""
    return _add(document, "chat", plain(line))


def forget_chat(document: Document, *, keep: int) -> None:
    """
    Delete what is too much of the chat: the oldest line of whoever has the most, again and again.

    When a line was written is what its author's clock says. So nobody drives out what others said, by saying much or by
    dating it ahead.

    Args:
        document: Where.
        keep: How many lines stay.

    """
    of: defaultdict[str, deque[str]] = defaultdict(deque)
    for id_, line in sorted(document.chat.items(), key=lambda item: (item[1].at, item[0])):
        of[line.by.id].append(id_)
    for _ in range(len(document.chat) - keep):
        remove(document, "chat", max(of.values(), key=len).popleft())


def remove(document: Document, root: str, id_: str) -> None:
    """Delete an entry; nothing happens if it is not there."""
    document.roots[root].pop(id_, None)


def _add(document: Document, root: str, value: dict[str, Any]) -> str:
    id_ = new_id()
    document.roots[root][id_] = value
    return id_
