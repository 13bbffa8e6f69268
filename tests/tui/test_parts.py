"""Bars and tiles: which events they are made of, and the marks on them."""

from __future__ import annotations

from typing import Any

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.tui.panes.bars import BarsPane
from collab_dash.tui.panes.parts import RECENT, Parts
from collab_dash.tui.panes.tally import BUCKETS, MOST_COUNTED, OTHERS, Tally
from collab_dash.tui.talk.marks import Marks
from collab_dash.wire import Person
from tui.fake_session import NOON, FakeSession, board, tick
from tui.opened import opened
from tui.talking import ANA, at_board, people

VALUES = Pane(feeds=("btc",), view="bars", field="price", title="Values", width=12)
COUNTS = Pane(feeds=("btc",), view="bars", by="side", title="Counts", width=12)
STAT = Pane(feeds=("btc",), view="stat", field="price", title="Now", width=12)


def session(*panes: Pane, past: list[Event] | None = None) -> FakeSession:
    """Give a session of ana's, with three keys and two sides."""
    if past is None:
        past = [tick(n, 10.0 * (n % 3 + 1), key="abc"[n % 3], side="buy" if n % 2 else "sell") for n in range(1, 61)]
    return FakeSession(board(*panes), past, role="editor", person=ANA.id)


async def test_a_mark_stands_on_the_bar_of_its_key_whatever_came_since() -> None:
    async with at_board(session(VALUES)) as (seat, bo):
        bo.comment(bo.mark(3), "an outlier?")
        await seat.until(lambda: "^bo 1" in seat.line(" a     ▇"))
        assert seat.text.count("^bo") == 1
        await seat.happen(tick(61, 500.0, key="a"))
        assert "500 ^bo 1 ┃" in seat.line(" a     ▇")


async def test_a_mark_stands_on_the_bar_that_its_event_was_counted_in() -> None:
    async with at_board(session(COUNTS)) as (seat, bo):
        bo.mark(59)
        await seat.until(lambda: "^bo" in seat.line("buy"))
        assert "^bo" not in seat.line("sell")


async def test_a_mark_stands_on_the_tile_of_its_number() -> None:
    async with at_board(session(STAT)) as (seat, bo):
        bo.mark(1)
        await seat.until(lambda: "b" in seat.line("^bo"))
        assert seat.text.count("^bo") == 1
        (label,) = [part for part in seat.line("^bo").split("  ") if "^bo" in part]
        assert label.strip() == "^bo"


async def test_a_mark_of_a_number_without_a_key_stands_on_its_tile() -> None:
    event = Event(offset=7, feed="btc", type="host:load", time=NOON, received=NOON, data={"price": 5})
    async with at_board(session(STAT, past=[event])) as (seat, bo):
        bo.mark(7)
        await seat.until(lambda: "price" in seat.line("^bo"))


async def test_m_marks_the_latest_event_of_the_bar_under_the_cursor_which_stays_on_it() -> None:
    async with at_board(session(VALUES)) as (seat, _):
        await seat.press("down", "down", "down")
        chosen = seat.pane.chosen()
        assert chosen is not None
        assert (chosen.key, chosen.offset) == ("a", 60)
        await seat.happen(tick(61, 500.0, key="a"))
        assert seat.text
        assert isinstance(seat.pane, BarsPane)
        assert seat.pane.cursor == 0
        await seat.press("m")
        await seat.until(lambda: "^ana" in seat.line(" a     ▇"))
        (mark,) = seat.session.shared.document.marks.values()
        assert (mark.offset, mark.key) == (61, "a")
        await seat.press("L")
        assert seat.pane.chosen() == seat.pane.last


async def test_going_to_a_mark_puts_the_cursor_on_its_bar() -> None:
    async with at_board(session(COUNTS)) as (seat, bo):
        bo.mark(60)
        await seat.until(lambda: "^bo" in seat.text)
        await seat.press("u")
        await seat.until(lambda: isinstance(seat.pane, BarsPane) and seat.pane.cursor is not None)
        assert seat.pane.chosen() == tick(60, 10.0, key="a", side="sell")


async def test_others_cursors_are_seen_on_bars() -> None:
    async with at_board(session(COUNTS)) as (seat, _):
        page = seat.app.live.state.board
        assert page is not None
        where: dict[str, Any] = {"page": page.pages[0].id, "pane": page.pages[0].panes[0].id, "key": "sell"}
        bo = Person(client="c3", name="cy", role="editor", person="c3", color="red", since=NOON, **where)
        await seat.push(people(bo))
        await seat.until(lambda: "<cy" in seat.line("sell"))


async def test_what_bars_count_is_bounded_and_the_rest_is_counted_together() -> None:
    def edits(first: int, count: int, **data: Any) -> list[Event]:
        return [
            Event(offset=n, feed="btc", type="page:edit", received=NOON, time=NOON, data={"side": f"page {n}", **data})
            for n in range(first, first + count)
        ]

    pane = Pane(feeds=("btc",), view="bars", by="side", span=7 * 86_400, width=12)
    async with opened(session(pane, past=[])) as seat:
        await seat.happen(*edits(1, MOST_COUNTED + 30))
        assert f"{MOST_COUNTED + 30:,} in all" in seat.text
        assert "30" in seat.line(OTHERS)


def test_of_very_many_events_the_latest_are_known() -> None:
    parts = Parts()
    for n in range(1, 3 * RECENT):
        parts.take("x", tick(n, 1.0))
    assert len(parts._part_of) <= 2 * RECENT
    assert parts.latest["x"].offset == 3 * RECENT - 1
    parts.look(Marks(), ["btc"])
    assert parts.marked("x") == parts.marked("y") == []


def test_a_tally_forgets_what_came_too_long_ago() -> None:
    tally = Tally(60)
    for second, name in ((100, "a"), (101, "a"), (101, "b")):
        assert tally.add(second, name) == name
    assert tally.expire(159) == []
    assert tally.expire(160) == []
    assert tally.counts == {"a": 1, "b": 1}
    assert sorted(tally.expire(161)) == ["a", "b"]
    assert not tally.counts


def test_a_tally_of_a_long_span_is_kept_in_few_pieces() -> None:
    tally = Tally(60 * BUCKETS)
    for second in range(0, 60 * BUCKETS, 10):
        tally.add(second, "a")
    assert len(tally._buckets) == BUCKETS
    assert tally.expire(60 * BUCKETS - 1) == []
    tally.expire(60 * BUCKETS + 59)
    assert tally.counts == {"a": 6 * (BUCKETS - 1)}


async def test_bars_count_by_the_hubs_clock_where_ours_is_ahead() -> None:
    async with at_board(session(COUNTS, past=[])) as (seat, _):
        seat.clock.now += 600_000
        await seat.happen(*(tick(n, 1.0, side="buy") for n in range(1, 61)))
        assert " 60 in all" in seat.text
        seat.clock.now += 30_000
        seat.board._tick()
        await seat.until(lambda: " 30 in all" in seat.text)
        seat.clock.now += 60_000
        seat.board._tick()
        await seat.until(lambda: " 0 in all" in seat.text)
