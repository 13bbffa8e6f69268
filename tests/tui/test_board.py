"""The chrome around the panes, and what it says when something is not well."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from collab_dash.board import Page, Pane
from collab_dash.errors import HubError, JoinRefused
from collab_dash.peer.session import Joined, Lost, People, Session
from collab_dash.tui.panes.log import LogPane
from collab_dash.tui.widgets.tabs import window
from collab_dash.wire import Close, Person, Recording
from tui.fake_session import NOON, Clock, FakeSession, app_of, board, live, status, tick, welcome
from tui.opened import opened
from tui.sample import sample_session

LOG = Pane(feeds=("btc",), view="log", title="Log", width=6)
LINE = Pane(feeds=("btc",), view="line", field="price", title="Line", width=6)


def session(*panes: Pane, count: int = 20, **changes: object) -> FakeSession:
    return FakeSession(board(*(panes or (LOG, LINE))), [tick(n, float(n)) for n in range(1, count)], **changes)


async def test_the_top_line_says_it_all() -> None:
    async with opened(sample_session(), size=(160, 45)) as seat:
        top = seat.text.splitlines()[0]
        for part in (
            "DEMO",
            "ops-wall",
            "● LIVE 14:00:00Z",
            "feeds 5● 1◐ 0✗",
            "54/s",
            "rec 214 MB",
            "⇄ ana* bo cy(ro)",
        ):
            assert part in top


async def test_a_hub_open_to_others_says_so() -> None:
    async with opened(session()) as seat:
        await seat.push(status(exposed="0.0.0.0:8765", lag=2.0))
        assert "open to 0.0.0.0:8765" in seat.text
        assert "lag 2.0s" in seat.text


async def test_a_banner_says_loudly_that_nothing_is_recorded() -> None:
    async with opened(session()) as seat:
        assert "NOT RECORDING" not in seat.text
        await seat.push(status(recording=Recording(state="suspended", reason="disk full", since=NOON, missed=1312)))
        await seat.until(lambda: "✗ NOT RECORDING since 14:00: disk full — 1,312 events not kept" in seat.text)
        assert "rec " not in seat.text.splitlines()[0]
        await seat.push(status())
        await seat.until(lambda: "NOT RECORDING" not in seat.text)


async def test_offline_is_said_everywhere_and_ends_by_itself() -> None:
    async with opened(session()) as seat:
        seat.clock.now += 1000
        await seat.push(Lost("the hub is going down", seat.clock.now + 2000))
        assert "◌ OFFLINE since 14:00:01Z   next try in 2.0s · the hub is going down" in seat.text
        assert seat.text.count("STALE ◌") == 2
        assert "next try in 2.0s · no link to the hub" in seat.text
        assert "price=19" in seat.text
        assert "S Share" not in seat.text
        await seat.press("r")
        assert seat.session.retries == 1
        await seat.push(Joined(welcome(recovered=True, offset=19)))
        await seat.happen(tick(20, 20.0))
        assert "● LIVE" in seat.text
        assert "STALE" not in seat.text
        assert seat.text.count("price=19") == seat.text.count("price=20") == 1


async def test_another_log_starts_every_pane_anew() -> None:
    async with opened(session()) as seat:
        await seat.push(Lost("gone", NOON))
        seat.session.past = [tick(1, 777.0)]
        await seat.push(Joined(welcome(epoch="e2", recovered=False)))
        assert "price=777" in seat.text
        assert "price=19" not in seat.text
        assert "1 event " in seat.text


async def test_events_that_come_while_the_past_is_fetched_are_shown_once() -> None:
    fake = session()
    fake.history_open.clear()
    clock = Clock()
    app = app_of(fake, clock)
    async with app.run_test(size=(120, 32)) as pilot:
        while not list(app.live.streams):
            await pilot.pause()
        fake.happen(tick(19, 19.0), tick(20, 20.0))
        await fake.updates.join()
        fake.past += [tick(20, 20.0)]
        fake.history_open.set()
        while not app.live.streams.settled:
            await pilot.pause()
        pane = app.screen.query_one(LogPane)
        assert [event.offset for event in pane._events] == list(range(1, 21))


async def test_a_stale_pane_keeps_its_last_content_with_reason_and_key() -> None:
    async with opened(session()) as seat:
        await seat.push(live(state="waiting", reason="wss://x.example: refused", retry_at=NOON + 9000, attempt=3))
        assert "STALE ◐" in seat.line("1 Log")
        assert "price=19" in seat.text
        assert "next try in 9.0s · refused" in seat.text
        assert "r reconnect" in seat.text


async def test_an_empty_pane_says_what_it_waits_for() -> None:
    fake = FakeSession(board(Pane(feeds=("btc",), view="log", types=("trade:*",), width=12)))
    async with opened(fake) as seat:
        seat.clock.now += 61_000
        await seat.push(live(state="waiting", reason="no such host", hint="check the network", retry_at=NOON + 70_000))
        for part in (
            "Waiting for the first event of btc",
            "of type trade:*",
            "since 14:00:00Z, for 61s",
            "◐ btc is waiting",
            "no such host",
            "check the network",
            "r tries again now",
        ):
            assert part in seat.text
        assert "STALE" not in seat.text


async def test_who_looks_at_a_pane_is_on_its_border() -> None:
    async with opened(session(client="c1")) as seat:
        await seat.push(People([Person(client="c2", name="bo", role="viewer", page="Overview", pane="2 Line")]))
        assert "bo" in seat.line("2 Line").partition("2 Line")[2]
        assert "bo" not in seat.line("1 Log").partition("2 Line")[0]


async def test_small_screens_show_one_pane_and_a_digest_of_the_others() -> None:
    async with opened(sample_session(), size=(80, 24)) as seat:
        assert "[1 Markets]" in seat.text
        assert "page 1/3" in seat.text
        assert "Latest in the other panes" in seat.text
        assert "2 BTC-USD" in seat.text
        await seat.press("2")
        assert "[2 BTC-USD]" in seat.text
        assert "min " in seat.text
        assert all(len(line) <= 80 for line in seat.text.splitlines())


async def test_a_tiny_terminal_is_told_so_and_recovers() -> None:
    async with opened(session()) as seat:
        await seat.pilot.resize_terminal(20, 5)
        await seat.until(lambda: "too small, 20×5" in seat.text)
        await seat.pilot.resize_terminal(120, 32)
        await seat.until(lambda: "too small" not in seat.text)
        assert "1 Log" in seat.text
        assert seat.pane.has_focus


async def test_a_page_without_panes_says_so() -> None:
    fake = FakeSession(board(LOG, pages=(Page(title="Empty"),)))
    async with opened(fake) as seat:
        await seat.press("right_square_bracket")
        assert "This page has no panes." in seat.text
        await seat.press("tab", "z", "space", "slash", "s", "p", "r", "escape", "left_square_bracket")
        assert "[1 Overview]" in seat.text


async def test_the_chrome_is_there_before_the_session_is() -> None:
    fake = session()
    app = app_of(fake, first="my-wall")
    joining = fake.connect

    def looking_first(waiting: Callable[[], None]) -> AbstractAsyncContextManager[Session]:
        text = "\n".join("".join(s.text for s in strip) for strip in app.screen._compositor.render_strips())
        assert "◌ connecting…" in text
        assert "my-wall" in text
        return joining(waiting)

    app._connect = looking_first
    async with app.run_test(size=(120, 32)) as pilot:
        while app.live.state.board is None:
            await pilot.pause()


@pytest.mark.parametrize("error", [JoinRefused("refused: removed", code=Close.REMOVED), HubError("cannot reach it")])
async def test_a_session_that_is_over_ends_the_program(error: Exception) -> None:
    fake = session()
    app = app_of(fake)
    async with app.run_test() as pilot:
        fake.push(error)
        while app.failure is None:
            await pilot.pause()
    assert app.failure is error
    assert app.return_code == 1


async def test_an_unknown_page_opens_the_first() -> None:
    async with opened(session(), page="nowhere") as seat:
        assert "[1 Overview]" in seat.text


def test_a_window_of_tabs_holds_the_chosen_one() -> None:
    assert window([5, 5, 5], 0, 15) == range(3)
    assert window([5, 5, 5, 5], 3, 11) == range(2, 4)
    assert window([5, 50, 5], 1, 10) == range(1, 2)
    assert window([], 0, 10) == range(0)
