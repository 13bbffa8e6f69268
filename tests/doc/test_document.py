from __future__ import annotations

import os

import msgspec
import pytest

from collab_dash.board import Board, Pane
from collab_dash.doc import edits
from collab_dash.doc.document import BadUpdate, Document
from collab_dash.doc.entries import Note, RoomEntry
from collab_dash.doc.seed import prune
from collab_dash.rules import Rule

from .replicas import ANA, NOON, begun, edited, mark, merge, replica_of


def test_a_replica_shows_the_same_board() -> None:
    document, page, pane = begun()
    board = replica_of(document).board(Board(session="s", feeds=("btc",)))
    assert board.feeds == ("btc",)
    (shown,) = board.pages
    assert (shown.id, shown.title) == (page, "Markets")
    assert shown.panes == (Pane(id=pane, feeds=("btc",), view="table", title="Bitcoin"),)


def test_two_who_edit_one_pane_both_keep_their_fields() -> None:
    document, _, pane = begun()
    other = replica_of(document)
    with document.edit("ana"):
        edits.change(document, "panes", pane, title="BTC", width=4)
    with other.edit("bo"):
        edits.change(other, "panes", pane, filter="price > 1", view="log")
    merge(document, other)
    for each in (document, other):
        entry = each.panes[pane]
        assert (entry.title, entry.width, entry.filter, entry.view) == ("BTC", 4, "price > 1", "log")


def test_moving_and_closing_a_pane_at_once_ends_the_same_everywhere() -> None:
    document, page, pane = begun()
    with document.edit("ana"):
        second = edits.add_page(document, "Second")
        edits.add_pane(document, page, Pane(view="feeds"))
    document.settle()
    other = replica_of(document)
    with document.edit("ana"):
        edits.move_pane(document, pane, after="", page=second)
    with other.edit("bo"):
        edits.close(other, "panes", pane, now=NOON)
    merge(document, other)
    assert document.entries == other.entries
    assert pane not in document.panes


def test_panes_are_in_the_order_they_were_put() -> None:
    document, page, first = begun()
    with document.edit("ana"):
        last = edits.add_pane(document, page, Pane(title="last"))
    document.settle()
    with document.edit("ana"):
        middle = edits.add_pane(document, page, Pane(title="middle"), after=first)
    document.settle()
    assert list(edits.on_page(document, page)) == [first, middle, last]
    with document.edit("ana"):
        edits.move_pane(document, last, after="")
    document.settle()
    assert list(edits.on_page(document, page)) == [last, first, middle]
    with document.edit("ana"):
        edits.move_pane(document, last, after=first)
    document.settle()
    assert list(edits.on_page(document, page)) == [first, last, middle]


def test_what_is_added_at_once_is_in_the_order_it_was_added() -> None:
    document, page, _ = begun()
    with document.edit("ana"):
        pages = [edits.add_page(document, title) for title in "abc"]
        panes = [edits.add_pane(document, page, Pane(title=title)) for title in "abc"]
        rules = [edits.add_rule(document, Rule(when=f"{title}: true")) for title in "abc"]
    document.settle()
    assert list(document.pages)[1:] == pages
    assert list(edits.on_page(document, page))[1:] == panes
    assert [rule.id for rule in document.rules] == rules


def test_pages_can_be_moved() -> None:
    document, first, _ = begun()
    with document.edit("ana"):
        second = edits.add_page(document, "Second")
    document.settle()
    with document.edit("ana"):
        edits.move_page(document, second, after="")
    document.settle()
    assert list(document.pages) == [second, first]


def test_an_edit_that_changes_nothing_is_no_news() -> None:
    document, _, pane = begun()
    document.news()
    with document.edit("ana"):
        edits.change(document, "panes", pane, title="Bitcoin", feeds=("btc",))
    assert document.news() == b""
    assert document.apply(document.since()) == b""


def test_what_changed_is_told_once() -> None:
    document, _, pane = begun()
    other = replica_of(document)
    with document.edit("ana"):
        edits.change(document, "panes", pane, title="x")
        edits.set_room_filter(document, "mag > 1")
    assert other.apply(document.news())
    assert other.panes[pane].title == "Bitcoin"
    assert other.changed == {("panes", pane), ("room", "filter")}
    assert other.settle() == {("panes", pane), ("room", "filter")}
    assert other.panes[pane].title == "x"
    assert other.room == RoomEntry(filter="mag > 1")
    assert other.settle() == set()


def test_a_marks_notes_are_others_and_stay() -> None:
    document, _, _ = begun()
    with document.edit("ana"):
        id_ = edits.add_mark(document, mark(7))
    document.settle()
    with document.edit("ana"):
        note = edits.add_note(document, Note(mark=id_, text="look", by=ANA, at=NOON))
    document.settle()
    with document.edit("ana"):
        edits.edit_note(document, note, "look here", now=NOON + 1)
    document.settle()
    assert document.marks[id_] == mark(7)
    assert document.notes[note] == Note(mark=id_, text="look here", by=ANA, at=NOON, edited=NOON + 1)
    with document.edit("ana"):
        edits.remove_mark(document, id_)
    assert not edited(document).marks
    assert document.notes
    prune(document, before=NOON + 1)
    assert document.notes
    prune(document, before=NOON + 2)
    assert not document.notes


@pytest.mark.parametrize("cut", range(5))
def test_what_is_no_update_is_refused_and_changes_nothing(cut: int) -> None:
    document, _, _ = begun()
    before = document.since()
    for junk in (b"", b"\xff" * 10, os.urandom(30), before[: -1 - cut]):
        with pytest.raises(BadUpdate):
            document.apply(junk)
    with pytest.raises(BadUpdate):
        document.since(b"\xff\xff")
    assert document.since() == before


def test_an_entry_of_an_unknown_shape_is_left_out() -> None:
    document, _, pane = begun()
    with document.edit("ana"):
        document.roots["panes"][pane]["colour"] = "red"
    assert pane not in edited(document).panes
    with document.edit("ana"):
        del document.roots["panes"][pane]["colour"]
    assert pane in edited(document).panes


def test_changing_what_is_gone_does_nothing() -> None:
    document = Document()
    edits.change(document, "panes", "nobody", title="x")
    edits.move_pane(document, "nobody", after="")
    edits.edit_note(document, "nobody", "x", now=NOON)
    edits.remove(document, "marks", "nobody")
    assert document.news() == b""


def test_numbers_come_back_whole() -> None:
    document, _, _ = begun()
    with document.edit("ana"):
        id_ = edits.add_mark(document, mark(2**40))
    assert edited(document).marks[id_].offset == 2**40
    assert msgspec.json.encode(document.marks[id_]).find(b".0") < 0
