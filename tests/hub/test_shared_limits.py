"""What the hub does with edits that are too much, and with those who do not keep up."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import MOST, Author, ChatLine
from collab_dash.doc.sync import Kind, Message, write
from collab_dash.errors import RequestRefused
from collab_dash.hub import guarded as module
from collab_dash.hub import replica as pace
from collab_dash.wire import Code
from doc.replicas import NOON, update_of
from memory import Line, Member, copy_of, hub_at, members_of, raw, say


async def test_a_root_takes_no_more_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MOST, "chat", 2)
    async with hub_at(tmp_path / "x.db") as hub:
        document = copy_of(hub)
        updates = [update_of(document) for _ in range(3)]
        with hub.shared.edit():
            pass
        async with members_of(hub, "ana") as (ana,):
            assert ana.line is not None
            ana.line.up.extend(write(Kind.UPDATE, update) for update in updates)
            await hub.settled([ana])
            assert [(fault.code, fault.path) for fault in ana.refused] == [(Code.TOO_LARGE, ["chat"])]
            assert len(hub.shared.document.chat) == 2


async def test_what_has_no_room_is_refused_before_the_document_has_to_be_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MOST, "chat", 1)
    async with hub_at(tmp_path / "x.db") as hub:
        line = ChatLine(text="hi", by=Author(), at=NOON)
        with hub.shared.edit(role="editor", adds_to="chat") as document:
            edits.say(document, line)
        with (
            pytest.raises(RequestRefused, match="the most there may be"),
            hub.shared.edit(role="editor", adds_to="chat") as document,
        ):
            edits.say(document, line)
        assert hub.shared.document is document
        assert len(document.chat) == 1


async def test_a_full_document_takes_no_more_but_what_was_overwritten_counts_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_DOCUMENT_BYTES", 60_000)
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        for _ in range(40):
            with ana.replica.edit() as document:
                document.roots["chat"]["one"] = {"text": os.urandom(1900).hex(), "by": {}, "at": NOON}
            await hub.settled([ana])
        assert ana.refused == []
        while not ana.refused:
            say(ana, os.urandom(1900).hex())
            await hub.settled([ana])
        assert ana.refused[0].code == Code.TOO_LARGE
        assert 50_000 < len(hub.shared.document.since()) < 60_000
        with ana.replica.edit() as document:
            edits.remove(document, "chat", "one")
        await hub.settled([ana])
        assert "one" not in hub.shared.document.chat


async def test_a_flood_waits_in_its_link_and_nothing_is_lost(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db", edit_rate=2.0) as hub, members_of(hub, "ana", "bo") as members:
        ana, bo = members
        assert ana.line is not None
        flood = [update_of(document) for document in [ana.replica.document] for _ in range(22)]
        ana.line.up.extend(write(Kind.UPDATE, update) for update in flood)
        carrying = asyncio.create_task(hub.settled([ana]))
        await bo_hears(bo, 15)
        assert ana.line.up
        assert not carrying.done()
        say(bo)
        await carrying
        await hub.settled(members)
        assert len(bo.replica.document.chat) == 23


async def bo_hears(bo: Member, count: int) -> None:
    """Carry what is for him until he has so many lines."""
    assert bo.line is not None
    async with asyncio.timeout(10):
        while len(bo.replica.document.chat) < count:
            while bo.line.down:
                bo.line.carry_down(bo.replica)
            await asyncio.sleep(0)


async def test_what_costs_the_hub_much_makes_its_author_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "DEAR", 0.0)
    monkeypatch.setattr(pace, "REST", 1e9)
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        line = Line(hub.shared, "editor", "mallory")
        await line.theirs.take(Message(Kind.STEP1, Document().state))
        resting = asyncio.create_task(line.theirs.take(Message(Kind.STEP1, Document().state)))
        pace.DEAR = 1e9
        say(ana)
        async with asyncio.timeout(10):
            await hub.shared.passed_on()
        assert not resting.done()
        resting.cancel()


async def test_one_may_begin_while_others_never_pause(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        flooding = True

        async def flood() -> None:
            document = ana.replica.document
            while flooding:
                assert ana.line is not None
                await ana.line.theirs.take(Message(Kind.UPDATE, update_of(document)))
                await asyncio.sleep(0)

        flood_task = asyncio.create_task(flood())
        line = Line(hub.shared, "viewer", "bo")
        async with asyncio.timeout(10):
            await line.theirs.take(Message(Kind.STEP1, Document().state))
        flooding = False
        await flood_task
        assert line.down


async def test_nobody_waits_for_a_document_that_another_has_taken_the_place_of(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        line = Line(hub.shared, "editor", "bo")
        hub.shared.accept(line.theirs, update_of(copy_of(hub)))
        beginning = asyncio.create_task(line.theirs.take(Message(Kind.STEP1, Document().state)))
        hub.shared.ended.set()
        hub._running.cancel()
        async with asyncio.timeout(10):
            await beginning
            hub.shared.accept(line.theirs, update_of(copy_of(hub)))
            await line.theirs.take(Message(Kind.STEP1, Document().state))
        assert ana.refused == []


async def test_a_replica_that_fell_behind_gets_all_that_was_not_relayed_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo", "cy") as members:
        ana, bo, cy = members
        assert bo.line is not None
        assert cy.line is not None
        append, updates, lines = hub.shared._updates.append, iter([update_of(copy_of(hub))]), (bo.line, cy.line)

        async def appended(rows: Sequence[bytes]) -> None:
            await append(rows)
            if (update := next(updates, None)) is not None:
                hub.shared.accept(lines[0].theirs, update)  # while the first is written
            else:
                lines[1].flowing.clear()  # before the second is relayed

        monkeypatch.setattr(hub.shared._updates, "append", appended)
        say(ana)
        await hub.settled([ana, bo])
        assert cy.line.down
        cy.line.flowing.set()
        await hub.settled(members)
        assert len(hub.shared.document.chat) == 2
        assert raw(cy.replica.document) == raw(hub.shared.document)
