"""Steps from event to event, and playing."""

from __future__ import annotations

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.tui.streams import Selection
from collab_dash.tui.travel import SPEEDS
from collab_dash.wire import HISTORY
from tui.fake_session import NOON, FakeSession, board, tick
from tui.opened import opened
from tui.travelling import LOG, arrived, go, session, shown, travel


async def test_steps_go_from_event_to_event_of_the_pane() -> None:
    past = [tick(n, float(n), feed="btc" if n % 2 else "eth") for n in range(1, 60)]
    panes = (LOG, Pane(feeds=("eth",), view="log", title="Other", width=6))
    async with opened(FakeSession(board(*panes, feeds=("btc", "eth")), past)) as seat:
        await seat.press("t", "comma")
        await arrived(seat)
        assert (travel(seat).offset, travel(seat).position) == (59, past[58].received)
        await seat.press("comma", "comma")
        await arrived(seat)
        await seat.press("comma")
        await arrived(seat)
        assert travel(seat).offset in (53, 55)
        place = travel(seat).offset or 0
        await seat.press("full_stop")
        await arrived(seat)
        assert travel(seat).offset == place + 2
        assert seat.pane.last is not None
        assert seat.pane.last.offset == place + 2
        await seat.press("2", "full_stop")
        await arrived(seat)
        assert travel(seat).offset == place + 3


async def test_a_rare_event_is_found_far_away_and_one_that_is_too_far_is_told() -> None:
    count = 60_000
    past = [Event(offset=n, feed="btc", type="a:b", received=NOON - 2 * count + n, data={"n": n}) for n in range(count)]
    async with opened(FakeSession(board(LOG), past[1:])) as seat:
        for by, sought, found in ((-1, "n == 20000", 20_000), (1, "n == 45000", 45_000), (-1, "n > 44998", 44_999)):
            travel(seat).step(by, Selection(("btc",), filter=sought))
            await arrived(seat)
            assert (travel(seat).offset, travel(seat).fault) == (found, "")
            assert shown(seat)[-1:] == [found]
        travel(seat).step(1, Selection(("btc",), filter="n == 2"))
        await arrived(seat)
        assert (travel(seat).offset, travel(seat).fault) == (44_999, "nothing later here")
        await go(seat, NOON - count - 1)
        travel(seat).step(-1, Selection(("btc",), filter="n == 2"))
        await arrived(seat)
        assert travel(seat).fault == "nothing in 50,000 earlier events; go there by time"
        assert shown(seat)[-1:] == [count - 1]


async def test_there_is_nothing_before_the_first_event_and_nothing_after_the_last() -> None:
    async with opened(session(count=3)) as seat:
        await seat.press("t")
        await go(seat, NOON - 3_600_000)
        assert shown(seat) == []
        assert "Nothing of btc until 13:00:00Z" in seat.text
        await seat.press("comma")
        await arrived(seat)
        assert travel(seat).fault == "nothing earlier here"
        assert "nothing earlier here" in seat.text
        for _ in range(2):
            await seat.press("full_stop")
            await arrived(seat)
        assert shown(seat) == [1, 2]
        await seat.press("full_stop")
        await arrived(seat)
        assert travel(seat).fault == "nothing later here"
        assert shown(seat) == [1, 2]


async def test_playing_goes_by_the_time_that_passes_and_its_speed() -> None:
    async with opened(session()) as seat:
        await go(seat, NOON - 50_000)
        await travel(seat).advance(2.5)
        assert (travel(seat).position, shown(seat)) == (NOON - 47_500, [*range(1, 13)])
        travel(seat).hasten(2)
        await travel(seat).advance(2.0)
        assert (travel(seat).position, shown(seat)) == (NOON - 37_500, [*range(1, 23)])
        travel(seat).hasten(9)
        assert travel(seat).speed == SPEEDS[-1] == 60
        travel(seat).hasten(-9)
        assert travel(seat).speed == 1
        await travel(seat).advance(37.0)
        assert shown(seat) == [*range(1, 60)]
        await travel(seat).advance(0.6)
        assert travel(seat).position is None
        await seat.settle()
        assert shown(seat) == [*range(1, 60)]


async def test_space_plays_and_stops_and_the_keys_say_so() -> None:
    async with opened(session(), size=(160, 32)) as seat:
        await seat.press("t", "less_than_sign")
        await arrived(seat)
        assert "space Play" in seat.text
        await seat.press("right_curly_bracket", "space")
        assert "space Stop" in seat.text
        assert "▶ 2x" in seat.text.splitlines()[0]
        await seat.until_later(lambda: (travel(seat).position or 0) > NOON - 60_000)
        await seat.press("space")
        assert not travel(seat).playing
        assert seat.pane.frozen == ""


async def test_a_busy_log_is_jumped_through() -> None:
    past = [
        Event(offset=n, feed="btc", type="a:b", received=NOON - 60_000 + n // 1000, data={}) for n in range(1, 9000)
    ]
    async with opened(FakeSession(board(LOG), past)) as seat:
        await go(seat, NOON - 60_001)
        seat.session.asked.clear()
        await travel(seat).advance(1.0)
        assert shown(seat)[-1:] == [8999]
        assert [event for event, _ in seat.session.asked].count(HISTORY) <= 10
