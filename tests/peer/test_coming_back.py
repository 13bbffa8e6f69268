"""How a session meets hubs that break off, hang, or take their time."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.asyncio.server import ServerConnection

from collab_dash.errors import JoinRefused, RequestRefused
from collab_dash.peer import patience
from collab_dash.peer import session as module
from collab_dash.peer.session import Lost, Session, join
from collab_dash.wire import INTRODUCE, Close, Code, Fault, decode_request, encode_fault, encode_ok, encode_request
from few_words import hub_that, stay, welcome


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Which pauses were made, by their place among those that grow; each is short."""
    paused: list[int] = []

    def grow(*, cap: float) -> Iterator[float]:
        assert cap == patience.LONGEST
        for number in range(1000):
            paused.append(number)
            yield 0.001

    monkeypatch.setattr(patience, "backoff", grow)
    return paused


def test_no_pause_is_long() -> None:
    pauses = patience.Patience().pauses()
    longest = max(next(pauses) for _ in range(200))
    assert 1 < longest <= 5


async def break_off(socket: ServerConnection) -> None:
    await welcome(socket)
    await socket.close(Close.GOING_DOWN)


async def breaks(session: Session, count: int) -> None:
    """Wait until the link has broken so many times."""
    async for update in session:
        count -= isinstance(update, Lost)
        if not count:
            return


async def test_pauses_grow_while_links_break_as_soon_as_they_are_there(paused: list[int]) -> None:
    async with hub_that(break_off) as link, join(link) as session:
        await breaks(session, 4)
        assert paused[:4] == [0, 1, 2, 3]


async def test_pauses_are_short_again_after_a_link_that_held(
    paused: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "STEADY", 0)
    async with hub_that(break_off) as link, join(link) as session:
        await breaks(session, 4)
        assert paused[:4] == [0, 0, 0, 0]


async def test_one_that_only_asks_is_answered_however_often_the_link_broke(
    paused: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_UPDATES", 4)
    links: list[ServerConnection] = []
    answering = asyncio.Event()

    async def talk(socket: ServerConnection) -> None:
        links.append(socket)
        if len(links) < 10:
            await break_off(socket)
            return
        await welcome(socket)
        answering.set()
        await socket.send(encode_ok(decode_request(await socket.recv()).id or 0, {}), text=True)

    async with hub_that(talk) as link, join(link, feeds=()) as session:
        await answering.wait()
        while not session.linked:
            await asyncio.sleep(0)
        assert bytes(await session.request("session:board")) == b"{}"


async def test_a_session_that_is_over_says_so_to_whoever_asks_again() -> None:
    async def talk(socket: ServerConnection) -> None:
        await welcome(socket)
        await socket.close(Close.REMOVED, "the session was ended by its host")

    async with hub_that(talk) as link, join(link) as session:
        for _ in range(2):
            with pytest.raises(JoinRefused, match="ended by its host"):
                await breaks(session, 1)


async def test_a_name_that_is_given_while_we_wait_to_be_let_in_is_told(paused: list[int]) -> None:
    knocking, renamed, told = asyncio.Event(), asyncio.Event(), asyncio.Event()
    links: list[ServerConnection] = []

    async def talk(socket: ServerConnection) -> None:
        links.append(socket)
        if len(links) == 1:
            await break_off(socket)
            return
        knocking.set()
        await renamed.wait()
        await welcome(socket)
        request = decode_request(await socket.recv())
        assert (request.event, bytes(request.data)) == (INTRODUCE, b'{"name":"ana","color":"red"}')
        told.set()
        await stay(socket)

    async with hub_that(talk) as link, join(link, name="an") as session:
        await knocking.wait()
        await session.introduce("ana", "red")
        renamed.set()
        await told.wait()


BIG = "x" * (16 << 20)


class Stuck:
    """A hub that reads one request, refuses it, and reads no more until its end."""

    def __init__(self) -> None:
        self.stuck = asyncio.Event()
        self.over = asyncio.Event()

    async def talk(self, socket: ServerConnection) -> None:
        await welcome(socket)
        while len(frame := await socket.recv()) == len(encode_request("x:y", BIG)):
            pass
        request = decode_request(frame)
        await socket.send(encode_fault(request.id, Fault(code=Code.FORBIDDEN, message="no")), text=True)
        socket.transport.pause_reading()
        self.stuck.set()
        await self.over.wait()
        socket.transport.abort()


async def test_a_hub_that_reads_no_more_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAVE_TIMEOUT", 0.1)
    hub = Stuck()
    async with hub_that(hub.talk) as link:
        async with asyncio.timeout(5), join(link) as session:
            with pytest.raises(RequestRefused):
                await session.request("session:board")
            await hub.stuck.wait()
            telling = asyncio.create_task(session.tell("x:y", BIG))
            await asyncio.sleep(0)
        await telling
        hub.over.set()


async def test_a_refusal_that_comes_before_its_request_was_drained_is_complained_of_by_nobody() -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: complaints.append(context))
    hub = Stuck()
    async with hub_that(hub.talk) as link, join(link) as session:
        before = asyncio.create_task(session.tell("x:y", BIG))
        asking = asyncio.create_task(session.request("session:board"))
        behind = asyncio.create_task(session.tell("x:y", BIG))
        await hub.stuck.wait()
        await until_answered(session)
        hub.over.set()
        with pytest.raises(RequestRefused, match="the link broke"):
            await asking
        await asyncio.gather(before, behind)
    del asking
    gc.collect()
    assert complaints == []


async def until_answered(session: Session) -> None:
    """Wait until the first request has its answer, which whoever asks cannot have taken yet."""
    while not session._answers._waiting[1].done():
        await asyncio.sleep(0)
