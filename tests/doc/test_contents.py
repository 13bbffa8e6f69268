"""What stands in a document, as structs."""

from __future__ import annotations

from typing import Any

import pytest

from collab_dash.board import Board
from collab_dash.doc.contents import Contents


def contents(**roots: dict[str, Any]) -> Contents:
    made = Contents()
    for root, entries in roots.items():
        for id_, value in entries.items():
            made.put(root, id_, value)
    return made


def test_pages_and_panes_make_the_board_in_order_without_what_is_closed() -> None:
    made = contents(
        pages={"p2": {"title": "Two", "order": "b"}, "p1": {"title": "One", "order": "a"}},
        panes={
            "y": {"page": "p1", "order": "b"},
            "x": {"page": "p1", "order": "a"},
            "gone": {"page": "p1", "order": "c", "gone": 1.0},
        },
    )
    board = made.board(Board(session="ops"))
    assert [(page.title, [pane.id for pane in page.panes]) for page in board.pages] == [
        ("One", ["x", "y"]),
        ("Two", []),
    ]
    assert board.session == "ops"


@pytest.mark.parametrize("value", [None, "text", {"title": "One"}, {"title": "One", "order": "a", "newer": 1}])
def test_what_does_not_fit_its_shape_is_left_out_even_where_something_stood(value: Any) -> None:
    made = contents(pages={"p": {"title": "One", "order": "a"}})
    made.put("pages", "p", value)
    assert made.pages == {}


def test_a_root_of_one_entry_is_as_if_nothing_were_said_where_it_does_not_fit() -> None:
    made = Contents()
    made.put_single("room", {"filter": "mag > 4"})
    assert made.room.filter == "mag > 4"
    made.put_single("room", {"filter": 4.0})
    assert made.room.filter == ""


def test_what_was_taken_over_goes_its_own_way() -> None:
    one, other = contents(pages={"p": {"title": "One", "order": "a"}}), Contents()
    other.take_over(one)
    one.put("pages", "p", None)
    assert (one.pages, [page.title for page in other.pages.values()]) == ({}, ["One"])
