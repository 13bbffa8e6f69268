"""Programs of Yjs, with ``yjs`` and ``y-websocket`` as they come from npm, on a real hub's door for them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from attending import attending
from collab_dash import join
from collab_dash.announcement import Announcement
from collab_dash.doc import edits
from collab_dash.doc.document import NOTHING, Document
from collab_dash.doc.entries import Author, ChatLine
from collab_dash.doc.sync import Kind, Message, read, write
from collab_dash.errors import RequestRefused
from collab_dash.hub import guarded
from collab_dash.server import yjs
from collab_dash.server.process import Terms
from collab_dash.wire import MAX_REQUEST_BYTES, STOP, Close
from hubs import hub_of, link
from node import NPM, NodeServer, node, run_module
from processes import hub_process
from sharing import Peer, one_pane_at, sharing

ROBOT = {"name": "robot"}
NOW = 1_763_820_000_000


@asynccontextmanager
async def program_at(url: str, token: str, session: str = "test") -> AsyncIterator[NodeServer]:
    """Run a program of Yjs with its own document."""
    async with node("clients/yjs", address=url.replace("http", "ws") + "/yjs", session=session, token=token) as program:
        yield program


@asynccontextmanager
async def program_of(hub: Announcement, role: str = "editor") -> AsyncIterator[NodeServer]:
    """Run one that has the document."""
    async with program_at(hub.url, getattr(hub, role)) as program:
        await program.tells("synced")
        yield program


def latest(program: NodeServer, root: str) -> dict[str, Any]:
    """Give what a program has under a root."""
    told = program.of("doc")
    found: dict[str, Any] = told[-1][root] if told else {}
    return found


def plain(peer: Peer) -> dict[str, Any]:
    """Give all a peer has, as a program tells it."""
    return {name: root.to_py() for name, root in peer.replica.document.roots.items()}


async def same(program: NodeServer, peer: Peer) -> None:
    """Wait until a program and a peer have the same document."""
    await program.until(lambda: bool(program.of("doc")) and program.of("doc")[-1] == plain(peer))


def say(peer: Peer, text: str) -> None:
    with peer.replica.edit() as document:
        edits.say(document, ChatLine(text=text, by=Author(), at=NOW))


def said(peer: Peer) -> set[str]:
    return {line.text for line in peer.replica.document.chat.values()}


async def test_a_program_and_a_peer_have_one_document(tmp_path: Path) -> None:
    workspace = one_pane_at(tmp_path)
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana, program_of(hub) as program:
        (page,), (pane,) = latest(program, "pages"), latest(program, "panes")
        program.tell(
            put={
                "panes": {"p": {"page": page, "order": "zz", "view": "people", "width": 3}},
                "marks": {"m": {"offset": 7, "feed": "demo", "time": NOW, "by": ROBOT, "at": NOW}},
                "notes": {"n": {"mark": "m", "text": "größe 東京", "by": ROBOT, "at": NOW}},
                "chat": {"c": {"text": "hello", "by": ROBOT, "at": NOW}},
                "room": {"filter": "price > 1"},
            },
            change={"panes": {pane: {"title": "Two"}}},
        )
        await ana.until(lambda: "p" in ana.replica.document.panes and ana.replica.document.panes[pane].title == "Two")
        document = ana.replica.document
        assert document.panes["p"].width == 3
        assert document.marks["m"].offset == 7
        assert document.notes["n"].text == "größe 東京"
        assert document.room.filter == "price > 1"
        with ana.replica.edit() as document:
            edits.change(document, "panes", pane, filter='key != "x"', feeds=())
            edits.say(document, ChatLine(text="hello yourself", by=Author(name="ana"), at=NOW))
            edits.remove(document, "notes", "n")
        await ana.shared()
        await program.until(lambda: len(latest(program, "chat")) == 2)
        await same(program, ana)
        assert latest(program, "panes")[pane]["filter"] == 'key != "x"'


async def test_two_programs_have_each_others_edits(tmp_path: Path) -> None:
    async with hub_of(one_pane_at(tmp_path)) as hub, program_of(hub) as one, program_of(hub, "host") as two:
        one.tell(put={"chat": {"a": {"text": "hi", "by": ROBOT, "at": NOW}}})
        two.tell(put={"chat": {"b": {"text": "ho", "by": ROBOT, "at": NOW}}})
        for each in (one, two):
            await each.until(lambda each=each: latest(each, "chat").keys() == {"a", "b"})  # type: ignore[misc]


async def test_edits_made_while_the_hub_is_dead_merge_when_it_is_back(tmp_path: Path) -> None:
    one_pane_at(tmp_path)
    async with hub_process(tmp_path) as hub:
        port, url, token = hub.port, hub.editor.partition("/#")[0], hub.editor.partition("#")[2]
        async with program_at(url, token) as program, sharing(hub.editor) as ana:
            await program.tells("synced")
            say(ana, "before")
            await program.until(lambda: len(latest(program, "chat")) == 1)
            os.kill(hub.pid, signal.SIGKILL)
            await hub.running.ended()
            await program.tells("lost")
            await ana.until(lambda: not ana.replica.ready.is_set())
            program.tell(put={"chat": {"b": {"text": "meanwhile", "by": ROBOT, "at": NOW}}})
            say(ana, "as well")
            async with hub_process(tmp_path, port=port):
                ana.session.retry_now()
                await ana.until(lambda: said(ana) == {"before", "meanwhile", "as well"})
                await ana.shared()
                await program.until(lambda: len(latest(program, "chat")) == 3)
                await same(program, ana)


async def test_a_viewers_edit_reaches_nobody_and_its_link_lives(tmp_path: Path) -> None:
    workspace = one_pane_at(tmp_path)
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana, program_of(hub, "viewer") as program:
        (pane,) = latest(program, "panes")
        program.tell(change={"panes": {pane: {"title": "forced"}}})
        assert "viewer" in await program.tells("warned")
        say(ana, "hello")
        await program.until(lambda: bool(latest(program, "chat")))
        assert ana.replica.document.panes[pane].title == "One"
        program.tell(disconnect=None, connect=None)
        await program.until(lambda: program.of("synced") == [True, False, True])
        say(ana, "still there?")
        await program.until(lambda: len(latest(program, "chat")) == 2)
        assert ana.replica.document.panes[pane].title == "One"
        assert program.of("closed") == []


async def test_an_edit_that_breaks_the_schema_ends_the_link_for_good(tmp_path: Path) -> None:
    workspace = one_pane_at(tmp_path)
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        async with program_of(hub) as program:
            (pane,) = latest(program, "panes")
            program.tell(change={"panes": {pane: {"width": 99}}})
            closed = await program.tells("closed")
            assert closed["code"] == Close.EDIT_REFUSED
            assert closed["reason"].startswith(f"panes.{pane}.width: ")
        async with program_of(hub) as program:
            program.tell(change={"panes": {pane: {"width": 9}}})
            await ana.until(lambda: ana.replica.document.panes[pane].width == 9)


async def test_a_wrong_token_and_another_sessions_name_are_final(tmp_path: Path) -> None:
    async with hub_of(one_pane_at(tmp_path)) as hub:
        for token, session, code in (
            ("wrong", "test", Close.BAD_TOKEN),
            ("", "test", Close.BAD_TOKEN),
            (hub.editor, "other", Close.NO_SUCH_SESSION),
        ):
            async with program_at(hub.url, token, session) as program:
                assert (await program.tells("closed"))["code"] == code
                assert program.of("doc") == []


async def test_a_client_that_hears_nothing_is_told_that_the_link_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yjs, "HEARTBEAT", 0.01)
    async with hub_of(one_pane_at(tmp_path)) as hub, socket_to(hub) as socket:
        assert await messages(socket, 2) == [Message(Kind.AWARENESS, b"\x00")] * 2
        async with program_of(hub) as program:
            program.tell(put={"chat": {"a": {"text": "hi", "by": ROBOT, "at": NOW}}})
            await program.until(lambda: bool(latest(program, "chat")))


async def test_the_program_of_the_reference_works(tmp_path: Path) -> None:
    page = (NPM.parent.parent / "docs" / "reference" / "document.md").read_text()
    (code,) = re.findall(r"^```js\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    async with hub_of(one_pane_at(tmp_path)) as hub, sharing(link(hub)) as ana:
        address = hub.url.replace("http", "ws") + "/yjs"
        assert await run_module(code, address, "test", hub.editor) == 0
        await ana.until(lambda: len(ana.replica.document.panes) == 2)
        assert [pane.title for pane in ana.replica.document.panes.values()] == ["One", "Who is here"]
        assert said(ana) == {"I added a pane"}


# Frame by frame


@asynccontextmanager
async def socket_to(hub: Announcement, token: str | None = None, **options: Any) -> AsyncIterator[ClientConnection]:
    query = f"?token={hub.editor if token is None else token}" if "additional_headers" not in options else ""
    async with connect(hub.url.replace("http", "ws") + f"/yjs/test{query}", max_size=None, **options) as socket:
        yield socket


async def messages(socket: ClientConnection, count: int) -> list[Message]:
    return [read(await socket.recv(decode=False)) for _ in range(count)]


async def begun(socket: ClientConnection) -> Document:
    """Sync, and give what came."""
    await socket.send(write(Kind.STEP1, Document().state))
    level, question = await messages(socket, 2)
    assert (level.kind, question.kind) == (Kind.STEP2, Kind.STEP1)
    return Document(level.payload)


async def closed(socket: ClientConnection) -> tuple[int | None, str | None]:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.recv()
    return socket.close_code, socket.close_reason


def chat_line(document: Document, text: str = "hi", **fields: Any) -> bytes:
    """Say something, and give it as a message."""
    with document.edit("test"):
        document.roots["chat"]["c"] = {"text": text, "by": {}, "at": NOW, **fields}
    return write(Kind.UPDATE, document.news())


async def test_the_token_may_come_in_a_header_and_is_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with hub_of(one_pane_at(tmp_path)) as hub:
        headers = {"Authorization": f"Bearer {hub.viewer}"}
        async with socket_to(hub, additional_headers=headers) as socket:
            assert len((await begun(socket)).panes) == 1
        async with socket_to(hub) as socket:
            assert len((await begun(socket)).panes) == 1
        mine = [entry for entry in caplog.records if not entry.name.startswith("websockets.client")]
        assert mine
        assert not any(hub.editor in entry.getMessage() for entry in mine)


async def test_pages_of_other_sites_are_turned_away(tmp_path: Path) -> None:
    async with hub_of(one_pane_at(tmp_path)) as hub:
        with pytest.raises(InvalidStatus) as refused:
            async with socket_to(hub, origin="https://evil.example"):
                pass
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        pytest.param("text", Close.BAD_FRAME, id="text"),
        pytest.param(b"", Close.BAD_FRAME, id="empty"),
        pytest.param(b"\x07junk", Close.BAD_FRAME, id="unknown kind"),
        pytest.param(b"\x00\x02\x7fshort", Close.BAD_FRAME, id="cut off"),
        pytest.param(write(Kind.STEP1, b"\xff" * 20), Close.EDIT_REFUSED, id="no state vector"),
        pytest.param(write(Kind.UPDATE, os.urandom(60)), Close.EDIT_REFUSED, id="garbled update"),
        pytest.param(write(Kind.UPDATE, b"\x01" * 500_000), Close.EDIT_REFUSED, id="long garbled update"),
        pytest.param(write(Kind.UPDATE, bytes(guarded.MAX_UPDATE_BYTES + 1)), Close.EDIT_REFUSED, id="large update"),
        pytest.param(bytes(8 * MAX_REQUEST_BYTES + 1), 1009, id="large frame"),
    ],
)
async def test_what_is_no_message_closes_the_link_and_harms_nobody(tmp_path: Path, frame: Any, code: int) -> None:
    async with hub_of(one_pane_at(tmp_path)) as hub, sharing(link(hub)) as ana:
        async with socket_to(hub) as socket:
            await begun(socket)
            with contextlib.suppress(ConnectionClosed):
                await socket.send(frame)
            assert (await closed(socket))[0] == code
        async with socket_to(hub) as socket:
            await socket.send(chat_line(await begun(socket)))
            await ana.until(lambda: said(ana) == {"hi"})


async def test_a_long_reason_is_cut_where_a_close_frame_ends(tmp_path: Path) -> None:
    async with hub_of(one_pane_at(tmp_path)) as hub, socket_to(hub) as socket:
        document = await begun(socket)
        with document.edit("test"):
            document.roots["marks"]["ü" * 64] = {"by": {}, "at": NOW}
        await socket.send(write(Kind.UPDATE, document.news()))
        code, reason = await closed(socket)
        assert code == Close.EDIT_REFUSED
        assert reason is not None
        assert reason.startswith("marks.üüü")


async def test_an_update_before_the_first_step_is_passed_over(tmp_path: Path) -> None:
    async with hub_of(one_pane_at(tmp_path)) as hub, socket_to(hub) as socket:
        await socket.send(chat_line(Document()))
        await socket.send(write(Kind.AWARENESS, b"\x00"))
        await socket.send(write(Kind.ASK_AWARENESS))
        assert (await begun(socket)).chat == {}


async def test_a_step_two_without_news_is_no_edit_of_a_viewer(tmp_path: Path) -> None:
    async with hub_of(one_pane_at(tmp_path)) as hub, socket_to(hub, hub.viewer) as socket:
        document = await begun(socket)
        await socket.send(write(Kind.STEP2, document.since(document.state)))
        await socket.send(write(Kind.UPDATE, NOTHING))
        assert (await begun(socket)).entries == document.entries


async def test_a_hub_that_ends_closes_the_door_with_the_others(tmp_path: Path) -> None:
    async with hub_of(one_pane_at(tmp_path)) as hub, socket_to(hub) as socket:
        await begun(socket)
        signal.raise_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            assert (await closed(socket))[0] == Close.GOING_DOWN


async def test_a_hub_with_a_program_at_it_does_not_give_way(tmp_path: Path) -> None:
    async with (
        hub_of(one_pane_at(tmp_path), Terms(linger=60)) as hub,
        join(link(hub)) as ana,
        socket_to(hub) as socket,
    ):
        await begun(socket)
        with pytest.raises(RequestRefused, match="in use"):
            await ana.request(STOP, {"idle": True})


async def test_programs_and_peers_see_where_each_other_look(tmp_path: Path) -> None:
    async with hub_of(one_pane_at(tmp_path)) as hub, attending(link(hub), "ana") as ana:
        ana.say(page="p1", pane="q1", time=5)
        async with program_of(hub, "viewer") as program:
            program.tell(look={"user": {"name": "robot", "color": "#123456"}, "page": "p2", "cursor": 7})
            (_, robot) = await ana.sees("ana", "robot")
            assert (robot.page, robot.role, robot.person) == ("p2", "viewer", robot.client)
            async with program_of(hub) as other:
                await other.until(lambda: bool(other.of("people")) and len(other.of("people")[-1]) == 3)
                states = other.of("people")[-1]  # its own among them, which the hub gives a `user` without a name
                people = {name: state for state in states if (name := state.get("user", {}).get("name"))}
                assert (people["ana"]["page"], people["ana"]["time"], people["ana"]["user"]["role"]) == (
                    "p1",
                    5,
                    "host",
                )
                assert people["ana"]["user"]["color"].startswith("#")
                assert people["robot"]["cursor"] == 7
            program.tell(look={"user": {"name": "ana"}, "client": robot.client, "role": "host"})
            (_, forged) = await ana.sees("ana", "ana")
            assert (forged.role, forged.client) == ("viewer", robot.client)
            assert forged.person != ana.session.welcome.person
        await ana.sees("ana")
