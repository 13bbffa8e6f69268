"""Join, stay joined, come back: with a real hub at the other end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from collab_dash import join
from collab_dash.errors import HubError, JoinRefused, RequestRefused
from collab_dash.event import Position
from collab_dash.peer.session import Events, Joined, Lost, People
from collab_dash.server.process import Terms
from collab_dash.wire import HISTORY, LOOK, STOP, FeedStatus, History, SessionStatus
from hubs import hub_of, link, publish, stop, take_events, until, workspace_at


async def test_every_peer_gets_the_same_events_at_the_same_offsets(tmp_path: Path) -> None:
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        join(link(hub)) as one,
        join(link(hub, "viewer")) as two,
    ):
        for number in range(3):
            await publish(one, number)
        first, second = await take_events(one, 3), await take_events(two, 3)
        assert first == second
        assert [(event.offset, event.data["n"]) for event in first] == [(1, 0), (2, 1), (3, 2)]


async def test_a_peer_that_was_away_gets_everything_it_missed(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub)) as publisher:
        await publish(publisher, 0)
        async with join(link(hub), since=0) as session:
            await take_events(session, 1)
            position = Position(session.welcome.epoch, 1)
        for number in range(1, 5):
            await publish(publisher, number)
        async with join(link(hub), resume=position) as session:
            assert session.welcome.recovered
            assert [event.data["n"] for event in await take_events(session, 4)] == [1, 2, 3, 4]


@pytest.mark.parametrize("position", [Position("another", 1), Position("", 10**9)])
async def test_a_position_of_another_log_starts_at_the_present(tmp_path: Path, position: Position) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub)) as publisher:
        await publish(publisher, 0)
        resume = position if position.epoch else Position(hub.epoch, position.offset)
        async with join(link(hub), resume=resume) as session:
            assert not session.welcome.recovered
            assert session.welcome.offset == 1


async def test_a_session_comes_back_by_itself_when_the_hub_does(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    where = ""

    async def locate() -> str:
        return where

    async with hub_of(workspace) as hub:
        where = link(hub)
        joining = join(locate=locate)
        session = await joining.__aenter__()
        await publish(session, 0)
        await take_events(session, 1)
        await stop(hub)
    lost = await until(session, lambda update: isinstance(update, Lost))
    assert isinstance(lost, Lost)
    assert "going down" in lost.reason
    async with hub_of(workspace) as hub:
        where = link(hub)
        async with join(link(hub)) as publisher:
            await publish(publisher, 1)
        session.retry_now()
        joined = await until(session, lambda update: isinstance(update, Joined))
        assert isinstance(joined, Joined)
        assert joined.welcome.recovered
        assert [(event.offset, event.data["n"]) for event in await take_events(session, 1)] == [(2, 1)]
        await joining.__aexit__(None, None, None)


async def test_a_session_that_its_host_ended_is_over(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub)) as ana, join(link(hub, "viewer")) as ben:
        await ana.request(STOP)
        with pytest.raises(JoinRefused, match=r"^the session was ended by its host$"):
            await until(ben, lambda update: False)


async def test_a_hub_that_is_asked_to_end_if_idle_stays_for_others_and_where_it_is_to_stay(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    async with hub_of(workspace) as hub, join(link(hub)) as ana:
        with pytest.raises(RequestRefused, match="in use"):
            await ana.request(STOP, {"idle": True})
    async with hub_of(workspace, Terms(linger=60)) as hub, join(link(hub)) as ana:
        async with join(link(hub, "viewer")):
            with pytest.raises(RequestRefused, match="in use"):
                await ana.request(STOP, {"idle": True})
        while True:  # until the hub has noticed that the other one left
            try:
                await ana.request(STOP, {"idle": True})
                break
            except RequestRefused:
                await asyncio.sleep(0)
        with pytest.raises(JoinRefused):
            await until(ana, lambda update: False)


async def test_only_the_wanted_feeds_come(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub), feeds=["b"]) as session:
        for number, feed in enumerate("aabab"):
            await publish(session, number, feed)
        assert [event.offset for event in await take_events(session, 2)] == [3, 5]


async def test_history_pages_both_ways(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub), feeds=[]) as session:
        for number in range(5):
            await publish(session, number)

        async def page(**query: object) -> tuple[list[int | None], bool]:
            history = msgspec.json.decode(await session.request(HISTORY, query), type=History)
            return [event.offset for event in history.events], history.more

        assert await page(limit=2) == ([4, 5], True)
        assert await page(before=4, limit=2) == ([2, 3], True)
        assert await page(after=3, limit=5) == ([4, 5], False)
        assert await page(feed="other") == ([], False)


async def test_people_see_each_other_come_look_and_go(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub), name="ana") as ana:
        async with join(link(hub, "viewer"), name="bo") as bo:
            await bo.tell(LOOK, {"page": "Markets", "pane": "BTC"})
            await until(
                ana,
                lambda update: (
                    isinstance(update, People)
                    and [(person.name, person.role, person.pane) for person in update.people]
                    == [("ana", "host", ""), ("bo", "viewer", "BTC")]
                ),
            )
        await until(
            ana, lambda update: isinstance(update, People) and [person.name for person in update.people] == ["ana"]
        )


async def test_a_joining_peer_is_told_how_things_are(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path, '[session]\nname = "t"\n[feeds.x]\nuse = "no-such-plugin"\n')
    async with hub_of(workspace) as hub, join(link(hub)) as session:
        status = await until(session, lambda update: isinstance(update, FeedStatus))
        assert isinstance(status, FeedStatus)
        assert (status.feed, status.state) == ("x", "failed")
        assert "no-such-plugin" in status.reason
        told = await until(session, lambda update: isinstance(update, SessionStatus))
        assert isinstance(told, SessionStatus)
        assert told.recording.state == "on"


async def test_a_refused_request_is_an_error_and_the_session_goes_on(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub, "viewer")) as session:
        with pytest.raises(RequestRefused, match="editor") as refused:
            await publish(session, 1)
        assert refused.value.code == "forbidden"
        assert await session.request("session:board")


async def test_a_request_that_is_too_large_does_not_end_the_session(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub)) as session:
        with pytest.raises(RequestRefused, match="over the limit") as refused:
            await session.request("feed:publish", {"feed": "pub", "type": "a:b", "data": {"text": "x" * (1 << 20)}})
        assert refused.value.code == "too_large"
        assert await session.request("session:board")


async def test_a_wrong_token_is_final(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub:
        with pytest.raises(JoinRefused, match="wrong token"):
            async with join(f"{hub.url}/#nonsense"):
                pass


async def test_an_address_without_a_hub_is_a_clear_error() -> None:
    with pytest.raises(HubError, match="connection refused"):
        async with join("http://127.0.0.1:9/#t"):
            pass


async def test_an_address_of_something_else_is_a_clear_error() -> None:
    async def shrug(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(shrug, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(HubError, match="not as a collab-dash hub"):
        async with join(f"http://127.0.0.1:{port}/#t"):
            pass
    server.close()
    await server.wait_closed()


async def test_what_the_callers_block_raises_comes_out_as_itself(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub:
        with pytest.raises(LookupError):
            async with join(link(hub)):
                raise LookupError


async def test_a_replaced_database_is_another_log(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    async with hub_of(workspace) as hub, join(link(hub)) as session:
        await publish(session, 0)
        await take_events(session, 1)
        for file in tmp_path.glob("collab.db*"):
            if not file.name.endswith(".lock"):
                file.unlink()
        await until(session, lambda update: isinstance(update, Lost))
        joined = await until(session, lambda update: isinstance(update, Joined))
        assert isinstance(joined, Joined)
        assert not joined.welcome.recovered
        assert joined.welcome.epoch != hub.epoch
        await publish(session, 1)
        events = await until(session, lambda update: isinstance(update, Events))
        assert isinstance(events, Events)
        assert events.events[0].offset == 1
