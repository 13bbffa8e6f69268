"""The shared document while the disk refuses, and when what is on it cannot be read."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.sync import Kind, Message
from collab_dash.errors import RequestRefused
from collab_dash.hub import outbox, shared
from collab_dash.wire import Code
from doc.replicas import NOON, update_of
from memory import Line, hub_at, members_of, raw, say


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Let no file of this process grow past what the write-ahead log has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name(path.name + "-wal").stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_while_the_disk_refuses_edits_go_on_and_are_kept_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outbox, "RETRY_WRITE", 0.01)
    caplog.set_level(logging.INFO, "collab_dash.hub")
    path = tmp_path / "x.db"
    async with hub_at(path) as hub:
        async with members_of(hub, "ana", "bo") as members:
            ana, bo = members
            with full_disk(path):
                for number in range(20):
                    say(ana, f"{number} " + "x" * 3000)
                    await hub.settled(members)
                assert len(bo.replica.document.chat) == 20
                assert ana.replica.unshared == 20
                first = hub.shared._outbox._try_again
                async with asyncio.timeout(10):
                    while hub.shared._outbox._try_again == first:
                        await asyncio.sleep(0.01)
            async with asyncio.timeout(10):
                while ana.replica.unshared:
                    await asyncio.sleep(0.01)
                    await hub.settled(members)
        await hub.kill()
        await hub.start()
        assert len(hub.shared.document.chat) == 20
    told = [entry.getMessage() for entry in caplog.records if "kept" in entry.getMessage()]
    assert len(told) == 2
    assert "not kept just now" in told[0]
    assert "kept again" in told[1]


async def test_too_much_does_not_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "MAX_UNSAVED_BYTES", 10_000)
    path = tmp_path / "x.db"
    async with hub_at(path) as hub, members_of(hub, "ana") as (ana,):
        with full_disk(path):
            while not ana.refused:
                say(ana, "x" * 3000)
                await hub.settled([ana])
        assert (ana.refused[0].code, ana.refused[0].retry) == (Code.UNAVAILABLE, True)


@pytest.mark.parametrize("row", [b"garbage", b"", b"\x01\x01\x80"])
async def test_what_cannot_be_loaded_is_not_written_over(tmp_path: Path, row: bytes) -> None:
    path = tmp_path / "x.db"
    async with hub_at(path) as hub, members_of(hub, "ana") as (ana,):
        say(ana)
        await hub.settled([ana])
    with closing(sqlite3.connect(path)) as database:
        database.execute("INSERT INTO doc_updates(data) VALUES (?)", (row,))
        database.commit()
        before = database.execute("SELECT * FROM doc_updates").fetchall()
    async with hub_at(path) as hub:
        assert hub.shared.epoch == ""
        assert "there is no shared document" in hub.shared.trouble
        line = Line(hub.shared, "host", "ana")
        for message in (Message(Kind.STEP1, Document().state), Message(Kind.UPDATE, update_of(Document()))):
            if message.kind is Kind.STEP1:
                with pytest.raises(RequestRefused) as refused:
                    await line.theirs.take(message)
                assert refused.value.code == Code.UNAVAILABLE
            else:
                await line.theirs.take(message)
        with pytest.raises(RequestRefused, match="there is no shared document"), hub.shared.edit():
            pass
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT * FROM doc_updates").fetchall() == before


def fail(document: Document) -> None:
    edits.set_room_filter(document, "price > 1")
    raise ZeroDivisionError


async def test_an_edit_of_the_hubs_own_that_fails_is_none(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        before = raw(hub.shared.document)
        with pytest.raises(ZeroDivisionError), hub.shared.edit() as document:
            fail(document)
        assert raw(hub.shared.document) == before


async def test_many_updates_are_put_together_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    async with hub_at(path) as hub, members_of(hub, "ana") as (ana,):
        for _ in range(60):
            with ana.replica.edit() as document:
                document.roots["chat"]["one"] = {"text": os.urandom(1900).hex(), "by": {}, "at": NOON}
            await hub.settled([ana])
        with closing(sqlite3.connect(path)) as database:
            (size,) = database.execute("SELECT sum(length(data)) FROM doc_updates").fetchone()
        assert size < 120_000
