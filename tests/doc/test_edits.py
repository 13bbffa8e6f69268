"""What people do to the pages and panes of a document."""

from __future__ import annotations

from collab_dash.board import Board, Page, Pane
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.seed import plant


def planted(*panes: str) -> Document:
    """Give a document of one page with panes of these titles, and an empty one."""
    document = Document()
    board = Board(session="s", pages=(Page(title="One", panes=tuple(Pane(title=name) for name in panes)),))
    plant(document, board, now=0)
    return document


def titles(document: Document) -> str:
    return " ".join(pane.title for pane in document.panes.values())


def ids(document: Document) -> dict[str, str]:
    return {pane.title: id_ for id_, pane in document.panes.items()}


def test_a_pane_gets_another_place_and_all_get_their_sizes() -> None:
    document = planted("a", "b", "c")
    a, b, c = ids(document).values()
    with document.edit("here"):
        edits.arrange(document, [(b, 4, 1), (c, 6, 1), (a, 2, 3)], moved=a)
    assert document.changed == {("panes", a), ("panes", b)}
    document.settle()
    assert titles(document) == "b c a"
    assert [(pane.width, pane.height) for pane in document.panes.values()] == [(4, 1), (6, 1), (2, 3)]
    with document.edit("here"):
        edits.arrange(document, [(a, 2, 3), (b, 4, 1), (c, 6, 1)], moved=a)
    document.settle()
    assert titles(document) == "a b c"


def test_what_is_where_it_is_to_be_is_left_alone() -> None:
    document = planted("a", "b")
    a, b = ids(document).values()
    document.news()
    with document.edit("here"):
        edits.arrange(document, [(a, 6, 1), (b, 6, 1), ("closed meanwhile", 6, 1)], moved=a)
    assert document.changed == set()
    assert document.news() == b""


def test_panes_that_came_to_one_place_at_once_do_not_keep_others_from_it() -> None:
    document = planted("a", "b")
    a, b = ids(document).values()
    page = next(iter(document.pages))
    with document.edit("here"):
        for name in ("x", "y"):  # neither is there for the other yet, so both get the same order
            edits.add_pane(document, page, Pane(title=name), after=a)
    document.settle()
    same = [id_ for id_ in document.panes if id_ not in (a, b)]
    assert document.panes[same[0]].order == document.panes[same[1]].order
    with document.edit("here"):
        edits.add_pane(document, page, Pane(title="new"), after=same[0])
    document.settle()
    assert titles(document).split()[-2:] == ["new", "b"]


def test_the_last_pane_of_a_page_is_known() -> None:
    document = planted("a", "b")
    assert edits.last_on(document, next(iter(document.pages))) == ids(document)["b"]
    assert edits.last_on(document, "elsewhere") == ""
