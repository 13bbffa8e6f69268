"""People change the board with the mouse."""

from __future__ import annotations

from functools import partial

from collab_dash.board import Pane
from collab_dash.doc import edits
from tui.opened import Seat
from tui.test_editing import LOG, changed, document, order, panes, panes_of, shared

TABLE = Pane(feeds=("btc",), view="table", title="Table")
BARS = Pane(feeds=("btc",), view="bars", title="Bars", width=12)


async def down(seat: Seat, x: int, y: int) -> None:
    """Press the mouse's button there."""
    await seat.pilot.mouse_down(offset=(x, y))


async def move(seat: Seat, x: int, y: int) -> None:
    """Move the mouse there."""
    await seat.pilot.hover(offset=(x, y))
    await seat.pilot.pause()


async def up(seat: Seat, x: int, y: int) -> None:
    """Let go of the button there."""
    await seat.pilot.mouse_up(offset=(x, y))
    await seat.pilot.pause()


async def test_a_side_border_is_dragged_and_written_when_it_is_let_go() -> None:
    async with shared(LOG, TABLE, BARS) as seat:
        log, table, _ = seat.board.stage.panes
        for x in (log.region.right - 1, table.region.x):  # both lines are the border
            before = order(seat)
            await down(seat, x, 8)
            await move(seat, x + 21, 8)
            assert "resizing" in seat.line("1 Overview")
            assert (log.region.right, table.region.x) == (log.region.width, log.region.width)
            assert order(seat) == before
            await up(seat, x + 21, 8)
            await seat.until(partial(changed, seat, before))
            await seat.settle()
            await seat.press("ctrl+z")
            await seat.until(lambda: order(seat) == "Log6 Table6 Bars12")
            await seat.until(lambda: log.region.width == 60)
        assert log in seat.board.stage.panes


async def test_a_border_stays_within_its_two_panes() -> None:
    async with shared(LOG, TABLE, BARS) as seat:
        await down(seat, 59, 8)
        await move(seat, 119, 8)
        await up(seat, 119, 8)
        assert order(seat) == "Log6 Table6 Bars12"
        await down(seat, 59, 8)
        await move(seat, 108, 8)
        await up(seat, 108, 8)
        await seat.until(lambda: order(seat) == "Log11 Table1 Bars12")


async def test_a_bottom_border_is_dragged() -> None:
    async with shared(LOG, TABLE, BARS) as seat:
        log, _, bars = seat.board.stage.panes
        y = log.region.bottom - 1
        await down(seat, 20, y)
        await move(seat, 20, y - 4)
        assert log.region.height == y - 4 + 1 - log.region.y
        await up(seat, 20, y - 4)
        await seat.until(lambda: panes(seat)[0].height > 1)
        await seat.settle()
        assert log.region.bottom == bars.region.y == y - 3


async def test_a_title_is_dragged_onto_another_pane() -> None:
    async with shared(LOG, TABLE, BARS) as seat:
        await down(seat, 8, 2)
        await move(seat, 100, 10)
        assert "moving Log" in seat.line("1 Overview")
        assert seat.board.stage.panes[1].region.x == 0
        assert order(seat) == "Log6 Table6 Bars12"
        await up(seat, 100, 10)
        await seat.until(lambda: order(seat) == "Table6 Log6 Bars12")
        assert seat.pane.name_on_screen == "Log"
        bars = seat.board.stage.panes[2].region
        await down(seat, 8, 2)
        await move(seat, 10, bars.y + 3)
        await up(seat, 10, bars.y + 3)
        await seat.until(lambda: order(seat) == "Log12 Table6 Bars6")


async def test_escape_leaves_what_is_dragged_where_it_was() -> None:
    async with shared(LOG, TABLE, BARS) as seat:
        log = seat.board.stage.panes[0]
        await down(seat, 59, 8)
        await move(seat, 80, 8)
        assert log.region.width == 80
        await seat.press("escape")
        assert log.region.width == 60
        await up(seat, 80, 8)
        assert order(seat) == "Log6 Table6 Bars12"
        assert "resizing" not in seat.text


async def test_a_click_on_a_title_or_a_border_changes_nothing() -> None:
    async with shared(LOG, TABLE, BARS) as seat:
        state = document(seat).state
        for spot in ((70, 2), (59, 8), (20, 16)):
            await down(seat, *spot)
            await up(seat, *spot)
        assert document(seat).state == state


async def test_a_pane_that_is_closed_while_it_is_dragged_stays_closed() -> None:
    async with shared(LOG, TABLE, BARS) as seat:
        first = panes_of(seat)[0]
        await down(seat, 8, 2)
        await move(seat, 100, 10)
        seat.session.shared.edit(lambda doc: edits.close(doc, "panes", first, now=1))
        await seat.until(lambda: len(seat.board.stage.panes) == 2)
        await up(seat, 100, 10)
        await seat.settle()
        assert "Log" not in order(seat)


async def test_a_viewer_drags_nothing() -> None:
    async with shared(LOG, TABLE, BARS, role="viewer") as seat:
        await down(seat, 59, 8)
        await move(seat, 80, 8)
        assert seat.board.stage.panes[0].region.width == 60
        await up(seat, 80, 8)
        assert seat.app.mouse_captured is None
