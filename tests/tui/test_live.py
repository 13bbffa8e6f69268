"""Joining, and coming back to another hub than before."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from msgspec.structs import replace

from collab_dash.board import Page, Pane
from collab_dash.doc import edits
from collab_dash.errors import RequestRefused
from collab_dash.peer.updates import Joined, Lost
from collab_dash.tui.panes.log import LogPane
from collab_dash.wire import BOARD, Code
from tui.fake_session import NOON, FakeSession, app_of, board, live, screen_text, tick, welcome
from tui.opened import Seat, opened

LOG = Pane(feeds=("btc",), view="log", title="Log")
VIEWS = (Pane(view="people"), Pane(view="feeds"), Pane(view="marks"), Pane(view="chat"))


class Refusing(FakeSession):
    """A session whose hub refuses to tell the board for a while."""

    refusals = 2

    def __init__(self, *args: Any, **changes: Any) -> None:
        super().__init__(*args, **changes)
        self.answers = asyncio.Event()
        self.answers.set()

    async def request(self, event: str, data: Any = None, **rest: Any) -> msgspec.Raw:
        await self.answers.wait()
        if event == BOARD and self.refusals:
            self.refusals -= 1
            raise RequestRefused("no answer within 10 s", code=Code.UNAVAILABLE, retry=True)
        return await super().request(event, data, **rest)


async def test_a_hub_that_does_not_tell_the_board_is_asked_again() -> None:
    session = Refusing(board(LOG), [tick(1, 5.0)])
    app = app_of(session)
    async with app.run_test() as pilot, asyncio.timeout(10):
        while "price=5" not in screen_text(app):
            await pilot.pause(0.01)
    assert session.refusals == 0


async def test_coming_back_to_another_log_shows_each_of_its_events_once() -> None:
    session = FakeSession(board(LOG), [tick(n, float(n)) for n in range(1, 4)])
    async with opened(session) as seat:
        session.history_open.clear()
        seat.pane.set_filter("price > 1")
        await seat.push_unsettled(Lost("cut", NOON))
        session.linked = False
        session.history_open.set()
        await seat.until(lambda: bool(seat.app.live.backfill._unfilled))
        session.linked = True
        await seat.push(Joined(welcome(epoch="e2")))
        await seat.pilot.pause()
        assert isinstance(seat.pane, LogPane)
        assert seat.pane.count() == 2


async def back_at(seat: Seat, **changes: Any) -> None:
    """Let the link break, and the hub be another one of the same log when it is back."""
    seat.session.board = replace(seat.session.board, **changes)
    await seat.push(Lost("cut", NOON), Joined(welcome(client="c9", recovered=True)))


async def test_what_the_hub_says_of_its_feeds_is_asked_anew_upon_coming_back() -> None:
    session = FakeSession(board(LOG, feeds=("btc", "eth")), [tick(1, 5.0)])
    async with opened(session) as seat:
        await seat.push(live(), live("eth"))
        assert [feed.feed for feed in seat.app.live.state.all_feeds()] == ["btc", "eth"]
        await back_at(seat, feeds=("btc", "sol"), label="NEW")
        await seat.push(live(), live("sol"))
        await seat.until(lambda: "NEW" in seat.text)
        assert [feed.feed for feed in seat.app.live.state.all_feeds()] == ["btc", "sol"]


async def test_a_pane_of_a_feed_that_is_gone_keeps_what_it_has_and_says_so() -> None:
    session = FakeSession(board(LOG, feeds=("btc",)), [tick(1, 5.0)])
    async with opened(session) as seat:
        await seat.push(live())
        await back_at(seat, feeds=("sol",))
        await seat.until(lambda: "○" in seat.line("1 Log"))
        assert "price=5" in seat.text
        seat.pane.set_filter("price > 7")
        await seat.settle()
        assert "the session has no feed of this name" in seat.text


async def test_panes_that_are_closed_watch_no_longer() -> None:
    session = FakeSession(board(LOG, pages=[Page(title="More", panes=VIEWS)]), role="editor")
    async with opened(session) as seat:
        await seat.press("right_square_bracket")
        await seat.until(lambda: seat.app.live.sharing.document is not None)
        await seat.settle()
        watchers = seat.app.live.state._watchers
        closed = [pane for view in seat.board.stage.pages[1:] for pane in view.panes]
        assert len(closed) == len(VIEWS)
        page = list(session.shared.document.pages)[1]
        session.shared.edit(lambda document: edits.close(document, "pages", page, now=NOON))
        await seat.until(lambda: len(seat.board.stage.pages) == 1)
        assert not [watcher for watcher in watchers if getattr(watcher, "__self__", None) in closed]


async def test_a_board_that_comes_when_somebody_leaves_is_not_shown_any_more() -> None:
    session = Refusing(board(LOG), [tick(1, 5.0)])
    session.refusals = 0
    session.answers.clear()
    app = app_of(session)
    async with app.run_test() as pilot:
        await pilot.pause()
        app.exit()
        session.answers.set()
        await pilot.pause()
    assert app.live.state.board is None
