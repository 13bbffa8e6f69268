"""What a replica does with edits that go wrong, and with hubs that have another document or none."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from collab_dash.doc import edits
from collab_dash.errors import RequestRefused
from collab_dash.wire import Code
from memory import Member, hub_at, members_of, raw


def set_filter(member: Member, text: str) -> None:
    with member.replica.edit() as document:
        edits.set_room_filter(document, text)


async def test_an_edit_that_fails_midway_is_shared_as_far_as_it_came(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo") as (ana, bo):
        told: list[object] = []
        ana.replica.watchers.append(told.append)
        with suppress(ZeroDivisionError), ana.replica.edit() as document:
            edits.set_room_filter(document, "price > 1")
            raise ZeroDivisionError
        assert ana.replica.unshared == 1
        assert told == [{("room", "filter")}]
        await hub.settled([ana, bo])
        assert bo.replica.document.room.filter == "price > 1"
        assert raw(ana.replica.document) == raw(bo.replica.document)


async def test_edits_outlast_a_hub_that_cannot_load_the_document(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with hub_at(path) as hub, members_of(hub, "ana") as (ana,):
        await ana.lose()
        set_filter(ana, "price > 1")
        await hub.kill()
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("INSERT INTO doc_updates(data) VALUES ('garbage')")
        await hub.start()
        assert hub.shared.trouble
        ana.join(hub)
        await hub.settled([ana])
        assert not ana.replica.may_edit
        with pytest.raises(RequestRefused, match="no shared document"):
            set_filter(ana, "price > 2")
        await ana.lose()
        await hub.kill()
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("DELETE FROM doc_updates WHERE data = 'garbage'")
        await hub.start()
        ana.join(hub)
        await hub.settled([ana])
        assert (ana.replica.unshared, hub.shared.document.room.filter) == (0, "price > 1")


async def test_edits_of_a_document_that_is_no_more_are_told_of(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as old, hub_at(tmp_path / "y.db") as new, members_of(old, "ana") as (ana,):
        lost: list[tuple[str, int]] = []
        ana.replica.on_refused = lambda fault, count: lost.append((fault.code, count))
        await ana.lose()
        set_filter(ana, "price > 1")
        set_filter(ana, "price > 2")
        ana.join(new)
        await new.settled([ana])
        assert (lost, ana.replica.unshared) == ([(Code.NOT_FOUND, 2)], 0)
        assert raw(ana.replica.document) == raw(new.shared.document)
        await ana.lose()
        ana.join(old)
        await old.settled([ana])
        assert len(lost) == 1  # nothing of it was at stake
