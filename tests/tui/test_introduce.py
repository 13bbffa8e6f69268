"""Who one is: chosen at first, remembered, changed later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from collab_dash.board import Pane
from collab_dash.identity import Identity, identity_file, load_identity
from collab_dash.peer.session import People
from collab_dash.people import COLOURS
from collab_dash.wire import INTRODUCE, Person
from tui.fake_session import FakeSession, board, screen_strips
from tui.opened import Seat, opened

LOG = Pane(feeds=("btc",), view="log", title="Log")


@asynccontextmanager
async def asked() -> AsyncIterator[Seat]:
    async with opened(FakeSession(board(LOG), client="c1"), ask=True) as seat:
        await seat.until(lambda: "What shall others call you?" in seat.text)
        yield seat


def told(session: FakeSession) -> list[tuple[str, str]]:
    return [(data["name"], data["color"]) for event, data in session.told if event == INTRODUCE]


async def remembered(seat: Seat) -> Identity:
    await seat.until(lambda: not [worker for worker in seat.app.workers if worker.group == "remember"])
    return load_identity()


async def test_at_first_one_is_asked_with_the_login_name_on_offer() -> None:
    async with asked() as seat:
        assert "ana" in seat.text
        assert "[●]" in seat.text
        assert "teal" in seat.text
        await seat.press(*"bea", "down", "down", "up", "enter")
        assert "What shall others" not in seat.text
        assert told(seat.session) == [("bea", "blue")]
        assert await remembered(seat) == Identity(secret="of-ana", name="bea", color="blue")


@pytest.mark.parametrize("keys", [("escape",), ("enter",), ("backspace", "enter")])
async def test_what_is_on_offer_can_be_taken_and_nobody_is_asked_again(keys: tuple[str, ...]) -> None:
    async with asked() as seat:
        await seat.press(*keys)
        assert await remembered(seat) == Identity(secret="of-ana", name="ana", color="teal")


async def test_colours_go_round() -> None:
    async with asked() as seat:
        await seat.press(*["up"] * 5)
        assert "pink" in seat.text
        await seat.press("down")
        assert "red" in seat.text


async def test_who_was_asked_before_changes_both_from_the_people_or_the_commands() -> None:
    async with opened(FakeSession(board(LOG), client="c1")) as seat:
        assert "What shall others" not in seat.text
        await seat.press("P")
        assert "c your name and colour" in seat.text
        await seat.press("c", "end", "x", "enter")
        await seat.press("c", "y", "escape")
        assert told(seat.session) == [("anax", "teal")]
        assert (await remembered(seat)).name == "anax"


async def test_what_was_chosen_before_the_link_is_up_is_told_once_it_is() -> None:
    session = FakeSession(board(LOG))
    async with opened(session) as seat:
        live = seat.app.live
        assert live._session is not None
        live._session = None
        live.introduce("bea", "red")
        assert told(session) == []
        later = FakeSession(board(LOG))
        joining = asyncio.create_task(live.follow(later.connect))
        await seat.until(lambda: told(later) == [("bea", "red")])
        later.push(None)
        await joining


async def test_what_cannot_be_remembered_is_said() -> None:
    identity_file().parent.parent.mkdir(exist_ok=True)
    identity_file().parent.write_text("not a folder")
    async with asked() as seat:
        await seat.press("enter")
        await seat.until(lambda: any("not remembered" in note.message for note in seat.app._notifications))


@pytest.mark.parametrize("theme", ["calm", "paper", "ansi", "nord", "textual-light"])
async def test_everybody_is_drawn_in_their_colour_in_every_theme(theme: str) -> None:
    people = [
        Person(client=f"c{n}", name=color, role="editor", page="Overview", pane="1 Log", color=color)
        for n, color in enumerate(("red", "blue", "pink"))
    ]
    async with opened(FakeSession(board(LOG), client="c9")) as seat:
        seat.app.theme = theme
        await seat.push(People(people))
        await seat.settle()
        drawn = {
            segment.text.strip(): segment.style.color
            for strip in screen_strips(seat.app)[:2]
            for segment in strip
            if segment.style and segment.text.strip() in COLOURS
        }
        assert len(drawn) == len(set(drawn.values())) == 3
