"""The workspace's board is planted once, and again only when the workspace has another."""

from __future__ import annotations

import msgspec

from collab_dash.board import Board, Page, Pane
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.seed import digest_of_pages, digest_of_rules, plant, plant_rules
from collab_dash.rules import Rule

from .replicas import NOON

BOARD = Board(
    session="s", pages=(Page(title="One", panes=(Pane(feeds=("a",)), Pane(view="feeds"))), Page(title="Page 2"))
)


def planted() -> Document:
    document = Document()
    assert plant(document, BOARD, now=NOON)
    return document


def test_the_same_board_is_planted_once() -> None:
    document = planted()
    assert digest_of_pages(document.board(BOARD).pages) == digest_of_pages(BOARD.pages) == document.meta.seed
    assert not plant(document, BOARD, now=NOON)


def test_a_board_that_was_written_from_the_document_replaces_nothing() -> None:
    document = planted()
    first, last = document.panes
    with document.edit("ana"):
        edits.change(document, "panes", first, title="A")
        edits.close(document, "panes", last, now=NOON)
        edits.change(document, "pages", list(document.pages)[1], title="")
    document.settle()
    written = Board(
        session="s", pages=(Page(title="One", panes=(Pane(feeds=("a",), title="A"),)), Page(title="Page 2"))
    )
    before = document.pages, document.panes
    assert plant(document, written, now=NOON)
    assert (document.pages, document.panes) == before
    assert document.meta.seed == digest_of_pages(written.pages)
    with document.edit("ana"):
        edits.change(document, "panes", first, title="B")
    document.settle()
    assert not plant(document, written, now=NOON)


def test_another_board_replaces_what_is_there() -> None:
    document = planted()
    other = msgspec.structs.replace(BOARD, pages=(Page(title="Other"),))
    assert plant(document, other, now=NOON)
    assert [page.title for page in document.pages.values()] == ["Other"]
    assert not document.panes


def test_rules_that_were_written_from_the_document_replace_nothing() -> None:
    document = planted()
    assert plant_rules(document, [Rule(id="a", when="pub: n > 1")], now=NOON)
    with document.edit("ana"):
        edits.change(document, "rules", "a", name="much")
    document.settle()
    written = [Rule(id="b", when="pub: n > 1", name="much")]
    assert plant_rules(document, written, now=NOON)
    assert [rule.id for rule in document.rules] == ["a"]
    assert document.meta.rules == digest_of_rules(written)
    assert plant_rules(document, [], now=NOON)
    assert not document.rules
