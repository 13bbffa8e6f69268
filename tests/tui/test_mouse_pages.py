"""People change the pages of a board with the mouse."""

from __future__ import annotations

from functools import partial

import pytest

from collab_dash.doc import edits
from tui.opened import Seat
from tui.test_editing import BARS, LOG, changed, document, order, panes, panes_of, shared, toasts
from tui.test_mouse_layout import down, move, up

TABS = 1


def column(seat: Seat, text: str) -> int:
    """Give the column where something stands among the tabs."""
    return seat.text.splitlines()[TABS].index(text)


async def click(seat: Seat, text: str, times: int = 1) -> None:
    """Click on something among the tabs."""
    await seat.pilot.click(offset=(column(seat, text), TABS), times=times)
    await seat.pilot.pause()


def titles(seat: Seat) -> list[str]:
    """Give the titles of the pages as everybody has them."""
    return [page.title for page in document(seat).pages.values()]


async def test_the_plus_behind_the_tabs_makes_a_page() -> None:
    async with shared() as seat:
        assert "[1 Overview] 2 Second  +" in seat.text
        await click(seat, "+")
        await seat.write("Third")
        await seat.press("enter")
        await seat.until(lambda: "[2 Third]" in seat.text)
        assert titles(seat) == ["Overview", "Third", "Second"]


async def test_the_plus_makes_the_first_page_of_an_empty_board() -> None:
    async with shared() as seat:
        for page in list(document(seat).pages):
            seat.session.shared.edit(partial(edits.close, root="pages", id_=page, now=1))
        await seat.until(lambda: "This session has no pages." in seat.text)
        await click(seat, "+")
        await seat.write("First")
        await seat.press("enter")
        await seat.until(lambda: "[1 First]" in seat.text)


async def test_two_clicks_on_a_tab_rename_its_page() -> None:
    async with shared() as seat:
        await click(seat, "Second", times=2)
        assert "[2 Second]" in seat.text
        await seat.press("ctrl+u", *"Later", "enter")
        await seat.until(lambda: "[2 Later]" in seat.text)
        assert titles(seat) == ["Overview", "Later"]
        assert seat.pane.has_focus


async def test_where_tabs_are_panes_they_edit_and_add_panes() -> None:
    async with shared(size=(80, 24)) as seat:
        await click(seat, "Table", times=2)
        assert "Edit Table" in seat.text
        await seat.press("escape")
        await click(seat, "+")
        await seat.until(lambda: "New pane" in seat.text)
        await seat.press("escape")
        assert len(panes(seat)) == 3


async def test_a_pane_dropped_on_a_tab_moves_to_that_page() -> None:
    async with shared() as seat:
        await down(seat, 8, 2)
        await move(seat, 100, 10)
        await move(seat, column(seat, "Second"), TABS)
        assert "moving Log to Second · Esc leaves it" in seat.line("1 Overview")
        assert seat.board.stage.panes[0].region.x == 0, "nothing else of the page moves"
        before = order(seat)
        await up(seat, column(seat, "Second"), TABS)
        await seat.until(partial(changed, seat, before))
        assert (order(seat), order(seat, 1)) == ("Table12 Bars12", "Log6 Log6")
        await seat.until(lambda: "[2 Second]" in seat.text)
        assert seat.pane.spec.id == list(edits.on_page(document(seat), list(document(seat).pages)[1]))[-1]
        await seat.press("ctrl+z")
        await seat.until(lambda: order(seat) == before)


@pytest.mark.parametrize("root", ["pages", "panes"])
async def test_what_is_closed_while_a_pane_is_dragged_onto_it_stays_closed(root: str) -> None:
    async with shared() as seat:
        gone = list(document(seat).pages)[1] if root == "pages" else panes_of(seat)[0]
        await down(seat, 8, 2)
        await move(seat, column(seat, "Second"), TABS)
        x = column(seat, "Second")
        seat.session.shared.edit(partial(edits.close, root=root, id_=gone, now=1))
        await up(seat, x, TABS)
        await seat.settle()
        assert order(seat) == ("Log6 Table6 Bars12" if root == "pages" else "Table6 Bars12")


async def test_a_page_that_was_closed_a_moment_ago_takes_no_pane() -> None:
    async with shared() as seat:
        second = list(document(seat).pages)[1]
        seat.session.shared.edit(partial(edits.close, root="pages", id_=second, now=1))
        seat.board.move_to(second)
        await seat.pilot.pause()
        assert order(seat) == "Log6 Table6 Bars12"
        assert toasts(seat) == ["the page was closed meanwhile"]


async def test_escape_leaves_a_pane_where_it_was_dragged_from() -> None:
    async with shared() as seat:
        state = document(seat).state
        await down(seat, 8, 2)
        await move(seat, column(seat, "Second"), TABS)
        await seat.press("escape")
        await up(seat, column(seat, "Second"), TABS)
        assert document(seat).state == state


async def test_a_dialog_takes_the_mouse_from_what_is_dragged() -> None:
    async with shared() as seat:
        state = document(seat).state
        await down(seat, 59, 8)
        await move(seat, 70, 8)
        await seat.press("P")
        await up(seat, 70, 8)
        await seat.press("escape")
        assert seat.board.stage.grip is None
        assert seat.board.stage.panes[0].region.width == 60
        await move(seat, 90, 8)
        assert document(seat).state == state


@pytest.mark.parametrize("keys", ["z", "right_square_bracket"])
async def test_what_is_no_longer_on_screen_is_let_go(keys: str) -> None:
    async with shared() as seat:
        state = document(seat).state
        await down(seat, 59, 8)
        await move(seat, 70, 8)
        await seat.press(keys)
        await up(seat, 70, 8)
        assert document(seat).state == state


async def test_what_others_arrange_meanwhile_is_not_undone_by_what_is_dragged() -> None:
    async with shared() as seat:
        await down(seat, 59, 8)
        await move(seat, 70, 8)
        first, second, _ = panes_of(seat)
        seat.session.shared.edit(lambda doc: edits.arrange(doc, [(first, 3, 1), (second, 9, 1)]))
        await seat.until(lambda: seat.board.stage.panes[0].region.width == 30)
        await move(seat, 80, 8)
        await up(seat, 80, 8)
        assert order(seat) == "Log3 Table9 Bars12"


async def test_a_viewer_neither_adds_nor_renames_nor_moves() -> None:
    async with shared(LOG, BARS, role="viewer") as seat:
        assert "+" not in seat.text.splitlines()[TABS]
        state = document(seat).state
        await click(seat, "Second", times=2)
        assert "[2 Second]" in seat.text
        assert not seat.board.typing
        await click(seat, "Overview")
        await down(seat, 8, 2)
        await move(seat, column(seat, "Second"), TABS)
        await up(seat, column(seat, "Second"), TABS)
        assert document(seat).state == state
        assert toasts(seat) == []
