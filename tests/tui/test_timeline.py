"""The timeline: what it draws, and its keys and clicks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from textual.events import Click

from collab_dash.board import Board, Pane
from collab_dash.event import Event
from collab_dash.tui.travel import Flag, Travel
from collab_dash.tui.widgets.timeline import Timeline
from collab_dash.wire import DENSITY
from tui.fake_session import NOON, FakeSession, board, tick
from tui.opened import Seat, opened
from tui.sample import sample_session

LOG = Pane(feeds=("btc",), view="log", title="Log", width=6)
WIDE, SMALL = (160, 45), (80, 24)
HOUR = 3_600_000


def session(times: Sequence[int] = (), **more: Board) -> FakeSession:
    past = [Event(offset=n, feed="btc", type="a:b", received=NOON - 1 - ms, data={}) for n, ms in enumerate(times, 1)]
    return FakeSession(more.get("board", board(LOG)), past)


def travel(seat: Seat) -> Travel:
    return seat.app.live.travel


def timeline(seat: Seat) -> Timeline:
    assert seat.board.timeline is not None
    return seat.board.timeline


async def looked(seat: Seat) -> None:
    """Wait until the timeline shows what the hub told for the stretch of time that it is about now."""
    line = timeline(seat)
    await seat.until(lambda: line.window.settled)
    await seat.until(lambda: line.window.seen is not None and len(line.window.seen.counts) == line.columns)


async def open_timeline(seat: Seat) -> None:
    await seat.press("t")
    await looked(seat)


async def test_t_opens_it_and_escape_or_t_close_it() -> None:
    async with opened(sample_session(), size=WIDE) as seat:
        assert "Timeline" not in seat.text
        await open_timeline(seat)
        assert "Timeline 13:45 – 14:00" in seat.text
        assert "zoom 15m" in seat.line("Timeline")
        await seat.press("escape")
        assert "Timeline" not in seat.text
        await seat.press("t", "t")
        assert "Timeline" not in seat.text
        assert travel(seat).position is None


async def test_closing_it_stays_at_the_moment_and_l_returns() -> None:
    async with opened(sample_session(), size=WIDE) as seat:
        await open_timeline(seat)
        await seat.press("less_than_sign", "escape")
        assert "❚❚ 13:59:00Z" in seat.text.splitlines()[0]
        assert "Timeline" not in seat.text
        assert "L Live" in seat.text.splitlines()[-1]
        await seat.press("L")
        assert "● LIVE" in seat.text.splitlines()[0]


async def test_bars_are_as_high_as_much_happened() -> None:
    quarter = 900_000
    times = sorted([*[quarter // 2] * 7, *[1000] * 3, 800_000], reverse=True)
    async with opened(session(times), size=WIDE) as seat:
        await open_timeline(seat)
        bars = seat.text.splitlines()[40][2:-2]
        assert sorted(bars.replace(" ", "").replace("·", "")) == ["▂", "▄", "▇"]
        assert bars.index("▂") < bars.index("▇") < bars.index("▄")
        assert bars.startswith("·")  # before the recording


async def test_arrows_seek_while_it_is_open_and_turn_to_panes_otherwise() -> None:
    async with opened(sample_session(), size=WIDE) as seat:
        await seat.press("right", "right", "left")
        assert seat.pane.number == 2
        await open_timeline(seat)
        part = timeline(seat).window.span // timeline(seat).columns
        await seat.press("left", "left", "right")
        assert travel(seat).position == NOON - part
        await seat.press("l")
        assert seat.pane.number == 3
        await seat.press("escape", "right")
        assert seat.pane.number == 4


async def test_a_click_goes_there_or_to_what_is_flagged_there() -> None:
    flag = NOON - 200_500

    def flags(since: int, until: int) -> Iterator[Flag]:
        assert since <= flag < until
        yield Flag(flag, "#3", "accent")

    async with opened(sample_session(), size=WIDE) as seat:
        travel(seat).flags = flags
        await open_timeline(seat)
        line = timeline(seat)
        assert line.window.seen is not None
        signs = seat.text.splitlines()[41]
        assert signs[2 + (line.window.seen.column(flag) or 0) :].startswith("#3")
        for x, when in ((2 + 20, line.window.seen.end_of(20)), (signs.index("#3"), flag)):
            await seat.pilot.click(Timeline, offset=(x, 1))
            await seat.until(lambda when=when: travel(seat).at == when)  # type: ignore[misc]
        line.on_click(Click(line, 0, 1, 0, 0, 1, False, False, False))
        assert travel(seat).position == flag


async def test_the_cursor_stands_at_the_moment_in_words_and_in_colour() -> None:
    async with opened(sample_session(), size=WIDE) as seat:
        await open_timeline(seat)
        travel(seat).seek(NOON - 450_000)
        await seat.until(lambda: travel(seat).at is not None)
        await looked(seat)
        assert 78 <= seat.text.splitlines()[41].index("▲") <= 82
        assert "plays 1x" in seat.line("Timeline")


async def test_zooming_keeps_the_moment_in_sight_up_to_the_whole_recording() -> None:
    times = [HOUR * 5, HOUR, 600_000, 1000]
    async with opened(session(times), size=WIDE) as seat:
        await open_timeline(seat)
        for shown in ("zoom 60m", "zoom 4h", "zoom all", "zoom all"):
            await seat.press("right_parenthesis")
            await looked(seat)
            await seat.until(lambda shown=shown: shown in seat.line("Timeline"))  # type: ignore[misc]
        assert "Timeline 08:5" in seat.text
        seen = timeline(seat).window.seen
        assert seen is not None
        assert sum(seen.counts) == len(times)
        travel(seat).seek(NOON - HOUR)
        await seat.until(lambda: travel(seat).at is not None)
        for _ in range(9):
            await seat.press("left_parenthesis")
            await looked(seat)
            assert "▲" in seat.text
        assert "zoom 60s" in seat.line("Timeline")


async def test_a_young_recording_is_shown_in_the_usual_stretch() -> None:
    async with opened(session([5000, 1000]), size=WIDE) as seat:
        await open_timeline(seat)
        await seat.press("right_parenthesis")
        assert "zoom 15m" in seat.line("Timeline")


async def test_a_moment_outside_brings_the_line_along() -> None:
    async with opened(session([HOUR * 5, 1000]), size=WIDE) as seat:
        await open_timeline(seat)
        travel(seat).seek(NOON - 2 * HOUR)
        await seat.until(lambda: "Timeline 11:52 – 12:07" in seat.text)
        await seat.press("L")
        await seat.until(lambda: "Timeline 13:45 – 14:00" in seat.text)


async def test_alerts_of_the_log_are_flagged() -> None:
    alert = Event(offset=61, feed="alerts", type="alert:fire", received=NOON - 450_000, data={})
    async with opened(session([1000]), size=WIDE) as seat:
        seat.session.past = [tick(1, 1.0), alert]
        await open_timeline(seat)
        assert 78 <= seat.text.splitlines()[41].index("!") <= 82


async def test_an_empty_log_and_times_before_it_say_so() -> None:
    async with opened(session([1000]), size=WIDE) as seat:
        await open_timeline(seat)
        travel(seat).seek(NOON - HOUR)
        await seat.until(lambda: "the recording begins at 2025-11-22 13:59:58Z" in seat.text)
        assert "Nothing of btc until 13:00:00Z" in seat.text
    async with opened(session(), size=WIDE) as seat:
        await open_timeline(seat)
        assert "nothing is recorded yet" in seat.text


async def test_at_small_sizes_it_takes_two_lines() -> None:
    async with opened(sample_session(), size=SMALL) as seat:
        await open_timeline(seat)
        lines = seat.text.splitlines()
        assert lines[21].rstrip().endswith("● 15m")
        assert "13:50" in lines[22]
        await seat.press("less_than_sign")
        await seat.until(lambda: "▲" in seat.text.splitlines()[22])
        assert "L Live" in seat.text.splitlines()[23]


async def test_capital_t_goes_to_a_time_that_is_typed() -> None:
    async with opened(sample_session(), size=WIDE) as seat:
        await seat.press("T")
        await seat.write("13:5")
        assert "✗ is not a time such as 14:18" in seat.text
        await seat.press("enter")
        assert seat.board.typing
        await seat.write("2")
        assert "2025-11-22 13:52:00.000 UTC" in seat.text
        await seat.press("enter")
        await seat.until(lambda: travel(seat).at == NOON - 480_000)
        assert "enter apply" not in seat.text
        assert seat.pane.has_focus
        await seat.press("T")
        await seat.write("-1m")
        await seat.press("enter")
        await seat.until(lambda: travel(seat).at == NOON - 540_000)
        await seat.press("T")
        await seat.write("23h")
        await seat.press("escape")
        assert travel(seat).at == NOON - 540_000
        await seat.press("T", "enter")
        assert travel(seat).at == NOON - 540_000


async def test_it_asks_no_more_than_it_has_to() -> None:
    async with opened(sample_session(), size=WIDE) as seat:
        await open_timeline(seat)
        seat.session.asked.clear()
        for _ in range(5):
            timeline(seat).look()
        await looked(seat)
        assert [event for event, _ in seat.session.asked].count(DENSITY) <= 2
        assert all(query["buckets"] <= 500 for event, query in seat.session.asked if event == DENSITY)
