"""Whatever a source sends, the board shows it, obeys none of it, and stays straight."""

from __future__ import annotations

import asyncio
import re

import pytest
from rich.cells import cell_len

from collab_dash.board import Board, Page, Pane
from collab_dash.event import Event
from collab_dash.peer.session import People
from collab_dash.wire import FeedStatus, Person
from tui.fake_session import NOON, FakeSession, board, screen_strips, tick
from tui.opened import opened

NASTY = [
    "\x1b[2J\x1b[31mred\x1b]52;c;aGk=\x07",
    "[bold red]markup[/] [link=file:///etc/passwd]x[/link] [@click=app.quit]q[/]",
    "東京タワー 서울 ｆｕｌｌ",
    "e\u0301\u0323\u0308 combining n\u0303",
    "قهوة عربية \u202eltr\u202c שלום",
    "👩\u200d💻 🇩🇪 ✈\ufe0f",
    "tab\there\nnew\rline\x00\x7f\x9b",
    "x" * 5000,
]
VIEWS = ("table", "log", "line", "stat", "bars", "json")


def events() -> list[Event]:
    return [
        Event(offset=n, feed="f", type="a:b", key=text, time=NOON, received=NOON, data={"text": text, text: n, "n": n})
        for n, text in enumerate(NASTY, 1)
    ]


@pytest.mark.parametrize(("view", "size"), zip(VIEWS, [(100, 30), (60, 18)] * 3, strict=True))
async def test_no_view_obeys_or_bends(view: str, size: tuple[int, int]) -> None:
    pane = Pane(feeds=("f",), view=view, field="n", by="text", title=NASTY[0] + NASTY[1], width=12)
    page = Page(title=NASTY[2] + NASTY[0], panes=(pane, Pane(view="feeds"), Pane(view="people")))
    session = FakeSession(Board(session=NASTY[1], label=NASTY[0][:9], pages=(page,), feeds=("f",)), events())
    async with opened(session, size=size) as seat:
        await seat.push(
            FeedStatus(feed="f", state="waiting", reason=NASTY[0], hint=NASTY[1], transport=NASTY[3], note=NASTY[4]),
            People([Person(client="c9", name=NASTY[2], role="editor", page=page.title, pane="1 x")]),
        )
        for key in ("down", "down", "enter", "escape", "2", "enter", "escape", "3", "P"):
            await seat.press(key)
            for strip in screen_strips(seat.app):
                text = "".join(segment.text for segment in strip)
                assert cell_len(text) == size[0], (key, text)
                assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)
                assert not any(
                    segment.style and (segment.style.link or segment.style.meta.get("@click")) for segment in strip
                )


async def test_markup_is_shown_as_it_is() -> None:
    pane = Pane(feeds=("f",), view="log", columns=("text",), width=12)
    async with opened(FakeSession(Board(session="s", pages=(Page(title="p", panes=(pane,)),)), events())) as seat:
        assert "[bold red]markup[/] [link=file:///etc/passwd]x[/link]" in seat.text
        assert "␛[2J␛[31mred␛]52;c;aGk=␇" in seat.text


@pytest.mark.parametrize("view", VIEWS)
async def test_deep_nesting_is_shown_as_far_as_it_is_read(view: str) -> None:
    deep: list[object] = []
    for _ in range(500):
        deep = [deep]
    nested = Event(offset=1, feed="f", type="a:b", key="k", received=NOON, data={"deep": deep, "n": 1})
    pane = Pane(feeds=("f",), view=view, field="n", width=12)
    async with opened(FakeSession(Board(session="s", pages=(Page(title="p", panes=(pane,)),)), [nested])) as seat:
        await seat.press("enter")
        assert "a:b" in seat.text
        await seat.press("G")
        assert "]" in seat.text


async def test_a_unit_that_somebody_chose_is_never_obeyed_by_a_terminal() -> None:
    panes = [
        Pane(feeds=("btc",), view=view, field="price", unit="\x1b[31m", width=12) for view in ("bars", "line", "stat")
    ]
    async with opened(FakeSession(board(*panes), [tick(1, 2.0)])) as seat:
        assert seat.text.count("␛[31m") >= 3
        assert "\x1b" not in seat.text


async def test_a_key_is_never_obeyed_in_the_line_that_a_chart_is_told_in() -> None:
    past = [tick(1, 2.0, key="\x1b[31mred")]
    async with opened(FakeSession(board(Pane(feeds=("btc",), view="line", field="price")), past)) as seat:
        assert seat.pane.digest() == "␛[31mred 2"


NUMBERS: dict[str, list[float]] = {
    "as far apart as can be": [1.7e308, -1.7e308],
    "too long for a float": [10**400, 1],
    "hardly anything": [5e-324, 1e-320],
    "hardly different": [1e-300, 1.0000000000000002e-300],
    "of all sizes": [1e-300, 1e99, -1e99, 2**63, 0.0, -0.0],
}


@pytest.mark.parametrize("numbers", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("unit", ["", "bytes"])
@pytest.mark.parametrize("view", VIEWS)
async def test_whatever_number_a_source_sends_is_drawn(view: str, unit: str, numbers: list[float]) -> None:
    columns = ("key", "n", "spark(n)", "bar(n)", "bytes(n)") if view == "table" else ()
    pane = Pane(feeds=("f",), view=view, field="n", unit=unit, columns=columns, width=12)
    past = [
        Event(offset=i, feed="f", type="a:b", key=key, time=at, received=at, data={"n": n, "m": n})
        for i, (n, key) in enumerate(((n, key) for n in numbers for key in "ab"), 1)
        for at in (NOON - 20_000 + i * 1000,)
    ]
    async with opened(FakeSession(board(pane), past), size=(90, 24)) as seat:
        assert "a:b" not in seat.text or view in ("log", "json")
        assert len(seat.pane.digest()) < 500 or view in ("log", "json")
        assert all(sum(cell_len(segment.text) for segment in strip) == 90 for strip in screen_strips(seat.app))


@pytest.mark.parametrize("times", [(1, NOON), (NOON, NOON + 10**15), (-(10**15), NOON - 1000, NOON)])
async def test_a_chart_takes_no_longer_however_far_apart_its_times_are(times: tuple[int, ...]) -> None:
    past = [
        Event(offset=n, feed="f", type="a:b", key="k", time=at, received=NOON, data={"n": n})
        for n, at in enumerate(times, 1)
    ]
    pane = Pane(feeds=("f",), view="line", field="n", width=12)
    async with asyncio.timeout(5), opened(FakeSession(board(pane), past)) as seat:
        assert f"last {len(times)}" in seat.text


async def test_a_number_that_nothing_came_with_is_said_to_be_missing() -> None:
    words = Event(offset=1, feed="f", type="a:b", received=NOON, data={"text": "x"})
    async with opened(FakeSession(board(Pane(feeds=("f",), view="stat", field="n")), [words])) as seat:
        assert "No number in what came: n" in seat.text
