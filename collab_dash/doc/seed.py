"""The document's first state: a workspace's board."""

from __future__ import annotations

import hashlib
import secrets

import msgspec
import pycrdt

from ..board import Board
from .document import Document
from .edits import change, pane_fields
from .entries import VERSION, PageEntry, plain
from .order import row_of


def digest(board: Board) -> str:
    """Give what tells whether the pages of two boards are the same as written."""
    return hashlib.sha256(msgspec.json.encode(board.pages)).hexdigest()[:16]


def plant(document: Document, board: Board, *, now: int) -> bool:
    """
    Make the document show the workspace's board, if it is new or the workspace has changed since it last did.

    Otherwise people's own edits stand. When the workspace has changed, its pages replace those that are there; what was
    said and marked stays.

    Args:
        document: Settled.
        board: As the workspace has it.
        now: Unix milliseconds.

    Returns:
        Whether anything was changed.

    """
    seed = digest(board)
    if document.meta.seed == seed:
        return False
    with document.edit("hub"):
        meta = document.roots["meta"]
        if not document.meta.epoch:
            meta["epoch"], meta["version"] = secrets.token_hex(8), VERSION
        meta["seed"] = seed
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
            fields = pane_fields(pane) | {"page": page_id, "order": order}
            document.roots["panes"][secrets.token_hex(6)] = pycrdt.Map(fields)


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
        for root in ("pages", "panes"):
            for id_, entry in document.entries[root].items():
                if 0 < entry.gone < before:
                    del document.roots[root][id_]
    document.settle()
