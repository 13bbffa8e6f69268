"""The index of marks."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

from collab_dash.board import Page, Pane
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import Author, Mark, Note, Resolution
from collab_dash.tui.talk.marks import ALL, Marks
from collab_dash.tui.talk.visits import walk

BY = Author(id="a", name="ana")


def mark(offset: int | None, feed: str = "btc", key: str | None = "k", at: int = 0) -> Mark:
    return Mark(offset=offset, feed=feed, key=key, time=offset or 0, by=BY, at=at)


class Board:
    """A document and the index that follows it."""

    def __init__(self) -> None:
        self.document = Document()
        self.marks = Marks()

    def edit(self, *changes: Callable[[Document], object]) -> list[object]:
        with self.document.edit("here"):
            results = [change(self.document) for change in changes]
        self.document.news()
        self.marks.follow(self.document, self.document.settle(), 0)
        return results


def test_marks_are_found_by_event_and_key_and_gone_when_they_are_taken_away() -> None:
    board = Board()
    first, second = map(
        str, board.edit(partial(edits.add_mark, mark=mark(7)), partial(edits.add_mark, mark=mark(7, at=1)))
    )
    assert board.marks.on_event(7) == [first, second]
    assert board.marks.on_key("btc", "k") == [first, second]
    assert board.marks.on_event(None) == board.marks.on_event(8) == board.marks.on_key("eth", "k") == []
    note = str(board.edit(partial(edits.add_note, note=Note(mark=second, text="x", by=BY, at=2)))[0])
    assert board.marks.speaking([first, second]) == second
    assert [id_ for id_, _ in board.marks.thread(second)] == [note]
    board.edit(partial(edits.resolve, mark=second, resolution=Resolution(by=BY, at=3)))
    assert board.marks.settled == 1
    board.edit(partial(edits.remove_mark, id_=second), partial(edits.remove_mark, id_=first))
    assert board.marks.on_event(7) == board.marks.on_key("btc", "k") == board.marks.newest == []
    assert board.marks.settled == 0
    board.edit(partial(edits.remove, root="notes", id_=note))
    assert board.marks.count(second) == 0


def test_marks_between_two_moments_are_those_of_the_feeds_and_the_latest_of_many() -> None:
    board = Board()
    marks = [mark(n, feed) for feed in ("btc", "eth") for n in range(1, 10)]
    board.edit(
        *(partial(edits.add_mark, mark=each) for each in marks), partial(edits.add_mark, mark=mark(None, "", None))
    )

    def times(*found: str) -> list[int]:
        return [board.marks.marks[id_].time for id_ in found]

    assert times(*board.marks.between(["btc"], 3, 6, 9)) == [3, 4, 5]
    assert times(*board.marks.between(["btc", "eth"], 3, 6, 3)) == [4, 5, 5]
    assert len(board.marks.between([ALL], 0, 100, 100)) == 19
    assert times(*board.marks.between(["", "none"], 0, 100, 100)) == [0]


def test_the_index_is_the_same_whatever_order_things_came_in() -> None:
    chance = random.Random(3)
    board = Board()
    for _ in range(300):
        ids = list(board.document.marks)
        match chance.randrange(5):
            case 0 | 1:
                board.edit(partial(edits.add_mark, mark=mark(chance.randrange(1, 20), chance.choice("xy"))))
            case 2 if ids:
                board.edit(
                    partial(edits.add_note, note=Note(mark=chance.choice(ids), text="t", by=BY, at=chance.randrange(9)))
                )
            case 3 if ids:
                board.edit(partial(edits.remove_mark, id_=chance.choice(ids)))
            case 4 if board.document.notes:
                board.edit(partial(edits.remove, root="notes", id_=chance.choice(list(board.document.notes))))
    anew = Marks()
    anew.follow(board.document, {(root, id_) for root in ("marks", "notes") for id_ in board.document.entries[root]}, 0)
    assert anew.newest == board.marks.newest
    for offset in range(1, 20):
        assert anew.on_event(offset) == board.marks.on_event(offset)
    for id_ in anew.marks:
        assert anew.thread(id_) == board.marks.thread(id_)


def test_marks_are_walked_on_the_open_page_first_then_on_those_after_it() -> None:
    board = Board()
    added = board.edit(
        *(
            partial(edits.add_mark, mark=each)
            for each in (mark(5, "y"), mark(2, "x"), mark(3, "z"), mark(4, "x", "other"))
        )
    )
    y, x, z, other = map(str, added)
    pages = [
        Page(title="X", panes=(Pane(feeds=("x",), view="log", key="k"),)),
        Page(title="Y", panes=(Pane(feeds=("y",), view="table"), Pane(view="feeds"))),
    ]
    assert walk(board.marks, pages, 0) == [x, y, z, other]
    assert walk(board.marks, pages, 1) == [y, x, z, other]
    every = [*pages, Page(title="All", panes=(Pane(feeds=("*",), view="log"),))]
    assert walk(board.marks, every, 2) == [x, z, other, y]


def test_many_marks_of_one_key_are_put_in_order_once() -> None:
    board = Board()
    board.edit(*(partial(edits.add_mark, mark=mark(n, at=100 - n)) for n in range(1, 50)))
    found = board.marks.on_key("btc", "k")
    assert [board.marks.marks[id_].offset for id_ in found] == list(range(49, 0, -1))
    assert board.marks.on_key("btc", "k") is found
    board.edit(partial(edits.add_mark, mark=mark(7, "eth")))
    assert board.marks.on_key("btc", "k") is found
    board.edit(partial(edits.add_mark, mark=mark(50, at=0)))
    assert board.marks.marks[board.marks.on_key("btc", "k")[0]].offset == 50
