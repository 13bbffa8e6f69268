"""What an undo did, in words."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collab_dash.board import Board, Page, Pane
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import Author, Mark
from collab_dash.doc.seed import plant
from collab_dash.rules import Rule
from collab_dash.tui.undone import see, told

BOARD = Board(
    session="s",
    pages=(Page(title="One", panes=(Pane(feeds=("btc",), title="Log"), Pane(view="people"))), Page(title="Two")),
)


def first(document: Document) -> str:
    return next(iter(document.panes))


def second(document: Document) -> str:
    return list(document.panes)[1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda doc: edits.close(doc, "panes", first(doc), now=1), "Log is gone"),
        (lambda doc: edits.close(doc, "pages", next(iter(doc.pages)), now=1), "page One is gone"),
        (lambda doc: edits.add_page(doc, "New"), "page New is back"),
        (lambda doc: edits.add_pane(doc, next(iter(doc.pages)), Pane(feeds=("a", "b"))), "a, b is back"),
        (lambda doc: edits.change(doc, "panes", first(doc), filter="x > 1", width=3), "filter of Log"),
        (lambda doc: edits.move_pane(doc, second(doc), after=""), "the place of People"),
        (lambda doc: edits.change(doc, "panes", first(doc), height=3), "the size of Log"),
        (lambda doc: edits.change(doc, "pages", next(iter(doc.pages)), title="1"), "the title of page 1"),
        (lambda doc: edits.move_page(doc, next(iter(doc.pages)), after=list(doc.pages)[1]), "the place of page One"),
        (lambda doc: edits.set_room_filter(doc, "x > 1"), "the room filter"),
        (lambda doc: edits.add_mark(doc, Mark(time=1, at=1, by=Author())), "a mark"),
        (lambda doc: edits.add_rule(doc, Rule(when="a: x > 2")), "rule a: x > 2 is back"),
        (lambda doc: edits.close(doc, "rules", doc.rules[0].id, now=1), "rule much is gone"),
        (lambda doc: edits.change(doc, "rules", doc.rules[0].id, enabled=False), "rule much"),
        (lambda doc: None, ""),
    ],
)
def test_what_is_otherwise_is_named(change: Callable[[Document], object], says: str) -> None:
    document = Document()
    plant(document, BOARD, now=0)
    with document.edit("here"):
        edits.add_rule(document, Rule(when="a: x > 1", name="much"))
    document.settle()
    before = see(document)
    with document.edit("here"):
        change(document)
    document.settle()
    assert told(before, see(document)) == says
