"""Requests that edit the shared document, or call upon others, count against the limit of their link."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from collab_dash.doc.document import NOTHING
from collab_dash.doc.sync import Kind, write
from collab_dash.hub.bucket import BURST, Bucket
from collab_dash.hub.handlers import BINDINGS, CALL
from hubs import hub_of, link, workspace_at
from server.test_websocket import ask, hello, socket_to
from sharing import sharing

RATE = 3
AT_ONCE = round(RATE * BURST)
LIMITED = f'[session]\nname = "test"\nedit_limit = "{RATE}/s"\n[feeds.demo]\nuse = "demo"\n'
MARK = {"time": 1}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1e6]
    for module in ("handlers", "subscriber"):
        monkeypatch.setattr(f"collab_dash.hub.{module}.monotonic", lambda: now[0])
    return now


async def test_a_flood_of_lines_and_marks_is_refused_and_the_link_lives(tmp_path: Path, clock: list[float]) -> None:
    async with (
        hub_of(workspace_at(tmp_path, LIMITED)) as hub,
        socket_to(hub) as socket,
        socket_to(hub) as other,
        sharing(link(hub)) as ana,
    ):
        for each in (socket, other):
            await hello(each, hub.editor)
        mark = (await ask(socket, "note:mark", MARK))["ok"]["id"]
        for number in range(AT_ONCE - 2):
            assert "ok" in await ask(socket, "chat:post", {"text": str(number)})
        assert "ok" in await ask(socket, "note:comment", {"mark": mark, "text": "the last"})
        for event, data in (
            ("chat:post", {"text": "one too many"}),
            ("note:mark", MARK),
            ("note:comment", {"mark": mark, "text": "x"}),
            ("note:resolve", {"mark": mark}),
            ("session:bring", {"page": "p"}),
            ("feed:reconnect", {"feed": "demo"}),
        ):
            error = (await ask(socket, event, data))["error"]
            assert (error["code"], error["retry"]) == ("rate_limited", True)
            assert f"more than {RATE} edits a second" in error["message"]
        assert "ok" in await ask(socket, "note:list", {})
        assert "ok" in await ask(other, "chat:post", {"text": "another link"})
        clock[0] += 1 / RATE
        assert "ok" in await ask(socket, "note:resolve", {"mark": mark})
        await ana.until(lambda: mark in ana.replica.document.resolved)
        assert len(ana.replica.document.chat) == AT_ONCE - 1


async def test_to_call_upon_everybody_counts_as_many_edits(tmp_path: Path, clock: list[float]) -> None:
    async with hub_of(workspace_at(tmp_path, LIMITED.replace("3/s", "30/s"))) as hub, socket_to(hub) as socket:
        await hello(socket, hub.editor)
        for _ in range(300 // CALL):
            assert "ok" in await ask(socket, "session:bring", {"page": "p"})
        error = (await ask(socket, "session:bring", {"page": "p"}))["error"]
        assert error["code"] == "rate_limited"
        assert error["message"].endswith(f"session:bring counts as {CALL}")


async def test_edits_of_the_replica_count_too(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path, LIMITED.replace("3/s", "1/h"))) as hub, socket_to(hub) as socket:
        await hello(socket, hub.editor)
        await socket.send(write(Kind.UPDATE, NOTHING))
        assert (await ask(socket, "chat:post", {"text": "hi"}))["error"]["code"] == "rate_limited"


async def test_without_a_limit_nothing_is_counted(tmp_path: Path, clock: list[float]) -> None:
    async with hub_of(workspace_at(tmp_path, LIMITED.replace("3/s", "off"))) as hub, socket_to(hub) as socket:
        await hello(socket, hub.editor)
        for _ in range(AT_ONCE + 10):
            assert "ok" in await ask(socket, "session:bring", {"page": "p"})


def test_whatever_an_editor_may_ask_of_the_document_or_of_others_is_counted() -> None:
    counted: dict[str, Any] = {event: binding.edits for event, binding in BINDINGS.items() if binding.edits}
    uncounted = {"feed:publish", "alert:ack"}  # the recorder's, and what fires is acknowledged once
    editors = {event for event, binding in BINDINGS.items() if binding.role == "editor"}
    assert editors - uncounted == counted.keys() - {"board:written"}


def test_what_weighs_more_than_may_come_at_once_passes_when_all_is_there() -> None:
    bucket = Bucket(1.0, 0.0)
    assert bucket.take(0.0, 100)
    assert not bucket.take(BURST - 0.1, 100)
    assert bucket.take(BURST, 100)
    assert not bucket.take(0.0)
    assert bucket.take(1.0)
