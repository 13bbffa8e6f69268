"""Travel in time: the panes as they were, and back without gap or duplicate."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from collab_dash.board import Page, Pane
from collab_dash.event import Event
from collab_dash.peer.session import Events, Joined, Lost
from collab_dash.wire import DENSITY, Skipped
from tui.fake_session import NOON, FakeSession, board, live, tick, welcome
from tui.opened import opened
from tui.travelling import FEEDS, LOG, TABLE, arrived, go, record, session, shown, travel


async def test_every_view_shows_what_was() -> None:
    views = ("table", "log", "line", "stat", "bars", "json")
    panes = [Pane(feeds=("btc",), view=view, field="price" * (view != "log"), title=view, width=4) for view in views]
    async with opened(session(*panes), size=(160, 45)) as seat:
        await go(seat, NOON - 60_000 + 30_500)
        lasts = {pane.spec.view: pane.last.offset for pane in seat.board.stage.panes if pane.last}
        assert lasts == dict.fromkeys(views, 30)
        assert "last 30" in seat.text
        assert "59" not in seat.line("❚❚").replace("13:59", "")


async def test_the_top_line_and_the_ages_tell_the_time_that_is_shown() -> None:
    async with opened(session(TABLE, FEEDS)) as seat:
        await go(seat, NOON - 60_000 + 32_000)
        assert "❚❚ 13:59:32Z" in seat.text.splitlines()[0]
        assert "LIVE" not in seat.text.splitlines()[0]
        seat.clock.now += 60_000
        assert "BTC-USD     32  0.0s" in seat.text
        await go(seat, NOON - 60_000 + 32_900)
        assert "BTC-USD     32  0.9s" in seat.text
        await seat.push(live(last_event=NOON))
        assert "60s" in seat.line("● btc")  # feeds are not of the past
        assert "live" in seat.line("2 Feeds")
        await go(seat, NOON - 86_400_000)
        assert "❚❚ 2025-11-21 14:00:00Z" in seat.text.splitlines()[0]


async def test_what_happens_meanwhile_is_there_on_return_and_nothing_twice() -> None:
    async with opened(session()) as seat:
        await seat.press("t")
        await go(seat, NOON - 30_000)
        assert shown(seat) == [*range(1, 31)]
        await record(seat, *(tick(n, float(n)) for n in range(60, 70)))
        assert shown(seat) == [*range(1, 31)]
        await seat.push(Skipped(first=1, last=2))
        assert "were not sent" not in seat.text
        await seat.press("L")
        await seat.settle()
        assert travel(seat).position is None
        assert shown(seat) == [*range(1, 70)]
        await record(seat, tick(70, 1.0))
        assert shown(seat) == [*range(1, 71)]
        assert "● LIVE" in seat.text


async def test_what_could_not_be_recorded_is_there_too() -> None:
    async with opened(session()) as seat:
        await go(seat, NOON - 30_000)
        lost = tick(60, 1.0)
        lost = Event(feed="btc", type=lost.type, key=lost.key, received=lost.received, data={"price": 0.5})
        await seat.happen(lost)
        await record(seat, tick(61, 2.0))
        travel(seat).go_live()
        await seat.settle()
        assert shown(seat) == [*range(1, 60), None, 61]
        await go(seat, NOON - 30_000)
        assert shown(seat) == [*range(1, 31)]


async def test_returning_while_events_pour_in_has_no_gap_and_no_duplicate() -> None:
    async with opened(session()) as seat:
        await go(seat, NOON - 30_000)
        seat.session.history_open.clear()
        travel(seat).go_live()
        later = [tick(n, float(n)) for n in range(60, 80)]
        await seat.push_unsettled(Events(later[:10]))
        seat.session.past += later  # the log is ahead of what has come in
        seat.session.history_open.set()
        await seat.settle()
        await seat.happen(*later[10:], tick(80, 1.0))
        assert shown(seat) == [*range(1, 81)]


async def test_returning_before_having_got_there_shows_the_present() -> None:
    async with opened(session()) as seat:
        seat.session.history_open.clear()
        travel(seat).seek(NOON - 30_000)
        await seat.until(lambda: bool(seat.session.asked) and seat.session.asked[-1][0] == DENSITY)
        travel(seat).go_live()
        await record(seat, tick(60, 1.0), settled=False)
        seat.session.history_open.set()
        await arrived(seat)
        assert (travel(seat).position, shown(seat)) == (None, [*range(1, 61)])


async def test_the_digest_of_hidden_panes_travels_too() -> None:
    async with opened(session(), size=(80, 24)) as seat:
        await go(seat, NOON - 30_000)
        assert "13:59:30  2 Table" in seat.text


async def test_an_empty_log_can_be_travelled_too() -> None:
    async with opened(session(count=0)) as seat:
        await seat.press("t")
        await seat.until(lambda: "nothing is recorded yet" in seat.text)
        await seat.press("comma")
        await seat.until(lambda: travel(seat).fault != "")
        assert travel(seat).position is None
        await seat.press("less_than_sign")
        await arrived(seat)
        assert "❚❚ 13:59:00Z" in seat.text
        await seat.press("space")
        assert travel(seat).playing
        await seat.press("L")
        assert "● LIVE" in seat.text


async def test_the_future_is_the_present() -> None:
    async with opened(session()) as seat:
        await go(seat, NOON + 5000)
        assert travel(seat).position is None
        await go(seat, NOON - 10_000)
        await seat.press("greater_than_sign")
        assert travel(seat).position is None
        await seat.settle()
        assert shown(seat) == [*range(1, 60)]


async def test_a_broken_link_stops_nothing_and_shows_nothing_wrong() -> None:
    async with opened(session()) as seat:
        await seat.press("t")
        await go(seat, NOON - 30_000)
        seat.session.linked = False
        await seat.push(Lost("gone", NOON))
        assert "❚❚ 13:59:30Z" in seat.text.splitlines()[0]
        assert "OFFLINE" in seat.text.splitlines()[0]
        await seat.press("less_than_sign")
        assert (travel(seat).position, travel(seat).fault) == (NOON - 30_000, "no link to the hub")
        assert "no link to the hub" in seat.text
        seat.session.past += [tick(n, float(n)) for n in range(60, 65)]
        seat.session.linked = True
        await seat.push(Joined(welcome(offset=59, recovered=True)), Events(seat.session.past[59:]))
        assert shown(seat) == [*range(1, 31)]
        await seat.press("L")
        await seat.settle()
        assert shown(seat) == [*range(1, 65)]


async def test_returning_without_a_link_is_made_up_for_when_it_is_back() -> None:
    async with opened(session()) as seat:
        await go(seat, NOON - 30_000)
        later = [tick(n, float(n)) for n in range(60, 65)]
        await record(seat, *later[:3])
        seat.session.linked = False
        travel(seat).go_live()
        await seat.push_unsettled(Lost("gone", NOON))
        seat.session.past += later[3:]
        seat.session.linked = True
        await seat.push(Joined(welcome(offset=62, recovered=True)), Events(later[3:]))
        assert shown(seat) == [*range(1, 65)]


async def test_a_seek_that_the_link_breaks_under_leaves_things_as_they_are() -> None:
    async with opened(session()) as seat:
        await go(seat, NOON - 30_000)
        seat.session.linked = False
        travel(seat).seek(NOON - 40_000)
        await seat.until(lambda: travel(seat).fault != "")
        assert (travel(seat).position, shown(seat)) == (NOON - 30_000, [*range(1, 31)])


async def test_another_log_is_looked_up_at_the_same_time() -> None:
    async with opened(session()) as seat:
        await go(seat, NOON - 30_000)
        seat.session.past = [tick(n, 1.0) for n in range(1, 59, 10)]
        await seat.push(Joined(welcome(epoch="e2", offset=59)))
        await arrived(seat)
        assert (shown(seat), travel(seat).position) == ([1, 11, 21], NOON - 30_000)


async def test_a_pane_of_all_feeds_has_its_past_and_its_steps() -> None:
    everything = Pane(feeds=("*",), view="log", title="All", width=6)
    past = [tick(n, float(n), feed="btc" if n % 2 else "eth") for n in range(1, 60)]
    async with opened(FakeSession(board(everything, feeds=("btc", "eth")), past)) as seat:
        assert shown(seat) == [*range(1, 60)]
        await go(seat, NOON - 30_000)
        await seat.press("comma")
        await arrived(seat)
        assert shown(seat) == [*range(1, 30)]
        await travel(seat).advance(2.0)
        assert shown(seat) == [*range(1, 32)]


async def test_a_filter_and_another_page_show_the_past_too() -> None:
    async with opened(session()) as seat:
        await go(seat, NOON - 30_000)
        await seat.press("slash", *"price", "space", "greater_than_sign", *"25", "enter")
        await seat.settle()
        assert shown(seat) == [*range(26, 31)]
        await travel(seat).advance(3.0)
        assert shown(seat) == [*range(26, 34)]


async def test_of_many_wishes_the_last_one_counts() -> None:
    async with opened(session()) as seat:
        await go(seat, NOON - 30_000)
        seat.session.asked.clear()
        for second in range(1, 40):
            travel(seat).seek(NOON - 60_000 + second * 1000)
        await arrived(seat)
        assert shown(seat) == [*range(1, 40)]
        assert [event for event, _ in seat.session.asked].count(DENSITY) <= 2


async def test_a_pinned_log_goes_along_when_time_does() -> None:
    async with opened(session()) as seat:
        await go(seat, NOON - 30_000)
        await seat.press("down", "down")
        assert seat.pane.frozen == "PINNED"
        await go(seat, NOON - 40_000)
        assert seat.pane.frozen == ""
        assert shown(seat) == [*range(1, 21)]


async def test_a_clock_that_was_set_back_is_harmless() -> None:
    times: Sequence[int] = [*range(0, 40_000, 1000), *range(20_000, 59_000, 1000)]
    past = [
        Event(offset=n, feed="btc", type="a:b", received=NOON - 60_000 + at, data={}) for n, at in enumerate(times, 1)
    ]
    async with opened(FakeSession(board(LOG), past)) as seat:
        await go(seat, NOON - 59_000)
        for _ in range(14):
            await travel(seat).advance(4.0)
        assert shown(seat) == [*range(1, len(times))]  # the last one is yet to come
        for _ in range(5):
            await seat.press("t", "comma", "t")
            await arrived(seat)
        assert travel(seat).offset == len(times) - 6


async def test_whoever_wants_to_know_is_told() -> None:
    pages = (Page(title="Second", panes=(TABLE,)),)
    async with opened(FakeSession(board(LOG, pages=pages), [tick(1, 1.0)])) as seat:
        moved = asyncio.Event()
        travel(seat).on_moved.append(moved.set)
        await go(seat, NOON - 30_000)
        assert moved.is_set()
        moved.clear()
        travel(seat).go_live()
        assert moved.is_set()
