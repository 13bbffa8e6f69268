"""What an undo or a redo did, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..board import name_of

if TYPE_CHECKING:
    from ..doc.document import Document
    from ..doc.entries import PageEntry, PaneEntry
    from ..rules import Rule
    from .sharing import Sharing

_SAID = {"marks": "a mark", "notes": "a note", "resolved": "a thread"}
_PLACE, _SIZE = {"order", "page"}, {"width", "height"}


class Seen(NamedTuple):
    """What there is to be undone in a document, at one moment."""

    pages: Mapping[str, PageEntry]
    panes: Mapping[str, PaneEntry]
    filter: str
    rules: Mapping[str, Rule]
    said: Mapping[str, Mapping[str, object]]


def see(document: Document) -> Seen:
    """Remember what is in a document."""
    said = {root: dict(document.entries[root]) for root in _SAID}
    rules = {rule.id: rule for rule in document.rules}
    return Seen(document.pages, document.panes, document.room.filter, rules, said)


def seen_through(sharing: Sharing, step: Callable[[], None]) -> str:
    """Undo or redo, and say what came of it; empty if nothing did."""
    before = see(sharing.document) if sharing.document is not None else None
    step()
    return told(before, see(sharing.document)) if before is not None and sharing.document is not None else ""


def told(before: Seen, after: Seen) -> str:
    """Say what is otherwise than before; empty if nothing is."""
    return (
        _come_or_gone(
            {id_: f"page {page.title}" for id_, page in before.pages.items()},
            {id_: f"page {page.title}" for id_, page in after.pages.items()},
        )
        or _come_or_gone(_names(before.panes), _names(after.panes))
        or _changed_pane(before.panes, after.panes)
        or _changed_page(before.pages, after.pages)
        or ("the room filter" if before.filter != after.filter else "")
        or _come_or_gone(_titles(before.rules), _titles(after.rules))
        or next((f"rule {rule.title}" for id_, rule in after.rules.items() if rule != before.rules[id_]), "")
        or next((what for root, what in _SAID.items() if before.said[root] != after.said[root]), "")
    )


def _come_or_gone(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    for id_, name in after.items():
        if id_ not in before:
            return f"{name} is back"
    return next((f"{name} is gone" for id_, name in before.items() if id_ not in after), "")


def _names(panes: Mapping[str, PaneEntry]) -> dict[str, str]:
    return {id_: name_of(pane) for id_, pane in panes.items()}


def _titles(rules: Mapping[str, Rule]) -> dict[str, str]:
    return {id_: f"rule {rule.title}" for id_, rule in rules.items()}


def _changed_pane(before: Mapping[str, PaneEntry], after: Mapping[str, PaneEntry]) -> str:
    """Name the pane most was done to: one that was edited, else one that moved, else one that was resized."""
    found: dict[int, str] = {}
    for id_, pane in before.items():
        names = {field for field in pane.__struct_fields__ if getattr(pane, field) != getattr(after[id_], field)}
        if own := sorted(names - _PLACE - _SIZE):
            found.setdefault(0, f"{', '.join(own)} of {name_of(pane)}")
        elif names & _PLACE:
            found.setdefault(1, f"the place of {name_of(pane)}")
        elif names:
            found.setdefault(2, f"the size of {name_of(pane)}")
    return found[min(found)] if found else ""


def _changed_page(before: Mapping[str, PageEntry], after: Mapping[str, PageEntry]) -> str:
    for id_, page in before.items():
        if page.title != after[id_].title:
            return f"the title of page {after[id_].title}"
        if page.order != after[id_].order:
            return f"the place of page {page.title}"
    return ""
