"""What the hub's document does with edits that may not stand, and with those that are too much."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from collab_dash.doc import edits
from collab_dash.doc.document import BadUpdate, Document
from collab_dash.doc.entries import MOST, Author, ChatLine
from collab_dash.doc.sync import Kind, Message, write
from collab_dash.errors import RequestRefused
from collab_dash.hub import replica as pace
from collab_dash.hub import shared as module
from collab_dash.wire import Code
from doc.replicas import NOON, mark
from memory import Line, Member, MemoryHub, hub_at, members_of, raw


def say(member: Member, text: str = "hi") -> None:
    with member.replica.edit() as document:
        edits.say(document, ChatLine(text=text, by=Author(id=member.name), at=NOON))


def update_of(document: Document, text: str = "hi", by: str = "") -> bytes:
    """Say something in a document, and give that as an update."""
    with document.edit("test"):
        edits.say(document, ChatLine(text=text, by=Author(id=by), at=NOON))
    news = document.news()
    document.settle()
    return news


def copy_of(hub: MemoryHub) -> Document:
    return Document(hub.shared.document.since())


async def refusal(hub: MemoryHub, update: bytes, *, role: str = "editor", person: str = "mallory") -> RequestRefused:
    """Let somebody send an update that is refused; it has changed nothing, and others go on."""
    async with members_of(hub, "ana", "bo") as (ana, bo):
        before = raw(hub.shared.document)
        line = Line(hub.shared, role, person)
        await line.theirs.take(Message(Kind.STEP1, Document().state))
        with pytest.raises(RequestRefused) as refused:
            await line.theirs.take(Message(Kind.UPDATE, update))
        assert raw(hub.shared.document) == before
        await line.theirs.take(Message(Kind.UPDATE, update))  # it is not heard until it begins again
        say(ana)
        await hub.settled([ana, bo])
        assert raw(bo.replica.document) == raw(hub.shared.document) != before
        return refused.value


@pytest.mark.parametrize("update", [b"\xff" * 40, b"\x01\x01" + b"\x80" * 30, os.urandom(200), b""])
async def test_garbage_is_refused(tmp_path: Path, update: bytes) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        assert (await refusal(hub, update)).code == Code.INVALID_PAYLOAD


async def test_an_update_cut_anywhere_is_refused(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        whole = update_of(copy_of(hub))
        for end in range(2, len(whole), 7):
            assert (await refusal(hub, whole[:end])).code == Code.INVALID_PAYLOAD


async def test_a_viewers_edit_is_refused(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        assert (await refusal(hub, update_of(copy_of(hub)), role="viewer")).code == Code.FORBIDDEN


async def test_an_update_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        assert (await refusal(hub, bytes(module.MAX_UPDATE_BYTES + 1))).code == Code.TOO_LARGE


def put(root: str, value: Any, id_: str = "x") -> Any:
    def edit(document: Document) -> None:
        document.doc.get(root, type=pycrdt.Map)[id_] = value

    return edit


def pane(**fields: Any) -> Any:
    return lambda document: put("panes", pycrdt.Map({"page": "p", "order": "o", **fields}))(document)


@pytest.mark.parametrize(
    ("edit", "path"),
    [
        (put("nonsense", 1), ["nonsense"]),
        (put("meta", "another", "epoch"), ["meta", "epoch"]),
        (put("room", 3, "filter"), ["room", "filter"]),
        (put("room", "price >", "filter"), ["room", "filter"]),
        (put("room", "x", "title"), ["room"]),
        (put("panes", {"page": "p", "order": "o"}), ["panes", "x"]),
        (pane(view="hologram"), ["panes", "x", "view"]),
        (pane(span=-60), ["panes", "x", "span"]),
        (pane(types=["ticker:*", "[a"]), ["panes", "x", "types", 1]),
        (pane(filter="price >"), ["panes", "x", "filter"]),
        (pane(width=13), ["panes", "x", "width"]),
        (put("marks", pycrdt.Map({"time": 1})), ["marks", "x"]),
        (put("marks", "text"), ["marks", "x"]),
        (put("chat", {"text": "", "by": {}, "at": 1}), ["chat", "x", "text"]),
        (put("chat", {"text": "x", "by": {}, "at": -1}), ["chat", "x", "at"]),
        (put("chat", {"text": "x", "by": {}, "at": 1}, "i" * 65), ["chat", "i" * 64]),
        (put("chat", {"text": "x", "by": {"id": "ana"}, "at": 1}), ["chat", "x"]),
    ],
)
async def test_what_breaks_the_schema_is_refused_with_its_path(tmp_path: Path, edit: Any, path: list[str]) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        document = copy_of(hub)
        with document.edit("test"):
            edit(document)
        assert (await refusal(hub, document.news())).path == path


def nested(levels: int) -> bytes:
    """Give an update that has arrays within arrays in place of a mark; the library writes none so deep."""
    item = b"\x28\x01\x05marks\x01x\x01"  # JSON under a key of a root
    return b"\x01\x01\x07\x00" + item + b"\x75\x01" * levels + b"\x7e\x00"


@pytest.mark.parametrize("levels", [2, 900, 985, 1001, 2000, 200_000])
async def test_what_is_nested_too_deeply_is_refused_before_it_ends_the_process(tmp_path: Path, levels: int) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        assert (await refusal(hub, nested(levels))).code == Code.INVALID_PAYLOAD


async def test_maps_within_maps_are_refused(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        document = copy_of(hub)
        with document.edit("test"):
            inner = document.roots["panes"]
            for _ in range(1500):
                inner["x"] = pycrdt.Map({})
                inner = inner["x"]
        assert (await refusal(hub, document.news())).code == Code.INVALID_PAYLOAD


async def test_whatever_checking_an_update_raises_the_document_is_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        line, update = Line(hub.shared, "editor", "bo"), update_of(copy_of(hub), "never")
        await line.theirs.take(Message(Kind.STEP1, Document().state))
        with monkeypatch.context() as patched:
            patched.setattr(module, "check", raising(MemoryError()))
            with pytest.raises(MemoryError):
                await line.theirs.take(Message(Kind.UPDATE, update))
        say(ana)
        await hub.settled([ana])
        assert [line.text for line in hub.shared.document.chat.values()] == ["hi"]


def raising(error: BaseException) -> Any:
    def check(*args: object, **named: object) -> None:
        raise error

    return check


async def test_a_long_update_is_read_to_its_end(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        with ana.replica.edit() as document:
            ids = [edits.add_mark(document, mark(number, Author(id="ana"))) for number in range(1200)]
        with ana.replica.edit() as document:
            edits.remove(document, "marks", ids[7])
            edits.change(document, "panes", next(iter(document.panes)), title="größe", span=90, feeds=("a", "b"))
        await hub.settled([ana])
        assert ana.refused == []
        assert len(hub.shared.document.marks) == 1199


async def test_only_its_author_or_a_host_changes_what_is_signed(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        async with members_of(hub, "ana") as (ana,):
            with ana.replica.edit() as document:
                id_ = edits.add_mark(document, mark(1, Author(id="ana")))
            await hub.settled([ana])
        document = copy_of(hub)
        with document.edit("test"):
            edits.remove(document, "marks", id_)
        removal = document.news()
        assert (await refusal(hub, removal)).code == Code.FORBIDDEN
        async with members_of(hub, "host", role="host") as (host,):
            with host.replica.edit() as document:
                edits.remove(document, "marks", id_)
            await hub.settled([host])
            assert host.refused == []
            assert not hub.shared.document.marks


# What waits for other edits


async def test_an_update_that_leaves_edits_waiting_is_refused(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        document = copy_of(hub)
        update_of(document)
        later = update_of(document)
        assert "builds on edits" in str(await refusal(hub, later))
        mine = copy_of(hub)
        assert "builds on edits" in str(await refusal(hub, pycrdt.merge_updates(update_of(mine), later)))


async def test_a_deletion_of_what_is_yet_to_come_is_refused(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        document = copy_of(hub)
        said = update_of(document, by="bo")
        with document.edit("test"):
            edits.remove(document, "chat", next(iter(document.chat)))
        deletion = document.news()
        assert "builds on edits" in str(await refusal(hub, deletion))
        async with members_of(hub, "bo") as (bo,):
            assert bo.line is not None
            bo.line.up.append(write(Kind.UPDATE, said))
            await hub.settled([bo])
            assert len([line for line in hub.shared.document.chat.values() if line.by.id == "bo"]) == 1


def test_lacking_is_told_of_edits_and_of_deletions() -> None:
    document = Document()
    first, second = update_of(document), update_of(document)
    assert Document().lacks(second)
    assert not document.lacks(second)
    assert not Document(first).lacks(first)
    with document.edit("test"):
        edits.remove(document, "chat", next(iter(document.chat)))
    deletion = document.news()
    assert Document().lacks(deletion)
    assert not document.lacks(deletion)
    with pytest.raises(BadUpdate):
        document.lacks(b"\xff\xff")


# Too much


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


async def test_an_edit_stands_whatever_those_raise_who_watch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo") as (ana, bo):
        told: list[Any] = []
        hub.shared.watchers += [raising(ValueError("a watcher's fault")), told.append]
        say(ana)
        await hub.settled([ana, bo])
        assert [len(told), len(bo.replica.document.chat), ana.replica.unshared] == [1, 1, 0]
        assert "a watcher's fault" in caplog.text


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


# Deletion


async def test_nobody_deletes_a_pane_for_good(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        document = copy_of(hub)
        pane = next(iter(document.panes))
        with document.edit("test"):
            edits.remove(document, "panes", pane)
        assert (await refusal(hub, document.news())).path == ["panes", pane]


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
