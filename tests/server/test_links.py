"""New links for old ones, and people shown the door, on a real hub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from collab_dash import join
from collab_dash.announcement import announced, state_dir
from collab_dash.errors import JoinRefused, RequestRefused
from collab_dash.peer.session import Joined, Lost, People, Session
from collab_dash.server.process import Terms
from collab_dash.wire import BOARD, LINKS, REMOVE, RENEW, Close
from hubs import hub_of, link, until, workspace_at
from server.test_websocket import closed_with, hello, socket_to


async def cut(session: Session) -> None:
    """Break a link and wait until it is back."""
    assert session._socket is not None
    await session.request(BOARD)  # what was pushed before this is known now
    await session._socket.close()
    await until(session, lambda update: isinstance(update, Lost))
    session.retry_now()
    await until(session, lambda update: isinstance(update, Joined))


async def test_old_links_stop_at_once_and_those_who_are_here_stay(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    async with (
        hub_of(workspace) as hub,
        join(link(hub), feeds=[]) as host,
        join(link(hub, "editor"), feeds=[]) as editor,
        join(link(hub, "viewer"), feeds=[]) as viewer,
    ):
        for _ in range(2):  # the second time for those who hold a token that was never in a link of theirs
            await host.request(RENEW)
            for session, role in ((editor, "editor"), (viewer, "viewer"), (host, "host")):
                await cut(session)
                assert session.welcome.role == role
        for role in ("editor", "viewer"):
            with pytest.raises(JoinRefused, match="wrong token"):
                async with join(link(hub, role)):
                    pass
        links = json.loads(bytes(await host.request(LINKS)))
        told = announced(workspace.db)
        assert told is not None
        assert links == {"editor": link(told, "editor"), "viewer": link(told, "viewer")}
        assert told.host == hub.host
        for role in ("editor", "viewer"):
            assert getattr(told, role) != getattr(hub, role)
            async with join(links[role]) as newcomer:
                assert newcomer.welcome.role == role
    async with hub_of(workspace) as later:
        assert (later.editor, later.viewer) == (told.editor, told.viewer)


async def test_a_read_only_hub_renews_the_viewers_link_alone(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path), Terms(read_only=True)) as hub, join(link(hub), feeds=[]) as host:
        await host.request(RENEW)
        links = json.loads(bytes(await host.request(LINKS)))
        assert links["editor"] is None
        async with join(links["viewer"]) as viewer:
            assert viewer.welcome.role == "viewer"


async def test_links_that_cannot_be_kept_change_nothing(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub), feeds=[]) as host:
        state_dir().rename(tmp_path / "away")
        state_dir().write_text("not a folder")
        with pytest.raises(RequestRefused, match="cannot write"):
            await host.request(RENEW)
        async with join(link(hub, "editor")):
            pass


async def test_somebody_who_is_removed_is_gone_for_all_and_for_good(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub), name="host") as host, socket_to(hub) as socket:
        client = (await hello(socket, hub.editor, name="ana"))["ok"]["client"]
        await until(host, lambda update: isinstance(update, People) and len(update.people) == 2)
        await host.request(REMOVE, {"client": client})
        await until(host, lambda update: isinstance(update, People) and len(update.people) == 1)
        assert await closed_with(socket) == Close.REMOVED
        with pytest.raises(RequestRefused) as refused:
            await host.request(REMOVE, {"client": client})
        assert (refused.value.code, refused.value.path) == ("not_found", ["data", "client"])
