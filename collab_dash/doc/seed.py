"""The document's first state: a workspace's board and rules."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

import msgspec
import pycrdt

from ..board import Board, Page, as_written
from ..rules import Rule
from .document import Document
from .edits import change, fields_of
from .entries import NESTED, VERSION, PageEntry, plain
from .order import row_of


def digest_of_pages(pages: Sequence[Page]) -> str:
    """Give what tells whether two workspaces have the same pages as written, whatever their ids."""
    return _digest(as_written(pages))


def digest_of_rules(rules: Sequence[Rule]) -> str:
    """Give what tells whether two workspaces have the same rules as written, whatever their ids."""
    return _digest([msgspec.structs.replace(rule, id="") for rule in rules])


def _digest(written: Sequence[Page] | Sequence[Rule]) -> str:
    return hashlib.sha256(msgspec.json.encode(written)).hexdigest()[:16]


def plant(document: Document, board: Board, *, now: int) -> bool:
    """
    Make the document show the workspace's board, if it is new or the workspace has changed since it last did.

    Otherwise people's own edits stand. When the workspace has changed, its pages replace those that are there, unless
    they are the same, as when it was written from them; what was said and marked stays.

    Args:
        document: Settled.
        board: As the workspace has it.
        now: Unix milliseconds.

    Returns:
        Whether anything was changed.

    """
    seed = digest_of_pages(board.pages)
    if document.meta.seed == seed:
        return False
    with document.edit("hub"):
        meta = document.roots["meta"]
        if not document.meta.epoch:
            meta["epoch"], meta["version"] = secrets.token_hex(8), VERSION
        meta["seed"] = seed
        if digest_of_pages(document.board(board).pages) != seed:
            for root in ("pages", "panes"):
                for id_ in document.entries[root]:
                    change(document, root, id_, gone=now)
            _write(document, board)
    document.settle()
    return True


def _write(document: Document, board: Board) -> None:
    for page_order, page in zip(row_of(len(board.pages)), board.pages, strict=True):
        page_id = secrets.token_hex(6)
        document.roots["pages"][page_id] = pycrdt.Map(plain(PageEntry(title=page.title, order=page_order)))
        for order, pane in zip(row_of(len(page.panes)), page.panes, strict=True):
            fields = fields_of(pane) | {"page": page_id, "order": order}
            document.roots["panes"][secrets.token_hex(6)] = pycrdt.Map(fields)


def plant_rules(document: Document, rules: Sequence[Rule], *, now: int) -> bool:
    """Do the same for the workspace's rules; one that is still there keeps its id, and so what it waits for."""
    seed = digest_of_rules(rules)
    if document.meta.rules == seed:
        return False
    with document.edit("hub"):
        document.roots["meta"]["rules"] = seed
        if digest_of_rules(document.rules) != seed:
            _write_rules(document, rules, now)
    document.settle()
    return True


def _write_rules(document: Document, rules: Sequence[Rule], now: int) -> None:
    for id_ in document.entries["rules"]:
        change(document, "rules", id_, gone=now)
    for order, rule in zip(row_of(len(rules)), rules, strict=True):
        document.roots["rules"][rule.id] = pycrdt.Map(fields_of(rule) | {"order": order})


def prune(document: Document, *, before: int) -> None:
    """
    Delete for good what was taken off the board before a moment (Unix milliseconds): nobody undoes that any more.

    So with the notes of marks that are gone.
    """
    with document.edit("hub"):
        marks = document.marks
        for id_, note in document.notes.items():
            if note.mark not in marks and max(note.at, note.edited) < before:
                del document.roots["notes"][id_]
        for id_, resolution in document.resolved.items():
            if id_ not in marks and resolution.at < before:
                del document.roots["resolved"][id_]
        for root in NESTED:
            for id_, entry in document.entries[root].items():
                if 0 < entry.gone < before:
                    del document.roots[root][id_]
    document.settle()
