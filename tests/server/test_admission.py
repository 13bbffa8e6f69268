"""Newcomers wait until a host lets them in, on a real hub."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from collab_dash import join
from collab_dash.announcement import Announcement
from collab_dash.doc.sync import Kind, Presence, read, write, write_presence
from collab_dash.errors import HubError, JoinRefused, RequestRefused
from collab_dash.peer.awareness import Awareness
from collab_dash.peer.session import Joined, Knocks, People, Session
from collab_dash.server.process import Terms
from collab_dash.server.yjs import MAX_EARLY, Early
from collab_dash.wire import BOARD, LET_IN, MAX_WAITING, REMOVE, RENEW, Close, Knock
from hubs import hub_of, link, stop, until, workspace_at
from server.test_websocket import ask, closed_with, hello, socket_to

APPROVING = Terms(approve=True)


@asynccontextmanager
async def approving(folder: Path) -> AsyncIterator[tuple[Announcement, Session]]:
    """Serve a session with a host in it who wants to be asked."""
    async with hub_of(workspace_at(folder), APPROVING) as hub, join(link(hub), name="host") as host:
        yield hub, host


async def knocks(host: Session, condition: Callable[[list[Knock]], bool]) -> list[Knock]:
    """Wait until those who wait are as wanted."""
    found = await until(host, lambda update: isinstance(update, Knocks) and condition(update.knocks))
    assert isinstance(found, Knocks)
    return found.knocks


async def answer(host: Session, *, yes: bool, name: str = "ana") -> Knock:
    """Wait until somebody knocks, and answer."""
    found = await knocks(host, lambda waiting: name in [knock.name for knock in waiting])
    (knock,) = [knock for knock in found if knock.name == name]
    await host.request(LET_IN, {"client": knock.client, "yes": yes})
    return knock


async def waiting_socket(socket: ClientConnection, token: str, **more: Any) -> None:
    """Say hello and be told to wait."""
    await socket.send(json.dumps({"id": 1, "event": "session:hello", "data": {"protocol": 1, "token": token, **more}}))
    assert json.loads(await socket.recv()) == {"event": "session:waiting", "data": {}}


@pytest.mark.parametrize("role", ["editor", "viewer"])
async def test_a_newcomer_waits_and_is_let_in(tmp_path: Path, role: str) -> None:
    async with approving(tmp_path) as (hub, host):
        told: list[str] = []
        letting = asyncio.create_task(answer(host, yes=True))
        async with join(link(hub, role), name="ana", person="of-ana", waiting=lambda: told.append("wait")) as ana:
            knock = await letting
            assert (knock.role, knock.address, ana.welcome.client) == (role, "127.0.0.1", knock.client)
            assert told == ["wait"]
            assert await ana.request(BOARD)
        await knocks(host, lambda waiting: not waiting)
        async with join(link(hub, role), name="ana", person="of-ana", waiting=lambda: told.append("again")):
            assert told == ["wait"]


async def test_hosts_do_not_wait_and_where_nobody_is_asked_nobody_waits(tmp_path: Path) -> None:
    async with approving(tmp_path) as (hub, _), join(link(hub), name="other host"):
        pass
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub, "viewer"), name="ana"):
        pass


async def test_whoever_is_turned_away_is_told_so_for_good(tmp_path: Path) -> None:
    async with approving(tmp_path) as (hub, host):
        async with socket_to(hub) as socket:
            await waiting_socket(socket, hub.viewer, name="ana")
            await answer(host, yes=False)
            error = json.loads(await socket.recv())["error"]
            assert (error["code"], error["message"]) == ("forbidden", "the host did not let you in")
            assert await closed_with(socket) == Close.REMOVED
        turning = asyncio.create_task(answer(host, yes=False))
        with pytest.raises(JoinRefused, match=r"^the host did not let you in$") as refused:
            async with join(link(hub, "viewer"), name="ana"):
                pass
        assert refused.value.code == Close.REMOVED
        await turning


async def test_whoever_goes_away_is_forgotten_at_once(tmp_path: Path) -> None:
    async with approving(tmp_path) as (hub, host):
        async with socket_to(hub) as socket:
            await waiting_socket(socket, hub.viewer, name="ana")
            (knock,) = await knocks(host, lambda waiting: bool(waiting))
        await knocks(host, lambda waiting: not waiting)
        with pytest.raises(RequestRefused) as refused:
            await host.request(LET_IN, {"client": knock.client, "yes": True})
        assert (refused.value.code, refused.value.path) == ("not_found", ["data", "client"])


@pytest.mark.parametrize("frame", ['{"id":2,"event":"session:board"}', b"\x00", "{"])
async def test_whoever_waits_may_say_and_see_nothing(tmp_path: Path, frame: str | bytes) -> None:
    async with approving(tmp_path) as (hub, host):
        async with socket_to(hub) as socket:
            await waiting_socket(socket, hub.editor, name="ana")
            await host.request("feed:publish", {"feed": "a", "type": "a:b", "data": {}})
            await socket.send(frame)
            assert await closed_with(socket) == Close.BAD_FRAME
        assert await host.request(BOARD)


async def test_one_answer_is_for_all_windows_of_a_person(tmp_path: Path) -> None:
    async with (
        approving(tmp_path) as (hub, host),
        socket_to(hub) as one,
        socket_to(hub) as two,
        socket_to(hub) as other,
    ):
        await waiting_socket(one, hub.viewer, name="ana", person="of-ana")
        await waiting_socket(two, hub.editor, name="bea", person="of-ana")
        await waiting_socket(other, hub.editor, name="bo", person="of-bo")
        await answer(host, yes=True)
        for socket, role in ((one, "viewer"), (two, "editor")):
            assert json.loads(await socket.recv())["ok"]["role"] == role
        left = await knocks(host, lambda waiting: len(waiting) == 1)
        assert [knock.name for knock in left] == ["bo"]


async def test_only_so_many_wait(tmp_path: Path) -> None:
    async with approving(tmp_path) as (hub, host), AsyncExitStack() as stack:
        for _ in range(MAX_WAITING):
            await waiting_socket(await stack.enter_async_context(socket_to(hub)), hub.viewer)
        async with socket_to(hub) as socket:
            error = (await hello(socket, hub.viewer))["error"]
            assert (error["code"], error["retry"]) == ("unavailable", True)
            assert await closed_with(socket) == Close.TOO_MANY
        with pytest.raises(HubError, match="50 others wait"):
            async with join(link(hub, "viewer")):
                pass
        assert len(await knocks(host, lambda waiting: len(waiting) == MAX_WAITING)) == MAX_WAITING


async def test_only_hosts_are_told_and_may_answer(tmp_path: Path) -> None:
    async with approving(tmp_path) as (hub, host):
        letting = asyncio.create_task(answer(host, yes=True))
        async with join(link(hub, "editor"), name="ana") as ana, socket_to(hub) as socket:
            await letting
            await waiting_socket(socket, hub.viewer, name="bo")
            for event, data in ((LET_IN, {"client": "x", "yes": True}), (REMOVE, {"client": "x"}), (RENEW, {})):
                with pytest.raises(RequestRefused) as refused:
                    await ana.request(event, data)
                assert refused.value.code == "forbidden"
            await knocks(host, lambda waiting: len(waiting) == 1)
            assert not any(isinstance(update, Knocks) for update in ana._updates._entries.values())


async def test_a_hub_that_ends_tells_those_who_wait_to_come_back(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path), APPROVING) as hub, socket_to(hub) as socket:
        await waiting_socket(socket, hub.viewer, name="ana")
        await stop(hub)
        assert await closed_with(socket) == Close.GOING_DOWN


async def test_whoever_was_removed_has_to_ask_again(tmp_path: Path) -> None:
    async with approving(tmp_path) as (hub, host):
        letting = asyncio.create_task(answer(host, yes=True))
        async with join(link(hub, "viewer"), name="ana", person="of-ana") as ana:
            await letting
            await host.request(REMOVE, {"client": ana.welcome.client})
            with pytest.raises(JoinRefused, match=r"^removed by the host$"):
                await until(ana, lambda update: False)
        async with socket_to(hub) as socket:
            await waiting_socket(socket, hub.viewer, name="ana", person="of-ana")


async def test_whoever_is_let_in_after_the_links_were_renewed_can_come_back(tmp_path: Path) -> None:
    async with approving(tmp_path) as (hub, host), socket_to(hub) as socket:
        await waiting_socket(socket, hub.viewer, name="ana", person="of-ana")
        await host.request(RENEW)
        await answer(host, yes=True)
        token = ""
        while not token:
            frame = json.loads(await socket.recv())
            token = frame["data"]["token"] if frame.get("event") == "session:token" else ""
        async with socket_to(hub) as again:
            assert "ok" in await hello(again, token, person="of-ana")
            assert "ok" in await ask(again, "session:board", {})


async def test_a_session_that_comes_back_to_a_new_hub_waits_again(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    where, told = "", asyncio.Event()

    async def locate() -> str:
        return where

    async with AsyncExitStack() as stack:
        async with hub_of(workspace) as hub:
            where = link(hub, "viewer")
            ana = await stack.enter_async_context(join(locate=locate, name="ana", waiting=told.set))
            assert not told.is_set()
            await stop(hub)
        async with hub_of(workspace, APPROVING) as hub, join(link(hub), name="host") as host:
            where = link(hub, "viewer")
            await until(ana, lambda update: not isinstance(update, Joined) and type(update).__name__ == "Lost")
            ana.retry_now()
            await told.wait()
            await answer(host, yes=True)
            await until(ana, lambda update: isinstance(update, Joined))


def yjs(hub: Announcement, role: str = "editor") -> connect:
    """Connect as a program of Yjs does."""
    return connect(f"{hub.url.replace('http', 'ws')}/yjs/test?token={getattr(hub, role)}", compression=None)


async def test_a_program_of_yjs_waits_too_and_is_heard_from_its_first_word_on(tmp_path: Path) -> None:
    async with approving(tmp_path) as (hub, host), yjs(hub) as socket:
        await socket.send(write(Kind.STEP1, b"\x00"))
        await answer(host, yes=True, name="a Yjs program")
        frame = await socket.recv()
        assert isinstance(frame, bytes)
        assert read(frame).kind is Kind.STEP2
        await socket.close()


async def test_a_program_of_yjs_may_wait_for_long_and_is_heard_all_the_same(tmp_path: Path) -> None:
    async with approving(tmp_path) as (hub, host), yjs(hub) as socket:
        await socket.send(write(Kind.STEP1, b"\x00"))
        for clock in range(150):
            await socket.send(write(Kind.AWARENESS, write_presence([Presence(7, clock, b'{"user":{"name":"robot"}}')])))
            await socket.send(write(Kind.UPDATE, b"\x00\x00"))
        await answer(host, yes=True, name="a Yjs program")
        frame = await socket.recv()
        assert isinstance(frame, bytes)
        assert read(frame).kind is Kind.STEP2
        await until(host, lambda update: isinstance(update, People) and "robot" in names(update))
        await socket.close()


def test_of_what_is_said_before_the_answer_little_is_kept() -> None:
    early = Early()
    for message in (write(Kind.STEP1, b"\x00"), write(Kind.STEP1, b"\x01\x07\x02"), write(Kind.UPDATE, bytes(99))):
        early.note(message)
    assert early.frames == [write(Kind.STEP1, b"\x01\x07\x02")]
    early.note("text")
    early.note(b"\x07junk")
    early.note(write(Kind.AWARENESS, bytes(MAX_EARLY)))
    assert early.frames == [write(Kind.STEP1, b"\x01\x07\x02"), b"\x07junk", ""]


async def test_a_program_of_yjs_is_turned_away(tmp_path: Path) -> None:
    async with approving(tmp_path) as (hub, host), yjs(hub) as socket:
        await answer(host, yes=False, name="a Yjs program")
        assert await closed_with(socket) == Close.REMOVED


async def test_a_program_of_yjs_is_removed_as_anybody_else(tmp_path: Path) -> None:
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        join(link(hub), name="host", feeds=()) as host,
        yjs(hub) as socket,
        asyncio.TaskGroup() as tasks,
    ):
        awareness = Awareness(host)
        host.attend(awareness)
        running = tasks.create_task(awareness.run())
        await socket.send(write(Kind.STEP1, b"\x00"))
        state = json.dumps({"user": {"name": "robot"}}).encode()
        await socket.send(write(Kind.AWARENESS, write_presence([Presence(7, 1, state)])))
        await until(host, lambda update: isinstance(update, People) and "robot" in names(update))
        (robot,) = [person for person in awareness.people if person.name == "robot"]
        await host.request(REMOVE, {"client": robot.client})
        assert await closed_with(socket) == Close.REMOVED
        running.cancel()


def names(people: People) -> list[str]:
    """Give what they are called."""
    return [person.name for person in people.people]
