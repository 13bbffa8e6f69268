"""When an edit is passed on: however much others edit meanwhile, and not at all once the hub ends."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import Author, ChatLine
from collab_dash.doc.sync import Kind, Message
from collab_dash.errors import RequestRefused
from collab_dash.hub.replica import Replica
from collab_dash.hub.shared import Shared
from collab_dash.wire import Code
from doc.replicas import NOON
from memory import Line, hub_at


def say(shared: Shared, text: str = "hi") -> None:
    with shared.edit() as document:
        edits.say(document, ChatLine(text=text, by=Author(), at=NOON))


async def test_an_edit_is_passed_on_though_others_never_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        append = hub.shared._updates.append

        async def appended(rows: Sequence[bytes]) -> None:
            await append(rows)
            say(hub.shared, "another")

        monkeypatch.setattr(hub.shared._updates, "append", appended)
        say(hub.shared)
        async with asyncio.timeout(10):
            await hub.shared.passed_on()
        assert not hub.shared._outbox.level.is_set()


async def test_who_waits_when_the_hub_ends_is_told_that_the_edit_may_be_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        writing = asyncio.Event()

        async def stuck(rows: Sequence[bytes]) -> None:
            writing.set()
            await asyncio.Event().wait()

        monkeypatch.setattr(hub.shared._updates, "append", stuck)
        say(hub.shared)
        waiting = asyncio.create_task(hub.shared.passed_on())
        await writing.wait()
        hub._running.cancel()
        with pytest.raises(RequestRefused) as caught:
            await waiting
        assert (caught.value.code, caught.value.retry) == (Code.UNAVAILABLE, True)
        say(hub.shared)
        with pytest.raises(RequestRefused):
            await hub.shared.passed_on()
        async with asyncio.timeout(10):
            await hub.shared.level()


async def test_nobody_begins_with_what_somebody_asked_for_in_the_moment_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        empty: list[bool] = []
        start = Replica.start

        def started(self: Replica, messages: Sequence[bytes], state: bytes) -> None:
            empty.append(hub.shared._outbox.empty)
            start(self, messages, state)

        async def edit_when_level() -> None:
            await hub.shared._outbox.level.wait()
            say(hub.shared, "in the moment before")

        monkeypatch.setattr(Replica, "start", started)
        say(hub.shared)
        first = asyncio.create_task(edit_when_level())
        await asyncio.sleep(0)
        line = Line(hub.shared, "viewer", "bo")
        async with asyncio.timeout(10):
            await line.theirs.take(Message(Kind.STEP1, Document().state))
        await first
        assert empty == [True]
