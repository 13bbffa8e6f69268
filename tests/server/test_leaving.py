"""What comes to an end while something waits: a link whose edit waits, a hub that opens another database."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import Author, ChatLine
from collab_dash.doc.sync import Kind, write
from collab_dash.hub import hub as hubs_module
from collab_dash.hub import replica
from collab_dash.hub.bucket import Bucket
from collab_dash.store.log import Log, open_log
from hubs import hub_of, link, workspace_at
from server.test_websocket import ask, closed_with, hello, socket_to
from sharing import sharing


async def test_the_edit_of_somebody_who_is_removed_while_it_waits_is_not_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, waiting, go_on = 0, asyncio.Event(), asyncio.Event()

    async def turn(bucket: Bucket) -> None:
        nonlocal turns
        turns += 1
        if turns == 2:
            waiting.set()
            await go_on.wait()

    document = Document()
    with document.edit("test"):
        edits.say(document, ChatLine(text="too late", by=Author(), at=1))
    async with hub_of(workspace_at(tmp_path)) as hub, sharing(link(hub)) as host, socket_to(hub) as socket:
        client = (await hello(socket, hub.editor))["ok"]["client"]
        monkeypatch.setattr(replica, "turn", turn)
        await socket.send(write(Kind.STEP1, Document().state))
        await socket.send(write(Kind.UPDATE, document.news()))
        await waiting.wait()
        await host.session.request("session:remove", {"client": client})
        assert await closed_with(socket) == 4403
        go_on.set()
        async with socket_to(hub) as other:
            await hello(other, hub.editor)
            assert "ok" in await ask(other, "chat:post", {"text": "in time"})
        await host.until(lambda: bool(host.replica.document.chat))
        assert [line.text for line in host.replica.document.chat.values()] == ["in time"]


async def test_a_hub_that_ends_while_it_opens_another_database_leaves_none_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Log] = []
    loading = asyncio.Event()

    async def opening(path: Path) -> Log:
        opened.append(await open_log(path))
        return opened[0]

    async def stuck(*args: Any, **options: Any) -> None:
        loading.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(hubs_module, "open_log", opening)
    monkeypatch.setattr(hubs_module, "load_shared", stuck)
    workspace = workspace_at(tmp_path)
    async with hub_of(workspace):
        workspace.db.unlink()
        await loading.wait()
    (log,) = opened
    assert log._closed
