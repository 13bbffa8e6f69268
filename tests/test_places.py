"""Where somebody looks, from ids to titles."""

from __future__ import annotations

from collab_dash.board import Board, Page, Pane
from collab_dash.places import titles

KNOWN = Board(
    session="s",
    pages=(Page(title="One", id="p1", panes=(Pane(feeds=("a",), id="q1"), Pane(view="people", id="q2"))),),
)


def test_ids_become_titles_with_the_panes_number() -> None:
    assert titles(KNOWN, "p1", "q1") == ("One", "1 a")
    assert titles(KNOWN, "p1", "q2") == ("One", "2 People")


def test_what_is_gone_has_no_title() -> None:
    assert titles(KNOWN, "p9", "q1") == ("", "")
    assert titles(KNOWN, "p1", "q9") == ("One", "")
    assert titles(KNOWN, "", "") == ("", "")


def test_without_a_document_titles_are_told_themselves() -> None:
    board = Board(session="s", pages=(Page(title="One", panes=(Pane(title="T"),)),))
    assert titles(board, "One", "1 T") == ("One", "1 T")
    assert titles(board, "Elsewhere", "1 T") == ("Elsewhere", "1 T")
