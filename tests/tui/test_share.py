"""The share dialog, its code, and the door."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import segno

from collab_dash.board import Pane
from collab_dash.errors import RequestRefused
from collab_dash.peer.session import Joined, Knocks, People
from collab_dash.peer.updates import Lost
from collab_dash.tui.drawing.qr import qr_lines
from collab_dash.tui.screens.share import ShareDialog
from collab_dash.wire import LET_IN, LINKS, REMOVE, RENEW, Code, Knock, Person
from tui.fake_session import NOON, FakeSession, board
from tui.opened import Seat, opened

LOG = Pane(feeds=("btc",), view="log", title="Log")
LINK = "http://127.0.0.1:8765/#" + "t" * 32
PEOPLE = People([
    Person(client="c1", name="ana", role="host"),
    Person(client="c2", name="bo", role="editor"),
    Person(client="c3", name="bo", role="viewer"),
])  # fmt: skip
CY, DI = (Knock(client=f"k{n}", name=name, role="viewer", address="10.0.0.7") for n, name in enumerate(("cy", "")))
ORDERS = (LET_IN, REMOVE, RENEW)


def session(role: str = "host", links: str = LINK) -> FakeSession:
    fake = FakeSession(board(LOG), client="c1", role=role)
    fake.links = {"editor": None if role == "viewer" else f"{links}E", "viewer": f"{links}V"}
    return fake


async def share(seat: Seat) -> None:
    """Open the dialog with people around."""
    await seat.push(PEOPLE)
    await seat.press("S")
    await seat.until(lambda: "others join with" in seat.text)


def chosen(seat: Seat) -> str:
    """Give name and role of who is chosen."""
    dialog = seat.app.screen
    assert isinstance(dialog, ShareDialog)
    return " ".join(dialog.lines(76)[dialog.first_row + dialog.place].text.split()[:2])


def orders(seat: Seat) -> list[tuple[str, object]]:
    return [(event, data) for event, data in seat.session.told if event in ORDERS]


@pytest.mark.parametrize("border", [1, 2])
def test_a_code_is_drawn_module_by_module(border: int) -> None:
    lines = qr_lines(LINK, border=border)
    rows: list[list[bool]] = []
    for line in lines:
        rows += [[cell in " ▄" for cell in line], [cell in " ▀" for cell in line]]
    wanted = [[bool(cell) for cell in row] for row in segno.make_qr(LINK, error="l", boost_error=False).matrix]
    inner = [row[border:-border] for row in rows[border : border + len(wanted)]]
    assert inner == wanted
    assert not any(any(row) for row in rows[:border])
    assert not any(row[0] or row[-1] for row in rows)


@pytest.mark.parametrize("size", [(160, 45), (80, 24)])
async def test_the_code_is_of_the_link_that_was_copied_last(size: tuple[int, int]) -> None:
    async with opened(session(), size=size) as seat:
        await share(seat)
        for key, role in (("", "viewer"), ("e", "editor"), ("v", "viewer")):
            await seat.press(*key)
            code = qr_lines(f"{LINK}{role[0].upper()}")
            shown = seat.text.splitlines()
            top = next(y for y, line in enumerate(shown) if code[0] in line)
            assert all(expected in line for expected, line in zip(code, shown[top:], strict=False))
            assert f"the code is the {role} link" in " ".join(seat.text.split())


@pytest.mark.parametrize(("size", "links"), [((60, 24), LINK), ((80, 20), LINK), ((80, 24), LINK + "x" * 60)])
async def test_a_code_that_does_not_fit_is_left_out_with_a_word(size: tuple[int, int], links: str) -> None:
    async with opened(session(links=links), size=size) as seat:
        await share(seat)
        assert "█" * 20 not in seat.text
        assert "no room here for a QR code" in seat.text


async def test_a_link_of_loopback_is_said_to_lead_here_alone() -> None:
    async with opened(session()) as seat:
        await share(seat)
        assert "it leads to this machine alone" in seat.text
    async with opened(session(links="http://wall.example:8765/#t")) as seat:
        await share(seat)
        assert "this machine alone" not in seat.text


async def test_a_host_removes_the_chosen_one() -> None:
    async with opened(session()) as seat:
        await share(seat)
        assert chosen(seat) == "bo editor"
        await seat.press("down")
        assert chosen(seat) == "bo·2 viewer"
        await seat.press("j", "k", "down", "x")
        await seat.until(lambda: bool(orders(seat)))
        assert orders(seat) == [(REMOVE, {"client": "c3"})]


async def test_a_host_goes_through_more_people_than_there_is_room_for() -> None:
    crowd = [Person(client=f"c{n}", name=f"p{n}", role="viewer") for n in range(2, 42)]
    async with opened(session(), size=(80, 24)) as seat:
        await share(seat)
        await seat.push(People([*PEOPLE.people[:1], *crowd]))
        for _ in range(12):
            await seat.press("down")
        assert "p14  viewer" in seat.text
        assert chosen(seat) == "p14 viewer"
        await seat.press("g")
        assert chosen(seat) == "p2 viewer"
        assert "others join with" in seat.text
        await seat.push(People([*PEOPLE.people[:1], *crowd[1:]]))
        assert chosen(seat) == "p3 viewer"


async def test_whoever_is_no_host_scrolls() -> None:
    crowd = [Person(client=f"c{n}", name=f"p{n}", role="viewer") for n in range(2, 42)]
    async with opened(session(role="editor"), size=(80, 24)) as seat:
        await share(seat)
        await seat.push(People([*PEOPLE.people[:1], *crowd]))
        await seat.press("G")
        assert "p41  viewer" in seat.text


async def test_new_links_are_made_once_that_is_confirmed() -> None:
    async with opened(session()) as seat:
        await share(seat)
        await seat.press("enter", "n", "escape", "S")
        await seat.until(lambda: "others join with" in seat.text)
        await seat.press("enter")
        assert orders(seat) == []
        await seat.press("n")
        assert "enter new links: the old ones stop at once" in seat.text
        await seat.press("enter")
        await seat.until(lambda: "V2" in seat.text)
        assert orders(seat) == [(RENEW, {})]
        await seat.press("v")
        await seat.copied()
        assert seat.app.clipboard == f"{LINK}V2"


@pytest.mark.parametrize("key", ["P", "S"])
async def test_a_host_lets_in_and_turns_away_whoever_is_at_the_door(key: str) -> None:
    async with opened(session()) as seat:
        await seat.push(PEOPLE, Knocks([CY, DI]))
        assert "2 at the door" in seat.text
        notes = [note.message for note in seat.app._notifications]
        assert notes == [f"{who} wants to come in as viewer: P, then y or n" for who in ("cy", "a program")]
        await seat.press(key)
        await seat.until(lambda: "at the door  y let in  n turn away" in seat.text)
        assert "cy  viewer  10.0.0.7" in seat.text
        await seat.press("y")
        await seat.push(Knocks([DI]))
        await seat.press("n")
        await seat.push(Knocks([]))
        assert orders(seat) == [(LET_IN, {"client": "k0", "yes": True}), (LET_IN, {"client": "k1", "yes": False})]
        assert "at the door" not in seat.text
        await seat.press("y", "n", "y")
        assert len(orders(seat)) == 2


async def test_nobody_rings_twice_nor_while_the_door_is_in_sight() -> None:
    async with opened(session()) as seat:
        await seat.push(Knocks([CY]), Knocks([CY]))
        assert len(seat.app._notifications) == 1
        await seat.press("P")
        await seat.push(Knocks([CY, DI]))
        assert len(seat.app._notifications) == 1
        assert "a program  viewer  10.0.0.7" in seat.text


@pytest.mark.parametrize("role", ["editor", "viewer"])
async def test_who_is_no_host_has_none_of_the_hosts_keys(role: str) -> None:
    async with opened(session(role)) as seat:
        await share(seat)
        await seat.press("x", "n", "enter", "y", "down")
        assert orders(seat) == []
        for words in ("remove", "new links"):
            assert words not in seat.text


async def test_what_the_hub_refuses_is_said() -> None:
    async with opened(session()) as seat:
        await share(seat)
        seat.app.live._session = None
        await seat.press("x")
        await seat.until(lambda: any("not joined yet" in note.message for note in seat.app._notifications))


async def test_whoever_waits_to_be_let_in_is_told_so() -> None:
    async with opened(session()) as seat:
        seat.app.live.state.wait()
        await seat.pilot.pause()
        assert "◌ waiting for the host to let you in" in seat.text


class Unsteady(FakeSession):
    """A session whose links cannot be had at times."""

    steady = True

    async def request(
        self, event: str, data: Any = None, *, timeout: float = 10.0, key: str | None = None
    ) -> msgspec.Raw:
        if event == LINKS and not self.steady:
            raise RequestRefused("the hub does not answer", code=Code.UNAVAILABLE, retry=True)
        return await super().request(event, data, timeout=timeout, key=key)


async def test_links_that_could_not_be_had_come_when_the_link_to_the_hub_is_back() -> None:
    fake = Unsteady(board(LOG), client="c1")
    fake.steady = False
    async with opened(fake) as seat:
        await seat.push(PEOPLE, Knocks([CY]))
        await seat.press("S")
        await seat.until(lambda: "the hub does not answer" in seat.text)
        assert all(part in seat.text for part in ("at the door", "cy  viewer", "ana  "))
        await seat.push(Lost("gone", NOON))
        fake.steady = True
        await seat.push(Joined(fake.welcome))
        await seat.until(lambda: "http://h/#e" in seat.text)
        assert "the hub does not answer" not in seat.text


async def test_new_links_are_asked_for_no_longer_once_something_else_is_done() -> None:
    async with opened(session()) as seat:
        await share(seat)
        await seat.press("n", "v", "enter")
        assert orders(seat) == []
        assert "new links: the old ones stop at once" not in seat.text


async def test_two_who_wait_are_let_in_by_two_keys_however_late_the_hub_says_so() -> None:
    async with opened(session()) as seat:
        await seat.push(PEOPLE, Knocks([CY, DI]))
        await seat.press("P", "y", "y", "y")
        assert orders(seat) == [(LET_IN, {"client": knock.client, "yes": True}) for knock in (CY, DI)]
        await seat.push(Knocks([]))
        await seat.push(Knocks([CY]))
        assert "cy  viewer" in seat.text
