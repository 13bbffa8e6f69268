"""Links that send far too much, or do not read what they ask for: they wait, nothing piles up, others are served."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from collab_dash.announcement import Announcement
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import Author, ChatLine
from collab_dash.doc.sync import Kind, Presence, read, write, write_presence
from collab_dash.hub import replica
from collab_dash.hub.attendance import MOST_SAID, Attendance, weight_of
from collab_dash.hub.bucket import Bucket
from collab_dash.hub.rests import Rests
from collab_dash.hub.subscriber import Link
from collab_dash.server import websocket, yjs
from hubs import hub_of, workspace_at
from server.test_websocket import ask, closed_with, hello, socket_to

QUESTIONS = 300


def yjs_at(hub: Announcement, role: str = "editor") -> connect:
    token = getattr(hub, role)
    return connect(f"{hub.url.replace('http', 'ws')}/yjs/test?token={token}", max_queue=1, max_size=None)


def said(page: str, client: int, clock: int = 1) -> bytes:
    return write(Kind.AWARENESS, write_presence([Presence(client, clock, b'{"page":"%s"}' % page.encode())]))


async def hears(socket: ClientConnection, page: str) -> None:
    async for got in socket:
        if isinstance(got, bytes) and page.encode() in got:
            return
    raise AssertionError("the link ended")


@pytest.mark.parametrize("door", ["ws", "yjs"])
async def test_what_is_asked_for_and_not_read_does_not_pile_up(
    tmp_path: Path, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backlogs: list[int] = []
    sending = Attendance._send_everything

    def noted(self: Attendance, link: Link) -> None:
        sending(self, link)
        backlogs.append(link.backlog())

    monkeypatch.setattr(Attendance, "_send_everything", noted)
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as other:
        asking = yjs_at(hub) if door == "yjs" else socket_to(hub, max_queue=1)
        async with asyncio.TaskGroup() as tasks, asking as socket:
            await hello(other, hub.editor, name="bo")
            if door == "ws":
                await hello(socket, hub.editor)
            async with asyncio.TaskGroup() as saying:
                for number in range(40):
                    saying.create_task(say_much(hub, number))
            asked = tasks.create_task(questions(socket))
            for _ in range(20):
                await ask(other, "session:board", {})
            await asked
            answers = 0
            while answers < QUESTIONS:
                got = await socket.recv()
                answers += isinstance(got, bytes) and len(got) > 100_000
            socket.transport.abort()  # it would wait for what it has not read
        assert len(backlogs) >= QUESTIONS
        assert max(backlogs) < 1 << 20


async def say_much(hub: Announcement, number: int) -> None:
    """Say as much of oneself as may be, and break off: the place is kept for some seconds."""
    async with socket_to(hub) as socket:
        await hello(socket, hub.editor, name=f"p{number}", person=f"of-{number}")
        state = b'{"text":"%s"}' % (b"x" * 4000)
        await socket.send(write(Kind.AWARENESS, write_presence([Presence(1000 + number, 1, state)])))
        await ask(socket, "session:board", {})


async def questions(socket: ClientConnection) -> None:
    for _ in range(QUESTIONS):
        await socket.send(write(Kind.ASK_AWARENESS))


@pytest.mark.parametrize("door", ["ws", "yjs"])
async def test_who_says_too_often_where_they_look_waits_and_others_do_not(
    tmp_path: Path, door: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, go_on = asyncio.Event(), asyncio.Event()

    async def turn(bucket: Bucket, weight: float) -> None:
        if not bucket.take(0.0):
            waiting.set()
            await go_on.wait()

    for module in (websocket, yjs):
        monkeypatch.setattr(module, "PRESENCE_RATE", 1e-9)
        monkeypatch.setattr(module, "turn", turn)
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as other:
        await hello(other, hub.editor, name="bo")
        await other.send(write(Kind.ASK_AWARENESS))
        async with yjs_at(hub) if door == "yjs" else socket_to(hub) as socket:
            if door == "ws":
                await hello(socket, hub.editor, name="ana")
            await socket.send(said("first", 7))
            await hears(other, "first")
            await socket.send(said("second", 7, 2))
            await waiting.wait()
            await other.send(said("elsewhere", 8))
            await hears(other, "elsewhere")
            go_on.set()
            await hears(other, "second")


@pytest.mark.parametrize("door", ["ws", "yjs"])
async def test_who_says_something_of_too_many_is_not_read(tmp_path: Path, door: str) -> None:
    everybody = [Presence(client, 1, b"{}") for client in range(MOST_SAID + 1)]
    async with hub_of(workspace_at(tmp_path)) as hub, yjs_at(hub) if door == "yjs" else socket_to(hub) as socket:
        if door == "ws":
            await hello(socket, hub.editor, name="ana")
        await socket.send(write(Kind.AWARENESS, write_presence(everybody[1:])))
        await socket.send(write(Kind.ASK_AWARENESS))
        while not isinstance(await socket.recv(), bytes):
            pass
        await socket.send(write(Kind.AWARENESS, write_presence(everybody)))
        assert await closed_with(socket) == 4400


def test_what_is_said_of_many_counts_as_much() -> None:
    def weight(clients: int) -> float:
        return weight_of(write_presence([Presence(client, 1, b"{}") for client in range(clients)]))

    assert [weight(clients) for clients in (0, 1, 99, 100, 1000)] == [1, 1, 1, 2, 11]


async def test_a_program_that_was_refused_at_a_cost_makes_its_address_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[str] = []
    monkeypatch.setattr(replica, "DEAR", 0.0)
    monkeypatch.setattr(replica, "REST", 0.0)
    monkeypatch.setattr(Rests, "note", lambda self, address, until, *, now: noted.append(address))
    async with hub_of(workspace_at(tmp_path)) as hub, yjs_at(hub) as socket:
        document = Document()
        with document.edit("test"):
            edits.say(document, ChatLine(text="hi", by=Author(id="somebody"), at=1))
        await socket.send(write(Kind.STEP1, Document().state))
        assert read(await socket.recv(decode=False)).kind is Kind.STEP2
        assert noted == []
        await socket.send(write(Kind.UPDATE, document.news()))
        assert await closed_with(socket) == 4422
        assert noted == ["127.0.0.1"]


async def test_a_viewer_who_edits_and_does_not_listen_waits(tmp_path: Path) -> None:
    document = Document()
    with document.edit("test"):
        edits.say(document, ChatLine(text="hi", by=Author(), at=1))
    update = write(Kind.UPDATE, document.news())
    async with hub_of(workspace_at(tmp_path)) as hub, yjs_at(hub, "viewer") as socket:
        for _ in range(QUESTIONS):
            await socket.send(update)
        for _ in range(QUESTIONS):
            assert b"a viewer's link changes nothing" in await socket.recv(decode=False)
