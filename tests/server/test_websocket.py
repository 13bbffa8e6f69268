"""The peer link as a stranger's program sees it: protocol version 1, frame by frame."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from collab_dash.announcement import Announcement
from collab_dash.server import websocket as door
from collab_dash.server.frames import EXTENSION
from collab_dash.server.process import Terms
from collab_dash.wire import MAX_REQUEST_BYTES, Close
from hubs import hub_of, workspace_at

TOO_LARGE = {"feed": "a", "type": "x:y", "data": {"t": "x" * 300_000}}


@asynccontextmanager
async def socket_to(announcement: Announcement, **options: Any) -> AsyncIterator[ClientConnection]:
    url = announcement.url.replace("http", "ws") + "/ws"
    async with connect(url, max_size=None, **options) as socket:
        yield socket


async def ask(socket: ClientConnection, event: str, data: Any, id_: int = 5) -> dict[str, Any]:
    """Send a request and give its reply, passing over pushes."""
    await socket.send(json.dumps({"id": id_, "event": event, "data": data}))
    return await reply(socket, id_)


async def reply(socket: ClientConnection, id_: int | None) -> dict[str, Any]:
    while True:
        frame: dict[str, Any] = json.loads(await socket.recv())
        if "event" not in frame and frame["id"] == id_:
            return frame


async def hello(socket: ClientConnection, token: str, **more: Any) -> dict[str, Any]:
    return await ask(socket, "session:hello", {"protocol": 1, "token": token, **more}, 1)


async def closed_with(socket: ClientConnection) -> int:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.recv()
    assert socket.close_code is not None
    return socket.close_code


async def test_a_hello_is_answered_with_session_epoch_offset_role_and_client(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        ok = (await hello(socket, hub.viewer, name="ana"))["ok"]
        assert ok.pop("doc")
        assert len(ok["client"]) == 8
        assert ok.pop("person") == ok.pop("client")
        assert ok == {
            "session": "test",
            "epoch": hub.epoch,
            "offset": 0,
            "role": "viewer",
            "recovered": False,
            "ping": 20.0,
        }


@pytest.mark.parametrize("role", ["host", "editor", "viewer"])
async def test_the_link_fixes_the_role(tmp_path: Path, role: str) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        assert (await hello(socket, getattr(hub, role)))["ok"]["role"] == role


async def test_a_read_only_hub_makes_editors_viewers(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    async with hub_of(workspace) as before:
        editor = before.editor
    async with hub_of(workspace, Terms(read_only=True)) as hub, socket_to(hub) as socket:
        assert hub.editor == ""
        assert (await hello(socket, editor))["ok"]["role"] == "viewer"


@pytest.mark.parametrize("token", ["", "wrong", "é"])
async def test_a_wrong_token_is_told_so_and_gets_nothing(tmp_path: Path, token: str) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        answer = await hello(socket, token)
        assert answer["error"]["code"] == "unauthorized"
        assert await closed_with(socket) == Close.BAD_TOKEN


async def test_another_protocol_version_is_told_which_is_spoken_here(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        await socket.send('{"id":1,"event":"session:hello","data":{"protocol":2}}')
        assert await closed_with(socket) == Close.OTHER_PROTOCOL


async def test_silence_instead_of_a_hello_closes_the_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "HELLO_TIMEOUT", 0.05)
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        assert await closed_with(socket) == Close.HELLO_MISSING


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"id":1,"event":"feed:history"}', Close.HELLO_MISSING),
        ("not json", Close.BAD_FRAME),
        (b"\x00\x01", Close.HELLO_MISSING),
        ('{"id":1,"event":"session:hello","data":{"protocol":"one"}}', Close.BAD_FRAME),
        pytest.param('{"event":"x","data":"' + "x" * MAX_REQUEST_BYTES + '"}', Close.BAD_FRAME, id="too long"),
    ],
)
async def test_a_first_frame_that_is_no_hello_closes_the_link(tmp_path: Path, frame: str | bytes, code: Close) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        await socket.send(frame)
        assert await closed_with(socket) == code


async def test_after_the_hello_a_bad_frame_closes_the_link_too(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        await hello(socket, hub.viewer)
        await socket.send("{")
        assert await closed_with(socket) == Close.BAD_FRAME


@pytest.mark.parametrize(
    ("event", "data", "code", "path"),
    [
        ("no:such", {}, "unknown_event", []),
        ("feed:publish", {"feed": "a", "type": "x:y"}, "invalid_payload", ["data", "data"]),
        ("feed:publish", {"feed": "a", "type": "nonsense", "data": {}}, "invalid_payload", ["data", "type"]),
        ("feed:publish", {"feed": "A B", "type": "x:y", "data": {}}, "invalid_payload", ["data", "feed"]),
        ("feed:publish", {"feed": "a", "type": "x:y", "data": {}, "more": 1}, "invalid_payload", ["data", "more"]),
        pytest.param("feed:publish", TOO_LARGE, "too_large", ["data", "data"], id="too large"),
        ("feed:history", {"limit": 0}, "invalid_payload", ["data", "limit"]),
        ("feed:history", {"before": 1, "after": 1}, "invalid_payload", ["data"]),
        ("feed:history", {"types": ["a:" + "*a" * 12]}, "invalid_payload", ["data", "types"]),
        ("feed:history", [], "invalid_payload", ["data"]),
        ("feed:density", {"since": 0, "until": 9, "buckets": 501}, "invalid_payload", ["data", "buckets"]),
        ("feed:density", {"since": 9, "until": 9, "buckets": 1}, "invalid_payload", ["data"]),
        ("feed:density", {"since": -1, "until": 9, "buckets": 1}, "invalid_payload", ["data", "since"]),
        ("feed:density", {"since": 0, "until": 1 << 60, "buckets": 1}, "invalid_payload", ["data", "until"]),
        ("feed:reconnect", {"feed": "none"}, "not_found", ["data", "feed"]),
        ("session:introduce", {"name": "  "}, "invalid_payload", ["data", "name"]),
        ("session:introduce", {"name": "x" * 41}, "invalid_payload", ["data", "name"]),
        ("session:stop", {}, "forbidden", []),
    ],
)
async def test_a_bad_request_gets_an_error_with_its_path_and_the_link_lives(
    tmp_path: Path, event: str, data: Any, code: str, path: list[str]
) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        await hello(socket, hub.editor)
        error = (await ask(socket, event, data))["error"]
        assert (error["code"], error["path"]) == (code, path)
        assert error["message"]
        assert (await ask(socket, "session:board", {}, 6))["ok"]["session"] == "test"


async def test_a_viewer_can_change_nothing(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        await hello(socket, hub.viewer)
        for event in ("feed:publish", "feed:reconnect", "session:stop"):
            assert (await ask(socket, event, {}))["error"]["code"] == "forbidden"
        links = (await ask(socket, "session:links", {}))["ok"]
        assert links["editor"] is None
        assert hub.editor not in json.dumps(links)
        assert (await ask(socket, "feed:history", {}))["ok"]["events"] == []


async def test_a_request_without_an_id_gets_no_reply_unless_it_is_wrong(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        await hello(socket, hub.editor)
        await socket.send('{"event":"session:look","data":{"page":"p","pane":"q"}}')
        await socket.send('{"event":"no:such"}')
        assert (await reply(socket, None))["error"]["code"] == "unknown_event"


async def test_what_is_published_comes_back_with_its_offset_in_the_contracts_form(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as socket:
        await hello(socket, hub.editor)
        event = {"feed": "pub", "type": "a:b", "key": "k", "time": 5, "data": {"x": 1}}
        await socket.send(json.dumps({"id": 9, "event": "feed:publish", "data": event}))
        pushed, acknowledged = None, None
        while pushed is None or acknowledged is None:
            frame = json.loads(await socket.recv())
            if frame.get("event") == "feed:events":
                (pushed,) = frame["data"]
            elif frame.get("id") == 9:
                acknowledged = frame["ok"]
        assert acknowledged == {"offset": 1}
        assert pushed.pop("received") > 5
        assert pushed == {"offset": 1, **event}


async def test_a_viewer_learns_how_much_was_received_when(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, socket_to(hub) as viewer, socket_to(hub) as editor:
        await hello(viewer, hub.viewer)
        await hello(editor, hub.editor)
        everything = {"since": 0, "until": 1 << 47, "buckets": 1}
        none = {"counts": [0], "offsets": [0], "first": None, "last": None}
        assert (await ask(viewer, "feed:density", everything))["ok"] == none
        for number in range(3):
            event = {"feed": "pub", "type": "a:b", "time": 5, "data": {"n": number}}
            await ask(editor, "feed:publish", event)
        found = (await ask(viewer, "feed:density", everything, 6))["ok"]
        assert (found["counts"], found["offsets"]) == ([3], [3])
        assert 5 < found["first"] <= found["last"]
        some = (await ask(viewer, "feed:density", {**everything, "feeds": ["other"]}, 7))["ok"]
        assert (some["counts"], some["offsets"]) == ([0], [3])


async def test_pages_of_other_sites_are_turned_away(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub:
        with pytest.raises(InvalidStatus) as refused:
            async with socket_to(hub, origin="https://evil.example"):
                pass
        assert refused.value.response.status_code == 403
        async with socket_to(hub, origin=hub.url) as socket:
            assert "ok" in await hello(socket, hub.viewer)


class Frames:
    """What a link writes to that nobody reads."""

    def abort(self) -> None:
        raise AssertionError("it was closed in order")


async def test_a_link_that_is_told_to_close_is_read_no_more() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"} if socket.client_state == WebSocketState.CONNECTING else dict(edit)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    edit: dict[str, Any] = {"type": "websocket.receive", "bytes": b"an edit that waited"}
    sent: list[str] = []
    socket = WebSocket({"type": "websocket", "extensions": {EXTENSION: Frames()}}, receive, send)
    await socket.accept()
    link = door.WebSocketLink(socket)
    assert await link.receive() == b"an edit that waited"
    await link.close(Close.REMOVED, "removed by the host")
    assert sent == ["websocket.accept", "websocket.close"]
    with pytest.raises(WebSocketDisconnect):
        await link.receive()
