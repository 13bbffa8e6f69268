"""Whether an edit of the shared document may stand: its shape, its author's rights, its size."""

from __future__ import annotations

from typing import Any

import msgspec
import pycrdt

from ..board import VIEWS
from ..doc.document import Document
from ..doc.entries import MOST, NESTED, SIGNED, SINGLES, PaneEntry, RuleEntry, read_entry
from ..errors import ConfigError, RequestRefused
from ..filter import FilterError, compile_filter
from ..rules import check_rule
from ..type_globs import check_type_glob
from ..wire import Code, may

Path = list[str | int]


def check(document: Document, *, role: str, person: str) -> None:
    """
    Check what changed in a document and is not settled yet.

    Args:
        document: The document, changed already.
        role: The role of whoever changed it.
        person: Their public id.

    Raises:
        RequestRefused: At the first entry that may not be so; the path leads to it.

    """
    for root, id_ in document.changed:
        if root == "meta":
            raise _refused("this is another document, or an edit of what only the hub writes", [root, id_])
        _check_entry(document, root, id_)
        if root in SIGNED:
            _check_author(document, root, id_, role=role, person=person)
    unknown = set(document.doc.keys()) - document.roots.keys()
    if unknown:
        raise _refused("the document has no such root", [min(unknown)])


def check_room(document: Document, root: str, *, more: int = 1) -> None:
    """
    Check that a root has room for more entries: asked before an edit, it saves taking that back.

    Raises:
        RequestRefused: If it has not.

    """
    if len(document.roots[root]) + more > MOST[root]:
        message = f"there are {MOST[root]:,} {root} already, which is the most there may be"
        raise RequestRefused(message, code=Code.TOO_LARGE, path=[root])


def _check_entry(document: Document, root: str, id_: str) -> None:
    if root in SINGLES:
        entry = _shaped(root, document.roots[root].to_py(), [root])
        _check_filter(getattr(entry, "filter", ""), [root, "filter"])
        return
    found = document.roots[root].get(id_)
    if found is None:
        _check_removal(document, root, id_)
        return
    if isinstance(found, pycrdt.Map) != (root in NESTED):
        raise _refused("expected a shared map" if root in NESTED else "expected a JSON value", [root, id_])
    if not 0 < len(id_) <= 64:
        raise _refused("an id has 1 to 64 characters", [root, id_[:64]])
    entry = _shaped(root, document.raw(root, id_), [root, id_])
    if isinstance(entry, PaneEntry):
        _check_pane(entry, [root, id_])
    if isinstance(entry, RuleEntry):
        _check_rule(entry, [root, id_])
    if id_ not in document.entries[root]:
        check_room(document, root, more=0)


def _check_removal(document: Document, root: str, id_: str) -> None:
    if root in NESTED and id_ in document.entries[root]:
        raise _refused("it is closed by setting `gone`, so that others' edits and undo are not lost", [root, id_])


def _shaped(root: str, value: Any, path: Path) -> msgspec.Struct:
    try:
        return read_entry(root, value)
    except msgspec.ValidationError as error:
        message, _, where = str(error).partition(" - at `$")
        raise _refused(message, path + [part for part in where.rstrip("`").split(".") if part]) from None


def _check_pane(entry: PaneEntry, path: Path) -> None:
    """Check what a workspace's pane is checked for too: shared panes are written back into workspace files."""
    _check_filter(entry.filter, [*path, "filter"])
    if entry.view and entry.view not in VIEWS:
        raise _refused(f"there is no view {entry.view!r}", [*path, "view"])
    if entry.span < 0:
        raise _refused("a span is at least 1 s, or 0 for what is usual", [*path, "span"])
    for number, glob in enumerate(entry.types):
        try:
            check_type_glob(glob)
        except ValueError as error:
            raise _refused(str(error), [*path, "types", number]) from None


def _check_filter(text: str, path: Path) -> None:
    try:
        compile_filter(text)
    except FilterError as error:
        raise _refused(str(error), path) from None


def _check_rule(entry: RuleEntry, path: Path) -> None:
    try:
        check_rule(entry)
    except ConfigError as error:
        raise _refused(str(error), path) from None


def _check_author(document: Document, root: str, id_: str, *, role: str, person: str) -> None:
    if may(role, "host"):
        return
    before = document.entries[root].get(id_)
    after = document.raw(root, id_)
    if root == "resolved" and after is None:
        return
    owners = {entry["by"].get("id", "") for entry in (after,) if entry is not None}
    if before is not None and root != "resolved":
        owners.add(before.by.id)
    if owners - {person, ""}:
        message = "only its author may change it" if before is not None else "it is signed with somebody else's name"
        raise RequestRefused(message, code=Code.FORBIDDEN, path=[root, id_])


def _refused(message: str, path: Path) -> RequestRefused:
    return RequestRefused(message, code=Code.INVALID_PAYLOAD, path=path)
