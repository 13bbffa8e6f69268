"""Requests that come twice, or far too often, on a real hub; the link lives."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from collab_dash import join
from collab_dash.errors import RequestRefused
from collab_dash.hub import subscriber
from collab_dash.peer.session import Session
from collab_dash.wire import HISTORY, LOOK, PUBLISH, REQUEST_BURST
from hubs import hub_of, link, workspace_at
from server.test_websocket import ask, hello, reply, socket_to

EVENT = {"feed": "pub", "type": "a:b", "data": {"n": 1}}


async def publish(session: Session, key: str | None, **changes: Any) -> int:
    offset: int = json.loads(bytes(await session.request(PUBLISH, {**EVENT, **changes}, key=key)))["offset"]
    return offset


async def test_a_request_of_one_key_is_done_once_on_whichever_link_it_comes(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub:
        async with join(link(hub), person="of-ana", feeds=[]) as session:
            assert await asyncio.gather(*(publish(session, "k1") for _ in range(5))) == [1] * 5
        async with join(link(hub), person="of-ana", feeds=[]) as again, join(link(hub), feeds=[]) as other:
            assert await publish(again, "k1") == 1
            assert await publish(again, "k2") == 2
            assert await publish(other, "k1") == 3
            assert await publish(again, None) == 4


@pytest.mark.parametrize(
    ("event", "data"), [(PUBLISH, {**EVENT, "data": {"n": 2}}), (HISTORY, {}), (LOOK, {"page": "x"})]
)
async def test_a_key_that_was_given_to_something_else_is_a_fault_and_the_link_lives(
    tmp_path: Path, event: str, data: dict[str, Any]
) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub), person="of-ana", feeds=[]) as session:
        await publish(session, "k")
        with pytest.raises(RequestRefused) as refused:
            await session.request(event, data, key="k")
        assert (refused.value.code, refused.value.path) == ("invalid_payload", ["key"])
        assert await publish(session, "k") == 1


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_a_key_is_short_and_not_empty(tmp_path: Path, key: str) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub), feeds=[]) as session:
        with pytest.raises(RequestRefused) as refused:
            await publish(session, key)
        assert (refused.value.code, refused.value.path) == ("invalid_payload", ["key"])
        assert await publish(session, "x" * 200) == 1


async def test_a_key_helps_nobody_past_their_role(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub:
        async with join(link(hub), person="of-ana", feeds=[]) as session:
            await publish(session, "k")
        async with join(link(hub, "viewer"), person="of-ana", feeds=[]) as viewer:
            with pytest.raises(RequestRefused) as refused:
                await publish(viewer, "k")
            assert refused.value.code == "forbidden"


async def test_far_too_many_requests_are_refused_and_the_link_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr("collab_dash.hub.handlers.monotonic", lambda: now[0])
    monkeypatch.setattr(subscriber, "monotonic", lambda: now[0])
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket, socket_to(hub) as other:
        await hello(socket, hub.viewer)
        await hello(other, hub.viewer)
        for _ in range(REQUEST_BURST):
            await socket.send('{"event":"session:look","data":{}}')
        error = (await ask(socket, "session:board", {}))["error"]
        assert (error["code"], error["retry"]) == ("rate_limited", True)
        assert "1,000 requests a second" in error["message"]
        await socket.send('{"event":"session:look","data":{}}')
        assert (await reply(socket, None))["error"]["code"] == "rate_limited"
        assert "ok" in await ask(other, "session:board", {})
        now[0] += 0.01
        assert "ok" in await ask(socket, "session:board", {}, 6)
