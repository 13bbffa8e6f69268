"""What the hub's document does with edits that may not stand, and with those that are too much."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from collab_dash.doc import edits
from collab_dash.doc.document import BadUpdate, Document
from collab_dash.doc.entries import Author
from collab_dash.doc.sync import Kind, Message, write
from collab_dash.errors import RequestRefused
from collab_dash.hub import guarded as module
from collab_dash.wire import Code
from doc.replicas import mark, update_of
from memory import Line, MemoryHub, copy_of, hub_at, members_of, raw, say


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


GARBAGE = {
    "ones": b"\xff" * 40,
    "endless numbers": b"\x01\x01" + b"\x80" * 30,
    "noise": random.Random(7).randbytes(200),
    "nothing": b"",
}


@pytest.mark.parametrize("update", GARBAGE.values(), ids=GARBAGE)
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


async def test_an_edit_stands_whatever_those_raise_who_watch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo") as (ana, bo):
        told: list[Any] = []
        hub.shared.watchers += [raising(ValueError("a watcher's fault")), told.append]
        say(ana)
        await hub.settled([ana, bo])
        assert [len(told), len(bo.replica.document.chat), ana.replica.unshared] == [1, 1, 0]
        assert "a watcher's fault" in caplog.text


async def test_nobody_deletes_a_pane_for_good(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        document = copy_of(hub)
        pane = next(iter(document.panes))
        with document.edit("test"):
            edits.remove(document, "panes", pane)
        assert (await refusal(hub, document.news())).path == ["panes", pane]
