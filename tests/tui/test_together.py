"""Others on the screen, and going along with them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from collab_dash.board import Page, Pane
from collab_dash.glance import LONGEST, MAX_STATE_BYTES
from collab_dash.peer.session import Joined, Lost, People
from collab_dash.tui.company import AWAY_AFTER, OFFERED
from collab_dash.tui.panes.rows import RowsPane
from collab_dash.wire import BRING, Brought, Person
from tui.fake_session import NOON, FakeSession, board, live, status, tick, welcome
from tui.opened import Seat, opened

NAMES = {"c1": "ana", "c2": "bo", "c3": "cy", "c4": "di"}
EVENTS = [tick(n, 100.0 + n, key=f"K{n % 4}") for n in range(1, 21)]


def session(**changes: Any) -> FakeSession:
    panes = (Pane(feeds=("btc",), view="log", title="Log"), Pane(feeds=("btc",), view="table", title="Table"))
    more = Page(title="More", panes=(Pane(feeds=("btc",), view="line", title="Line"),))
    made = FakeSession(board(*panes, pages=(more,)), EVENTS, offset=20, **changes)
    made.push(live(), status(offset=20))
    return made


class Room:
    """A seat, with others around."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.people = {"c1": self.person("c1", role="host")}

    @staticmethod
    def person(client: str, **facts: Any) -> Person:
        number = int(client[1])
        known = {"name": NAMES[client], "role": "editor", "person": f"{number}", "color": "red", "since": number}
        return Person(client=client, **{**known, **facts})

    async def see(self, client: str, **facts: Any) -> None:
        """Let somebody come, or look elsewhere."""
        self.people[client] = self.person(client, **facts)
        await self.tell()

    async def lose(self, client: str) -> None:
        """Let somebody go."""
        del self.people[client]
        await self.tell()

    async def tell(self) -> None:
        await self.seat.push(People(list(self.people.values())))

    def ids(self, page: int, pane: int) -> dict[str, Any]:
        """Give where a pane is, as programs tell it."""
        shown = self.seat.session.board.pages[page]
        return {"page": shown.id, "pane": shown.panes[pane].id}

    @property
    def following(self) -> str:
        return self.seat.app.live.company.following.client


@asynccontextmanager
async def room(**options: Any) -> AsyncIterator[Room]:
    async with opened(session(**options), size=(140, 32)) as seat:
        made = Room(seat)
        await made.see("c1", role=options.get("role", "host"))
        yield made


async def said(seat: Seat, **facts: Any) -> None:
    """Wait until others are told this of us; that happens at most ten times a second."""
    await seat.until_later(lambda: bool(seat.session.said) and facts.items() <= _fields(seat.session.said[-1]).items())


def _fields(glance: Any) -> dict[str, Any]:
    return {name: getattr(glance, name) for name in glance.__struct_fields__}


def words(seat: Seat) -> list[str]:
    """Give what was said to whoever sits there."""
    return [note.message for note in seat.app._notifications]


async def test_others_are_told_where_we_look_to_the_row() -> None:
    async with room() as here:
        await said(here.seat, **here.ids(0, 0), offset=None)
        await here.seat.press("2", "down")
        pane = here.seat.pane
        assert isinstance(pane, RowsPane)
        tag = pane.tag(0)
        await said(here.seat, **here.ids(0, 1), offset=tag.offset, key=tag.key)
        await here.seat.press("right_square_bracket")
        await said(here.seat, **here.ids(1, 0), offset=None, key="")


async def test_we_are_away_after_two_minutes_and_back_with_the_next_key() -> None:
    async with room() as here:
        company = here.seat.app.live.company
        company._touched -= AWAY_AFTER
        company.tick()
        await said(here.seat, away=True)
        await here.seat.press("2")
        await said(here.seat, away=False)


async def test_the_top_line_says_who_is_here_ourselves_first() -> None:
    async with room() as here:
        here.people = {}
        await here.see("c2", role="viewer", away=True)
        await here.see("c3", time=NOON - 60_000)
        await here.see("c1", role="host")
        assert "⇄ ana* bo(ro)(z) cy❚❚13:59" in here.seat.line("collab-dash")


async def test_borders_and_rows_show_who_is_there() -> None:
    async with room() as here:
        await here.see("c2", **here.ids(0, 0), offset=19)
        await here.see("c3", **here.ids(0, 1), offset=1, key="K1")
        await here.see("c4", **here.ids(1, 0))
        assert "bo" in here.seat.line("1 Log")
        assert "di" not in here.seat.line("1 Log")
        assert "119" in here.seat.line("<bo")
        assert "K1" in here.seat.line("<cy")
        await here.seat.happen(tick(21, 121.0, key="K1"))
        assert "119" in here.seat.line("<bo")
        assert "K1" in here.seat.line("<cy")


async def test_the_only_other_is_followed_at_once_page_pane_and_row() -> None:
    async with room() as here:
        await here.see("c2", **here.ids(1, 0))
        await here.seat.press("F")
        assert here.following == "c2"
        assert here.seat.board.stage.open == 1
        assert "following bo · Esc stops" in here.seat.line("collab-dash")
        await said(here.seat, follows="c2", page=here.ids(1, 0)["page"])
        await here.see("c2", **here.ids(0, 1), offset=17, key="K1")
        pane = here.seat.pane
        assert isinstance(pane, RowsPane)
        assert (here.seat.board.stage.open, pane.number) == (0, 2)
        assert pane.cursor is not None
        assert pane.tag(pane.cursor).key == "K1"
        await here.see("c2", **here.ids(0, 0), offset=15)
        pane = here.seat.pane
        assert isinstance(pane, RowsPane)
        assert (pane.number, pane.cursor, pane.frozen) == (1, 5, "PINNED")
        await here.see("c2", **here.ids(0, 0))
        assert (pane.cursor, pane.frozen) == (None, "")


@pytest.mark.parametrize("key", ["escape", "down", "2", "tab", "right_square_bracket", "L", "t"])
async def test_who_moves_follows_nobody_any_longer(key: str) -> None:
    async with room() as here:
        await here.see("c2", **here.ids(0, 0), offset=15)
        await here.seat.press("F")
        assert here.following == "c2"
        await here.seat.press(key)
        assert here.following == ""
        open_before = here.seat.board.stage.open
        await here.see("c2", **here.ids(1 - open_before, 0))
        assert here.seat.board.stage.open == open_before


async def test_a_click_stops_following_and_a_key_that_does_not_move_does_not() -> None:
    async with room() as here:
        await here.see("c2", **here.ids(0, 0))
        await here.seat.press("F", "space", "space", "P", "escape")
        assert here.following == "c2"
        await here.seat.pilot.click(here.seat.board.stage.panes[1], offset=(5, 5))
        assert here.following == ""


async def test_one_of_several_is_chosen_from_a_list() -> None:
    async with room() as here:
        await here.see("c2")
        await here.see("c3", **here.ids(1, 0))
        await here.seat.press("F")
        assert "Follow whom?" in here.seat.text
        await here.seat.press("down", "enter")
        assert here.following == "c3"
        await here.seat.press("escape", "F", "9")
        assert "Follow whom?" in here.seat.text, "there is no ninth"
        await here.seat.press("1")
        assert here.following == "c2"
        await here.seat.press("escape", "F")
        x, y, *_ = here.seat.app.screen.query_one("ChoiceSheet").region
        await here.seat.pilot.click(offset=(x + 4, y + 2))
        await here.seat.press("enter")
        assert here.following == "c3"


async def test_the_followed_are_told_by_whom() -> None:
    async with room() as here:
        await here.see("c2", follows="c1")
        assert "followed by bo" in here.seat.line("collab-dash")


async def test_who_leaves_is_followed_no_longer_and_that_is_said() -> None:
    async with room() as here:
        await here.see("c2", **here.ids(0, 0))
        await here.seat.press("F")
        await here.lose("c2")
        assert here.following == ""
        assert words(here.seat) == ["bo has left"]


async def test_who_comes_back_by_another_link_is_still_followed() -> None:
    async with room() as here:
        await here.see("c2", **here.ids(0, 0))
        await here.seat.press("F")
        here.people.pop("c2")
        await here.see("c3", name="bo", since=2)
        assert here.following == "c3"


async def test_a_hub_that_was_started_again_knows_nobody_at_first_and_that_is_no_leaving() -> None:
    async with room() as here:
        await here.see("c2", **here.ids(0, 0))
        await here.seat.press("F")
        await here.seat.push(Lost("gone", NOON), Joined(welcome(client="c1", doc=here.seat.session.welcome.doc)))
        await here.lose("c2")
        assert here.following == "c2"
        await here.see("c4", name="bo", person="2", since=99, **here.ids(1, 0))
        assert here.following == "c4"
        assert here.seat.board.stage.open == 1
        await here.lose("c4")
        assert here.following == ""


async def test_chains_are_followed_and_nobody_follows_in_a_circle() -> None:
    async with room() as here:
        await here.see("c2", follows="c3")
        await here.see("c3")
        await here.seat.press("F", "1")
        assert here.following == "c2"
        await here.seat.press("escape")
        await here.see("c3", follows="c1")
        await here.seat.press("F", "1")
        assert here.following == ""
        assert words(here.seat) == ["bo follows you"]


async def test_of_two_who_follow_each_other_at_once_one_lets_go() -> None:
    async with room() as here:
        await here.see("c2")
        await here.seat.press("F")
        await here.see("c2", follows="c1")
        assert here.following == ""


async def test_everyone_is_asked_to_come_here() -> None:
    async with room() as here:
        await here.see("c2")
        await here.seat.press("2", "P", "B")
        await here.seat.until(lambda: (BRING, {**here.ids(0, 1), "time": None}) in here.seat.session.told)


async def test_a_viewer_asks_nobody() -> None:
    async with room(role="viewer") as here:
        await here.see("c2")
        await here.seat.press("P")
        assert "bring everyone" not in here.seat.text
        await here.seat.press("B")
        assert BRING not in dict(here.seat.session.told)


async def test_an_offer_is_taken_by_j_or_left() -> None:
    async with room() as here:
        await here.see("c2")
        offer = Brought(name="bo", client="c2", **here.ids(1, 0))
        await here.seat.push(offer)
        assert "bo: everyone to More › 1 Line — J joins" in here.seat.text
        assert here.seat.board.stage.open == 0
        await here.seat.press("J")
        assert here.seat.board.stage.open == 1
        assert "everyone to" not in here.seat.text
        await here.seat.push(offer)
        await here.seat.press("escape")
        assert "everyone to" not in here.seat.text
        await here.seat.push(offer)
        here.seat.clock.now += 3_600_000  # a clock that is set has no say in it
        here.seat.board._tick()
        await here.seat.pilot.pause()
        assert "everyone to" in here.seat.text
        here.seat.app.live.company._offered_until -= OFFERED
        here.seat.board._tick()
        await here.seat.pilot.pause()
        assert "everyone to" not in here.seat.text


async def test_a_led_travel_is_joined_by_j_until_we_move_in_time() -> None:
    async with room() as here:
        travel = here.seat.app.live.travel
        at = EVENTS[9].received
        await here.see("c2", time=at, leads=True, **here.ids(1, 0))
        assert "bo is at 13:59:10 — J joins" in here.seat.text
        await here.seat.press("J")
        await here.seat.until_later(lambda: travel.at == at)
        assert "travelling with bo" in here.seat.line("collab-dash")
        assert here.seat.board.stage.open == 0
        await here.seat.press("2", "down")
        assert here.following == "c2"
        await here.see("c2", time=at + 2000, leads=True)
        await here.seat.until_later(lambda: travel.at == at + 2000)
        await said(here.seat, time=at + 2000, follows="c2")
        await here.seat.press("comma")
        assert here.following == ""


async def test_a_travel_that_is_led_no_longer_is_over() -> None:
    async with room() as here:
        at = EVENTS[9].received
        await here.see("c2", time=at, leads=True)
        await here.seat.press("J")
        await here.seat.until_later(lambda: here.seat.app.live.travel.at == at)
        await here.see("c2")
        assert here.following == ""
        assert here.seat.app.live.travel.position is None


async def test_others_are_let_along_by_j_while_we_travel() -> None:
    async with room() as here:
        at = EVENTS[9].received
        here.seat.app.live.travel.seek(at)
        await here.seat.press("J")
        await said(here.seat, time=at, leads=True)
        await here.seat.press("J")
        await said(here.seat, time=at, leads=False)


async def test_the_dialog_says_what_everybody_does() -> None:
    async with room() as here:
        await here.see("c2", **here.ids(0, 1), away=True, follows="c1")
        await here.see("c3", role="viewer", time=NOON - 60_000, leads=True)
        await here.seat.press("P")
        assert "away · follows ana" in here.seat.line("Overview › 2 Table")
        assert "leads 13:59" in here.seat.line("viewer")


async def test_where_we_look_is_told_in_few_bytes_however_long_a_key_is() -> None:
    long = "k" * 2 * MAX_STATE_BYTES
    async with opened(FakeSession(board(Pane(feeds=("btc",), view="table")), [tick(1, 1.0, key=long)])) as seat:
        await seat.press("down")
        await seat.until(lambda: bool(seat.session.said and seat.session.said[-1].key))
        assert seat.session.said[-1].key == "k" * LONGEST
        where: dict[str, Any] = {
            "page": seat.session.said[-1].page,
            "pane": seat.session.said[-1].pane,
            "key": "k" * LONGEST,
        }
        await seat.push(People([Person(client="c3", name="cy", role="editor", person="c3", since=NOON, **where)]))
        await seat.until(lambda: "<cy" in seat.text)
