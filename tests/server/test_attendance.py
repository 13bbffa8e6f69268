"""Presence on a real hub: who is here, where they look, and who has gone."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect

from attending import attending
from collab_dash import join
from collab_dash.announcement import Announcement
from collab_dash.doc.sync import Kind, Presence, write, write_presence
from collab_dash.errors import RequestRefused
from collab_dash.hub import attendance, seat
from collab_dash.peer.session import People
from collab_dash.wire import BRING, LOOK, Close, Person
from hubs import hub_of, link, until, workspace_at


async def test_where_somebody_looks_is_seen_by_all_and_by_those_of_json_too(tmp_path: Path) -> None:
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        join(link(hub), name="plain") as plain,
        attending(link(hub), "ana") as ana,
        attending(link(hub, "viewer"), "bo") as bo,
    ):
        ana.say(page="p1", pane="q1", offset=7, key="BTC", scroll=3, time=99, leads=True, follows="x")
        (_, seen, _) = await bo.until(lambda people: len(people) == 3 and people[1].offset == 7)
        assert (seen.name, seen.page, seen.pane, seen.key, seen.scroll) == ("ana", "p1", "q1", "BTC", 3)
        assert (seen.time, seen.leads, seen.follows, seen.role) == (99, True, "x", "host")
        assert seen.client == ana.session.welcome.client
        await plain.tell(LOOK, {"page": "p2", "pane": "q2"})
        await ana.until(lambda people: people[0].pane == "q2")
        told = await until(
            plain,
            lambda update: isinstance(update, People) and len(update.people) == 3 and update.people[1].time == 99,
        )
        assert isinstance(told, People)
        assert [(person.name, person.pane) for person in told.people] == [
            ("plain", "q2"),
            ("ana", "q1"),
            ("bo", ""),
        ]
        assert told.people[1].offset is None


async def test_a_clean_leave_is_seen_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seat, "GRACE", 1000.0)
    async with hub_of(workspace_at(tmp_path)) as hub, attending(link(hub), "ana") as ana:
        async with attending(link(hub), "bo"):
            await ana.sees("ana", "bo")
        await ana.sees("ana")


async def test_a_broken_link_comes_back_without_a_blink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seat, "GRACE", 1000.0)
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        attending(link(hub), "ana") as ana,
        attending(link(hub), "bo") as bo,
    ):
        bo.say(page="p1")
        before = await ana.until(lambda people: len(people) == 2 and people[1].page == "p1")
        counts: set[int] = set()

        def counted(people: list[Person]) -> bool:
            counts.add(len(people))
            return False

        watching = asyncio.create_task(ana.until(counted))
        bo.break_off()
        bo.session.retry_now()
        after = await ana.until(lambda people: people[-1].client not in (before[1].client, ""))
        assert [(person.name, person.page, person.since) for person in after] == [
            (person.name, person.page, person.since) for person in before
        ]
        watching.cancel()
        assert counts <= {2}
        await bo.sees("ana", "bo")


async def test_a_broken_link_that_does_not_come_back_leaves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seat, "GRACE", 0.05)
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        attending(link(hub), "ana") as ana,
        connect(hub.url.replace("http", "ws") + "/ws") as bo,
    ):
        await greet(bo, hub, "bo")
        await ana.sees("ana", "bo")
        bo.transport.abort()
        await ana.sees("ana")


async def test_a_sleeper_goes_and_comes_back_by_its_next_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        attending(link(hub), "ana") as ana,
        connect(hub.url.replace("http", "ws") + "/ws") as bo,
    ):
        await greet(bo, hub, "bo")
        await bo.send(state_of(7, 1, page="p1"))
        await ana.until(lambda people: people[-1].page == "p1")
        monkeypatch.setattr(seat, "ASLEEP_AFTER", 0.0)
        ana.say(page="p2")
        await ana.until(lambda people: "bo" not in [person.name for person in people])
        monkeypatch.setattr(seat, "ASLEEP_AFTER", 1000.0)
        await bo.send(state_of(7, 2, page="p1"))
        await ana.until(lambda people: "bo" in [person.name for person in people])


async def test_a_name_is_not_to_be_borrowed(tmp_path: Path) -> None:
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        attending(link(hub), "ana") as ana,
        connect(hub.url.replace("http", "ws") + "/ws") as bo,
    ):
        await greet(bo, hub, "bo")
        forged = write_presence([
            Presence(7, 1, b'{"user":{"name":"ana"},"role":"host","page":"p1"}'),
            Presence(ana.awareness.number, 1000, b'{"page":"elsewhere"}'),
        ])  # fmt: skip
        await bo.send(write(Kind.AWARENESS, forged))
        one, other = await ana.until(lambda people: people[-1].page == "p1")
        assert (one.name, one.page, other.name, other.role) == ("ana", "", "bo", "viewer")


@pytest.mark.parametrize(
    "payload",
    [
        b"\x01",
        write_presence([Presence(7, 1, b"[1]")]),
        write_presence([Presence(7, 1, b'{"a":"%s"}' % (b"x" * 4096))]),
    ],
)
async def test_what_is_no_awareness_ends_the_link(tmp_path: Path, payload: bytes) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, connect(hub.url.replace("http", "ws") + "/ws") as bo:
        await greet(bo, hub, "bo")
        await bo.send(write(Kind.AWARENESS, payload))
        await bo.wait_closed()
        assert bo.close_code == Close.BAD_FRAME


async def test_everybody_is_asked_to_look_and_nobody_is_made_to(tmp_path: Path) -> None:
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        attending(link(hub), "ana") as ana,
        attending(link(hub, "viewer"), "bo") as bo,
    ):
        await ana.session.request(BRING, {"page": "p1", "pane": "q1", "time": 5})
        await bo.until(lambda people: bool(bo.brought))
        (offer,) = bo.brought
        assert (offer.name, offer.client, offer.page, offer.pane, offer.time) == (
            "ana", ana.session.welcome.client, "p1", "q1", 5,
        )  # fmt: skip
        assert ana.brought == []
        with pytest.raises(RequestRefused, match="editor"):
            await bo.session.request(BRING, {"page": "p1"})


async def test_many_people_all_know_of_all(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, AsyncExitStack() as stack:
        peers = [await stack.enter_async_context(attending(link(hub), f"p{number}")) for number in range(30)]
        for turn in range(5):
            for number, peer in enumerate(peers):
                peer.say(page="p", offset=100 * turn + number)
        for peer in peers:
            await peer.until(lambda people: [person.offset for person in people] == list(range(400, 430)))


async def test_one_that_does_not_read_gets_everything_once_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance, "MAX_UNSENT", -1)
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        attending(link(hub), "ana") as ana,
        attending(link(hub), "bo") as bo,
    ):
        bo.say(page="p1")
        await bo.session.request("feed:status", {})
        assert [person.name for person in ana.awareness.people] == ["ana"]
        monkeypatch.setattr(attendance, "MAX_UNSENT", 1 << 20)
        await ana.until(lambda people: people[-1].page == "p1")


async def greet(socket: ClientConnection, hub: Announcement, name: str) -> None:
    """Join as a viewer by hand."""
    data = {"protocol": 1, "token": hub.viewer, "name": name, "feeds": []}
    await socket.send(json.dumps({"id": 1, "event": "session:hello", "data": data}))
    assert "ok" in json.loads(await socket.recv())


def state_of(number: int, clock: int, **state: object) -> bytes:
    """Give a frame that tells a state."""
    return write(Kind.AWARENESS, write_presence([Presence(number, clock, json.dumps(state).encode())]))
