"""Each view, on events that a test makes up."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import pytest

from collab_dash.board import Pane
from collab_dash.event import REJECTED, Event
from collab_dash.peer.session import Events, People
from collab_dash.tui.panes.table import TablePane
from collab_dash.wire import Person, Skipped
from tui.fake_session import NOON, FakeSession, board, live, status, tick
from tui.opened import opened


def line(offset: int, **data: Any) -> Event:
    at = NOON - 60_000 + offset * 1000
    return Event(offset=offset, feed="btc", type="log:line", time=at, received=at, data=data)


async def test_a_table_has_one_row_a_key_and_keeps_its_columns_straight() -> None:
    pane = Pane(feeds=("btc",), view="table", columns=("key", "price", "change", "spark(price)", "age"), width=12)
    past = [tick(1, 84_737.58, change=0.36), tick(2, 0.1311, key="ALGO-USD", change=-5.25), tick(3, 84_738.0, change=1)]
    async with opened(FakeSession(board(pane), past)) as seat:
        assert "KEY           PRICE  CHANGE  TREND          AGE" in seat.text
        assert "BTC-USD   84,738.00      +1  ▁▇             57s" in seat.text
        assert "ALGO-USD     0.1311   -5.25  ▄              58s" in seat.text
        assert "2 rows" in seat.text


async def test_a_table_that_starts_with_the_time_shows_the_newest_first() -> None:
    pane = Pane(feeds=("btc",), view="table", columns=("time", "key"), width=12)
    async with opened(FakeSession(board(pane), [tick(1, 1.0, key="old"), tick(2, 1.0, key="new")])) as seat:
        assert seat.text.index("new") < seat.text.index("old")
        assert "sort time ▼" in seat.text


async def test_a_table_is_sorted_by_what_its_description_says() -> None:
    pane = Pane(feeds=("btc",), view="table", columns=("key", "price"), by="price", width=12)
    async with opened(FakeSession(board(pane), [tick(1, 1.0, key="low"), tick(2, 9.0, key="high")])) as seat:
        assert seat.text.index("high") < seat.text.index("low")
        await seat.press("s")
        assert "sort price ▲" in seat.text
        assert seat.text.index("low") < seat.text.index("high")


async def test_the_cursor_stays_on_its_key_when_rows_are_sorted_anew() -> None:
    pane = Pane(feeds=("btc",), view="table", columns=("key", "price"), by="price", width=12)
    async with opened(FakeSession(board(pane), [tick(1, 2.0, key="a"), tick(2, 1.0, key="b")])) as seat:
        await seat.press("down", "down")
        assert seat.pane.chosen() == tick(2, 1.0, key="b")
        await seat.happen(tick(3, 3.0, key="b"))
        assert seat.pane.chosen() == tick(3, 3.0, key="b")
        assert isinstance(seat.pane, TablePane)
        assert seat.text
        assert seat.pane.cursor == 0


async def test_a_table_without_columns_finds_some() -> None:
    pane = Pane(feeds=("btc",), view="table", width=12)
    async with opened(FakeSession(board(pane), [tick(1, 2.0, side="buy", nested={"a": 1})])) as seat:
        assert "KEY      PRICE  SIDE   AGE" in seat.text


async def test_a_table_draws_bars_and_sizes() -> None:
    pane = Pane(feeds=("btc",), view="table", columns=("key", "bar(price)", "bytes(used)"), width=12)
    async with opened(FakeSession(board(pane), [tick(1, 50.0, used=2_500_000)])) as seat:
        assert "▇▇▇▇▇▇▇▇          2.5 MB" in seat.text


async def test_a_log_is_newest_first_with_columns_or_in_words() -> None:
    panes = (
        Pane(feeds=("btc",), view="log", columns=("time", "user", "delta"), width=6),
        Pane(feeds=("btc",), view="log", title="plain"),
    )
    past = [
        line(1, user="ana", delta=-5),
        line(2, user="bo", delta=700),
        line(3, level="error", message="no [b]luck[/b]"),
    ]
    async with opened(FakeSession(board(*panes), past)) as seat:
        assert "13:59:02  bo     +700" in seat.text
        assert "13:59:01  ana      -5" in seat.text
        assert "13:59:03  error    no [b]luck[/b]" in seat.text
        assert "13:59:02  user=bo  delta=700" in seat.text


async def test_a_log_says_what_was_not_sent_and_what_was_rejected() -> None:
    session = FakeSession(board(Pane(feeds=("btc",), view="log", width=12)), [line(1, message="one")])
    async with opened(session) as seat:
        rejected = Event(
            offset=3, feed="btc", type=REJECTED, received=NOON, data={"reason": "not JSON", "raw": "<html>"}
        )
        await seat.push(Skipped(first=2, last=2_000))
        await seat.happen(rejected)
        assert "1,999 events were not sent; the log has them" in seat.text
        assert "rejected not JSON" in seat.text


async def test_a_line_draws_scale_times_and_course() -> None:
    pane = Pane(feeds=("btc",), view="line", field="price", width=12)
    async with opened(FakeSession(board(pane), [tick(n, 100.0 + n % 7) for n in range(60)])) as seat:
        assert "105 ┤" in seat.text
        assert "14:00:00" in seat.text
        assert "min 100  max 106  last 103" in seat.text


async def test_a_line_is_broken_where_nothing_came() -> None:
    pane = Pane(feeds=("btc",), view="line", field="price", width=12)
    steady = [tick(n, 100.0 + n / 60) for n in range(60)]
    cut = [event for event in steady if not 20 < (event.offset or 0) <= 40]

    async def columns_drawn(past: list[Event]) -> int:
        async with opened(FakeSession(board(pane), past)) as seat:
            plot = [line.partition("┤")[2] or line.partition("│ ")[2] for line in seat.text.splitlines()]
            return sum(1 for cells in zip_longest(*plot) if any("⠀" < cell <= "⣿" for cell in cells if cell))

    whole, broken = await columns_drawn(steady), await columns_drawn(cut)
    assert 0.5 * whole < broken < 0.75 * whole
    faster = [*(tick(n, 100.0 + n / 60) for n in range(-780, 0, 60)), *steady]
    assert await columns_drawn(faster) > 0.9 * whole  # it came seldom at first, as was usual then


async def test_several_lines_are_told_apart_by_number() -> None:
    pane = Pane(feeds=("btc",), view="line", field="price", width=12)
    past = [tick(n, 100.0 + n, key=key) for n in range(0, 60, 2) for key in ("BTC", "ETH")]
    past += [tick(61, 50.0, key="SOL")]
    async with opened(FakeSession(board(pane), past)) as seat:
        assert "1 BTC 158   2 ETH 158   3 SOL 50" in seat.text
        assert "⠒21" in seat.text
        assert "3 series" in seat.text


async def test_lines_far_apart_are_drawn_as_change() -> None:
    pane = Pane(feeds=("btc",), view="line", field="price", width=12)
    past = [tick(n, base + n, key=key) for n in range(60) for key, base in (("BTC", 80_000.0), ("DOGE", 100.0))]
    async with opened(FakeSession(board(pane), past)) as seat:
        assert "+20%" in seat.text


async def test_a_stat_is_large_where_there_is_room() -> None:
    pane = Pane(feeds=("btc",), view="stat", field="price", unit="%", width=12)
    async with opened(FakeSession(board(pane), [tick(n, 40.5) for n in range(5)])) as seat:
        assert "╷ ╷╭─╮ ╭─╴ %" not in seat.text  # the unit stands on the last line
        assert "╰─┤│ │ ╰─╮" in seat.text
        assert "  ╵╰─╯.╶─╯ %" in seat.text
    async with opened(FakeSession(board(pane), [tick(n, 40.5) for n in range(5)]), size=(60, 8)) as seat:
        assert seat.pane.digest() == "BTC-USD 40.5 %"


async def test_bars_count_or_show_values() -> None:
    panes = (
        Pane(feeds=("btc",), view="bars", by="wiki", width=6),
        Pane(feeds=("btc",), view="bars", field="size", by="wiki", unit="bytes", width=6),
    )
    wikis = ["en", "en", "de", "en"]
    past = [line(n, wiki=wiki, size=n * 1000) for n, wiki in enumerate(wikis, 10)]
    async with opened(FakeSession(board(*panes), past)) as seat:
        assert "count · 60s · 4 in all" in seat.text
        first, second = seat.line("en ").split("│" if "│" in seat.line("en ") else "┃", 1)[0], seat.line("en ")
        assert first.rstrip(" ┃╮").endswith("3")
        assert "13 kB" in second
        seat.clock.now += 120_000
        await seat.happen(line(200, wiki="de", size=1))
        assert "count · 60s · 1 in all" in seat.text


async def test_bars_count_the_last_minute_or_what_their_description_says() -> None:
    usual = Pane(feeds=("btc",), view="bars", by="wiki")
    longer = Pane(feeds=("btc",), view="bars", by="wiki", span=900)
    async with opened(FakeSession(board(usual, longer), [line(-240, wiki="old"), line(59, wiki="new")])) as seat:
        assert "count · 60s · 1 in all" in seat.text
        assert "count · 15m · 2 in all" in seat.text


async def test_json_shows_the_latest_event_whole() -> None:
    pane = Pane(feeds=("btc",), view="json", width=12)
    async with opened(FakeSession(board(pane), [tick(7, 2.0, tags=["a", {"b": None}])])) as seat:
        for part in ("offset    7", "key       BTC-USD", "price: 2.0,", "tags: [", "b: null"):
            assert part in seat.text


async def test_feeds_show_health_in_words() -> None:
    session = FakeSession(board(Pane(view="feeds", width=12), feeds=("btc", "github", "off")))
    async with opened(session) as seat:
        await seat.push(
            live(rate=12.0, last_event=NOON - 100),
            live(
                "github", transport="polling", state="waiting", reason="429 Too Many Requests", retry_at=NOON + 54_000
            ),
            live("off", state="failed", reason="no such file"),
            status(offset=1042, rate=54.0, db_bytes=214_000_000),
        )
        assert "● btc         12/s  0.1s  ws" in seat.text
        assert "◐ github         –     –  poll" in seat.text
        assert "next try in 54s · 429 Too Many Requests" in seat.text
        assert "✗ off" in seat.text
        assert "54/s  214 MB" in seat.text
        assert "1,042 events" in seat.text


async def test_a_pane_says_which_transport_it_fell_back_to_and_what_its_limit_left_out() -> None:
    why = "websocket: no sign of life for 10 s"
    session = FakeSession(board(Pane(feeds=("btc",), view="log", width=12), Pane(view="feeds", width=12)))
    async with opened(session) as seat:
        await seat.push(live(transport="sse", fallback=why, left_out=1200, last_event=NOON), Events([tick(1, 7.0)]))
        assert "1 btc · sse" in seat.text
        assert "1 event · on sse, websocket: no sign of life for 10 s · 1,200 left out" in seat.text
        assert "│   on sse, websocket: no sign of life for 10 s · 1,200 left out" in seat.text


async def test_people_are_shown_with_where_they_look() -> None:
    session = FakeSession(board(Pane(view="people", width=6), Pane(feeds=("btc",), view="log", width=6)), client="c1")
    async with opened(session) as seat:
        await seat.push(
            People([
                Person(client="c1", name="ana", role="host", page="Overview", pane="1 People"),
                Person(client="c2", name="bo\x1b[2J", role="viewer", page="Overview", pane="2 btc"),
            ])
        )  # fmt: skip
        assert "ana     host    you · 1 People" in seat.text
        assert "bo␛[2J  viewer  2 btc" in seat.text
        assert "bo␛[2J" in seat.line("─ 2 btc ")


async def test_a_view_of_a_newer_version_is_shown_as_a_log() -> None:
    async with opened(FakeSession(board(Pane(feeds=("btc",), view="hologram", width=12)), [tick(1, 2.0)])) as seat:
        assert "BTC-USD  price=2" in seat.text


async def test_a_bad_expression_spoils_its_own_pane_only() -> None:
    panes = (
        Pane(feeds=("btc",), view="table", columns=("price >",), width=6),
        Pane(feeds=("btc",), view="line", field="price )", width=6),
        Pane(feeds=("btc",), view="log", width=12),
    )
    async with opened(FakeSession(board(*panes), [tick(1, 2.0)])) as seat:
        assert "filter 'price >'" in seat.text
        assert "filter 'price )'" in seat.text
        assert "BTC-USD  price=2" in seat.text


async def test_a_table_that_was_paused_before_anything_came_finds_its_columns_all_the_same() -> None:
    async with opened(FakeSession(board(Pane(feeds=("btc",), view="table", width=12)))) as seat:
        await seat.press("space", "space")
        await seat.happen(tick(1, 2.0, side="buy"))
        assert "KEY      PRICE  SIDE   AGE" in seat.text


@pytest.mark.parametrize("view", ["table", "bars"])
async def test_the_cursor_is_on_its_row_still_when_another_moment_is_shown(view: str) -> None:
    pane = Pane(feeds=("btc",), view=view, columns=("key", "price") if view == "table" else (), field="price", width=12)
    past = [tick(n, float(n), key="abc"[n % 3]) for n in range(1, 60)]
    async with opened(FakeSession(board(pane), past)) as seat:
        await seat.press("down", "down")
        before = seat.pane.chosen()
        assert before is not None
        seat.app.live.travel.seek(NOON - 30_000)
        await seat.until(lambda: seat.app.live.travel.settled)
        assert seat.text
        event = seat.pane.chosen()
        assert event is not None
        assert event.key == before.key
        assert (event.offset or 0) <= 30
        seat.app.live.travel.seek(NOON - 59_000)
        await seat.until(lambda: seat.app.live.travel.settled)
        assert seat.text
        assert seat.pane.chosen() == past[0]
