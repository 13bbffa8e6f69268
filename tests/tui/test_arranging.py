"""What moving and resizing make of the rows of a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.board import Pane
from collab_dash.tui import arranging
from collab_dash.tui.arranging import Rows, Slot


def page(text: str) -> Rows:
    """Give the rows that a drawing shows: `a5 b4 c3 / d12`, a height above 1 behind a colon."""
    return [
        [Slot(word[0], int(word[1:].partition(":")[0]), int(word.partition(":")[2] or 1)) for word in row.split()]
        for row in text.split("/")
    ]


def drawn(rows: Rows | None) -> str:
    if rows is None:
        return "stays"
    return " / ".join(
        " ".join(f"{slot.id}{slot.width}" + (f":{slot.height}" if slot.height > 1 else "") for slot in row)
        for row in rows
    )


@pytest.mark.parametrize(
    ("before", "way", "after"),
    [
        ("x5 b4 c3", "right", "b4 x5 c3"),
        ("a5 x4 c3", "left", "x4 a5 c3"),
        ("a6 x6 / b6 c6", "right", "a12 / x4 b4 c4"),
        ("a6 b6 / x6 c6", "left", "a4 b4 x4 / c12"),
        ("a12 / x12", "left", "a6 x6"),
        ("x6 b6", "left", "stays"),
        ("a6 x6", "right", "stays"),
        ("a6 b6 / c6 x6", "up", "a4 x4 b4 / c12"),
        ("a6 b6 / x6 c6", "up", "x4 a4 b4 / c12"),
        ("x12 / a12 / b12", "down", "x6 a6 / b12"),
        ("x6 b6", "up", "x12 / b12"),
        ("a6 x6", "down", "a12 / x12"),
        ("x12 / b12", "up", "stays"),
        ("x6:3 a6 / b6:2 c6", "down", "a12:3 / x4:2 b4:2 c4"),
        ("x12 / a1 b1 c1 d1 e1 f1 g1 h1 i1 j1 k1 l1", "down", "stays"),
    ],
)
def test_a_pane_moves_by_one_place(before: str, way: str, after: str) -> None:
    assert drawn(arranging.moved(page(before), "x", way)) == after


@pytest.mark.parametrize(
    ("before", "beside", "behind", "after"),
    [
        ("x5 b4 c3", "c", True, "b4 c3 x5"),
        ("x5 b4 c3", "b", False, "stays"),
        ("x5 b4 c3", "x", True, "stays"),
        ("x6 b6 / c12", "c", False, "b12 / x6 c6"),
        ("x12 / c12", "c", True, "c6 x6"),
        ("x12 / a1 b1 c1 d1 e1 f1 g1 h1 i1 j1 k1 l1", "l", True, "stays"),
    ],
)
def test_a_pane_is_dropped_beside_another_one(before: str, beside: str, behind: bool, after: str) -> None:
    assert drawn(arranging.placed(page(before), "x", beside, after=behind)) == after


@pytest.mark.parametrize(
    ("before", "columns", "after"),
    [
        ("x6 b6", 1, "x7 b5"),
        ("a6 x6", 1, "a5 x7"),
        ("a4 x4 b4", -1, "a4 x3 b5"),
        ("x11 b1", 1, "stays"),
        ("x1 b11", -1, "stays"),
        ("x12", 1, "stays"),
        ("x6 b3", 1, "x9 b3"),
    ],
)
def test_a_pane_takes_columns_from_its_neighbour(before: str, columns: int, after: str) -> None:
    assert drawn(arranging.wider(page(before), "x", columns)) == after


@pytest.mark.parametrize(
    ("before", "by", "after"),
    [
        ("x6:2 b6 / c12", 1, "x6:3 b6 / c12"),
        ("x6 b6:2 / c12", 1, "x6:3 b6:2 / c12"),
        ("x6:3 b6:3 / c12", -1, "x6:2 b6:2 / c12"),
        ("x12 / c12", -1, "stays"),
        ("x12:100 / c12", 1, "stays"),
        ("x12:2", 1, "stays"),
    ],
)
def test_a_row_becomes_taller_or_shorter(before: str, by: int, after: str) -> None:
    assert drawn(arranging.taller(page(before), "x", by)) == after


def test_lines_become_heights_as_small_as_they_can_be() -> None:
    assert drawn(arranging.with_heights(page("a12 / b6 c6"), [10, 20])) == "a12 / b6:2 c6:2"
    assert drawn(arranging.with_heights(page("a12 / b12"), [300, 1])) == "a12:100 / b12"


def test_a_new_pane_takes_half_or_a_row_of_its_own() -> None:
    assert drawn(arranging.added([], "n", "")) == "n12"
    assert drawn(arranging.added(page("a12 / b12"), "n", "a")) == "a6 n6 / b12"
    assert drawn(arranging.added(page("a7 b5"), "n", "a")) == "a4 n3 b5"
    assert drawn(arranging.added(page("a4:2 b4 c4 / d12"), "n", "a")) == "a4:2 b4 c4 / n12:2 / d12"


def test_who_stays_has_the_room_of_a_pane_that_goes() -> None:
    assert drawn(arranging.removed(page("x6 b6 / c6 d6"), "x")) == "b12 / c6 d6"
    assert drawn(arranging.removed(page("x12 / c6 d6"), "x")) == "c6 d6"
    assert arranging.removed(page("x6"), "x") == []


@given(
    widths=st.lists(st.integers(1, 12), min_size=2, max_size=20),
    index=st.integers(0, 19),
    ways=st.lists(st.sampled_from(["left", "right", "up", "down"]), max_size=12),
)
def test_the_rows_are_drawn_as_they_were_meant_and_nothing_is_lost(
    widths: list[int], index: int, ways: list[str]
) -> None:
    panes = [(str(n), Pane(width=width)) for n, width in enumerate(widths)]
    mover = str(index % len(panes))
    rows = arranging.rows(panes)
    for way in ways:
        rows = arranging.moved(rows, mover, way) or rows
        flat = arranging.slots(rows)
        assert sorted(slot.id for slot in flat) == sorted(id_ for id_, _ in panes)
        again = arranging.rows((slot.id, Pane(width=slot.width, height=slot.height)) for slot in flat)
        for meant, row in zip(rows, again, strict=True):
            assert [slot.id for slot in meant] == [slot.id for slot in row]
