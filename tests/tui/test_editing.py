"""People change the board with keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from textual.widgets import OptionList

from collab_dash.board import Page, Pane
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import PaneEntry
from tui.fake_session import NOON, FakeSession, board, live, tick
from tui.opened import Seat, opened

LOG = Pane(feeds=("btc",), view="log", title="Log")
TABLE = Pane(feeds=("btc",), view="table", title="Table")
BARS = Pane(feeds=("btc",), view="bars", title="Bars", width=12)


@asynccontextmanager
async def shared(*panes: Pane, size: tuple[int, int] = (120, 32), **changes: Any) -> AsyncIterator[Seat]:
    """Open a board whose document has come; there is a second page."""
    past = [tick(n, float(n)) for n in range(1, 20)]
    shown = board(*(panes or (LOG, TABLE, BARS)), pages=[Page(title="Second", panes=(LOG,))], feeds=("btc", "quakes"))
    session = FakeSession(shown, past, **changes)
    session.push(live(), live("quakes", plugin="usgs"))
    async with opened(session, size=size) as seat:
        await seat.until(lambda: seat.app.live.sharing.document is not None)
        await seat.settle()
        yield seat


def document(seat: Seat) -> Document:
    """Give the document that everybody has."""
    return seat.session.shared.document


def panes(seat: Seat, page: int = 0) -> list[PaneEntry]:
    """Give the panes of a page as everybody has them."""
    return list(edits.on_page(document(seat), list(document(seat).pages)[page]).values())


def panes_of(seat: Seat) -> list[str]:
    """Give the ids of the first page's panes, in order."""
    return list(edits.on_page(document(seat), next(iter(document(seat).pages))))


def order(seat: Seat, page: int = 0) -> str:
    return " ".join(f"{pane.title}{pane.width}" for pane in panes(seat, page))


def toasts(seat: Seat) -> list[str]:
    return [notice.message for notice in seat.app._notifications]


# Coming and going


async def test_a_pane_is_chosen_by_typing_and_added_behind_the_current_one() -> None:
    async with shared() as seat:
        await seat.press("plus")
        await seat.write("usg")
        await seat.press("enter")
        await seat.until(lambda: "2 quakes" in seat.text)
        assert [pane.feeds for pane in panes(seat)] == [("btc",), ("quakes",), ("btc",), ("btc",)]
        assert seat.pane.name_on_screen == "quakes"
        assert panes(seat)[1].view == ""  # as the feed's plugin would have it
        assert [pane.width for pane in panes(seat)] == [3, 3, 6, 12]


async def test_a_view_is_chosen_and_shown_before_it_is_added() -> None:
    async with shared() as seat:
        await seat.press("plus", "right")
        await seat.write("tab")
        await seat.until(lambda: "4 btc" in seat.text)
        await seat.settle()
        assert "1 rows" in seat.text or "1 row" in seat.text
        assert len(panes(seat)) == 3
        await seat.press("enter")
        await seat.until(lambda: len(panes(seat)) == 4)
        assert panes(seat)[1].view == "table"


async def test_views_without_a_feed_are_offered_and_a_page_is_too() -> None:
    async with shared() as seat:
        await seat.press("plus")
        await seat.write("people")
        await seat.press("right", "enter")
        await seat.until(lambda: len(panes(seat)) == 4)
        assert (panes(seat)[1].view, panes(seat)[1].feeds) == ("people", ())
        await seat.press("plus", "up", "enter")
        await seat.write("Third")
        await seat.press("enter")
        await seat.until(lambda: "[2 Third]" in seat.text)
        assert "This page has no panes. + adds one." in seat.text
        assert [page.title for page in document(seat).pages.values()] == ["Overview", "Third", "Second"]


async def test_leaving_the_picker_adds_nothing_and_leaves_no_stream_behind() -> None:
    async with shared() as seat:
        before = len(list(seat.app.live.streams))
        await seat.press("plus")
        await seat.until(lambda: len(list(seat.app.live.streams)) > before)
        await seat.press("escape")
        await seat.until(lambda: len(list(seat.app.live.streams)) == before)
        assert len(panes(seat)) == 3


async def test_nothing_matches_and_nothing_is_added() -> None:
    async with shared() as seat:
        await seat.press("plus")
        await seat.write("zzz")
        await seat.press("enter")
        assert "nothing matches" in seat.text
        await seat.press("backspace", "backspace", "backspace", "down", "enter")
        await seat.until(lambda: len(panes(seat)) == 4)
        assert panes(seat)[1].feeds == ("quakes",)


async def test_a_closed_pane_is_told_of_and_comes_back_by_undo_whole() -> None:
    async with shared() as seat:
        closed = seat.pane.spec.id
        await seat.press("x")
        await seat.until(lambda: len(seat.board.stage.panes) == 2)
        assert toasts(seat) == ["closed Log · ctrl+z brings it back"]
        seat.session.shared.edit(lambda doc: edits.change(doc, "panes", closed, title="Renamed meanwhile"))
        await seat.press("ctrl+z")
        await seat.until(lambda: "1 Renamed meanwhile" in seat.text)
        assert toasts(seat)[-1] == "undone: Renamed meanwhile is back"
        await seat.press("R")
        await seat.until(lambda: len(seat.board.stage.panes) == 2)
        assert toasts(seat)[-1] == "done again: Renamed meanwhile is gone"
        await seat.press("ctrl+y")
        assert toasts(seat)[-1] == "nothing of yours to do again"


async def test_undo_takes_back_ones_own_edits_only() -> None:
    async with shared() as seat:
        await seat.press("w")
        first = panes_of(seat)[0]
        seat.session.shared.edit(lambda doc: edits.change(doc, "panes", first, title="Theirs"))
        await seat.press("backspace")
        await seat.until(lambda: order(seat) == "Theirs6 Table6 Bars12")
        await seat.press("backspace")
        assert toasts(seat)[-1] == "nothing of yours to undo"


async def test_all_may_be_closed_and_the_board_says_how_to_go_on() -> None:
    async with shared() as seat:
        await seat.press("x", "x", "x")
        await seat.until(lambda: "This page has no panes. + adds one." in seat.text)
        for _ in range(2):
            await command(seat, "Close page")
        await seat.until(lambda: "This session has no pages. + adds a pane, and a page for it." in seat.text)
        await seat.press("plus", "enter")
        await seat.until(lambda: "[1 Page 1]" in seat.text)
        await seat.until(lambda: "1 btc" in seat.text)


# Moving and resizing


@pytest.mark.parametrize(
    ("keys", "after"),
    [
        (["shift+right"], "Table6 Log6 Bars12"),
        (["shift+right", "shift+left"], "Log6 Table6 Bars12"),
        (["shift+down"], "Table12 Log6 Bars6"),
        (["shift+up"], "Log12 Table12 Bars12"),
        (["w", "ctrl+right"], "Log8 Table4 Bars12"),
        (["W", "ctrl+left"], "Log4 Table8 Bars12"),
    ],
)
async def test_a_pane_is_moved_and_resized_and_keeps_the_keys(keys: list[str], after: str) -> None:
    async with shared() as seat:
        for key in keys:
            before = order(seat)
            await seat.press(key)
            await seat.until(partial(changed, seat, before))
        await seat.until(lambda: order(seat) == after)
        await seat.until(lambda: seat.board.stage.panes[order(seat).split().index(seat_word(seat))] is seat.pane)
        assert seat.pane.name_on_screen == "Log"
        assert seat.pane.has_focus


def changed(seat: Seat, before: str) -> bool:
    return order(seat) != before


def seat_word(seat: Seat) -> str:
    return next(word for word in order(seat).split() if word.startswith("Log"))


async def test_keys_that_follow_at_once_go_on_from_what_the_keys_before_them_did() -> None:
    async with shared() as seat:
        for action in (
            "resize_pane('wider')",
            "resize_pane('wider')",
            "move_pane('right')",
            "close_pane",
            "close_pane",
        ):
            await seat.app.run_action(action, seat.board)
        await seat.until(lambda: order(seat) == "Table12 Bars12")
        await seat.press("backspace")
        await seat.until(lambda: order(seat) == "Table4 Log8 Bars12")


async def test_a_row_is_made_taller_and_shorter() -> None:
    async with shared() as seat:
        await seat.press("v", "ctrl+down")
        await seat.until(lambda: panes(seat)[0].height == 3)
        await seat.press("V")
        await seat.until(lambda: panes(seat)[0].height == 2)
        await seat.press("3", "ctrl+up")
        assert toasts(seat) == ["Bars cannot be made shorter"]


async def test_a_pane_goes_to_another_page_with_whoever_sent_it() -> None:
    async with shared() as seat:
        await command(seat, "Move pane to page Second")
        await seat.until(lambda: "[2 Second]" in seat.text)
        await seat.until(lambda: "2 Log" in seat.text)
        assert order(seat, 1) == "Log6 Log6"
        assert seat.board.stage.page is not None
        assert seat.board.stage.page.current == 1


async def test_in_little_room_panes_move_and_are_not_resized() -> None:
    async with shared(size=(80, 24)) as seat:
        assert "ctrl+right" not in seat.board.active_bindings
        await seat.press("shift+right")
        await seat.until(lambda: order(seat) == "Table6 Log6 Bars12")
        await seat.until(lambda: "[2 Log]" in seat.text)


# Pages and the room filter


async def command(seat: Seat, name: str) -> None:
    """Choose a command by its name."""
    await seat.press("colon")
    await seat.write(name)
    found = seat.app.screen.query_one(OptionList)
    await seat.until(lambda: found.option_count == 1 and name in seat.text)
    await seat.press("enter")
    await seat.until(lambda: seat.app.screen is seat.board)


async def test_a_page_is_renamed_and_moved() -> None:
    async with shared() as seat:
        await command(seat, "Rename page")
        await seat.press(*["backspace"] * 8)
        assert "a page has a title" in seat.text
        await seat.press("enter")
        await seat.write("First")
        await seat.press("enter")
        await seat.until(lambda: "[1 First]" in seat.text)
        await seat.press("B")
        await seat.until(lambda: "[2 First]" in seat.text)
        await seat.press("B", "b")
        await seat.until(lambda: "[1 First]" in seat.text)
        assert seat.pane.has_focus


async def test_a_filter_for_every_pane_is_typed_judged_and_shown() -> None:
    async with shared() as seat:
        await seat.press("f")
        await seat.write("price >")
        assert "✗ character 8" in seat.text
        await seat.press("enter")
        await seat.write(" 18")
        await seat.press("enter")
        await seat.until(lambda: document(seat).room.filter == "price > 18")
        await seat.until(lambda: "room filter: price > 18" in seat.line("1 Overview"))
        await seat.settle()
        assert "1 event " in seat.text
        assert seat.pane.has_focus
        await seat.press("f", "escape")
        assert seat.pane.has_focus
        assert document(seat).room.filter == "price > 18"


async def test_a_pane_without_the_field_of_the_room_filter_says_why_it_is_empty() -> None:
    async with shared() as seat:
        seat.session.shared.edit(lambda doc: edits.set_room_filter(doc, "mag >= 1"))
        await seat.until(lambda: "Nothing matches mag >= 1 (room filter)" in seat.text)
        assert "f changes the room filter" in seat.text


# Who may


async def test_a_viewer_is_offered_no_key_and_told_why() -> None:
    async with shared(role="viewer") as seat:
        keys = set(seat.board.active_bindings)
        assert keys.isdisjoint({"plus", "e", "x", "f", "b", "R", "shift+left", "w", "backspace"})
        await seat.press("x", "plus")
        assert len(panes(seat)) == 3
        await command(seat, "Close page")
        assert toasts(seat) == ["a viewer's link changes nothing"]
        assert len(document(seat).pages) == 2


async def test_what_others_wrote_is_shown_as_text_and_not_obeyed() -> None:
    async with shared(Pane(feeds=("btc",), view="log", title="[red]\x1b[31mLog[/]"), TABLE) as seat:
        await seat.press("x")
        await seat.until(lambda: order(seat) == "Table12")
        assert toasts(seat) == ["closed [red]␛[31mLog[/] · ctrl+z brings it back"]


async def test_a_pane_closed_by_somebody_else_first_is_closed_once() -> None:
    async with shared() as seat:
        first = panes_of(seat)[0]
        seat.session.shared.edit(lambda doc: edits.close(doc, "panes", first, now=NOON))
        await seat.until(lambda: len(seat.board.stage.panes) == 2)
        await seat.press("x")
        await seat.until(lambda: order(seat) == "Bars12")
