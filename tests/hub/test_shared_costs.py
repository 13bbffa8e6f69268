"""What edits that may not stand cost the hub, and what it does about those who send them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from collab_dash.doc import contents, edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import Author, ChatLine
from collab_dash.doc.sync import Kind, Message
from collab_dash.errors import RequestRefused
from collab_dash.hub import guarded as module
from collab_dash.hub import replica as pace
from collab_dash.hub.replica import Replica
from collab_dash.hub.rests import Rests
from collab_dash.wire import Code
from doc.replicas import NOON
from memory import Line, Member, MemoryHub, hub_at, members_of, raw

HERE = "192.0.2.1"


def line_from(hub: MemoryHub, address: str) -> Line:
    """Give a line of somebody at an address."""
    line = Line(hub.shared, "editor", "mallory")
    line.theirs = Replica(line, hub.shared, role="editor", person="mallory", address=address)
    return line


def copy_of(hub: MemoryHub) -> Document:
    return Document(hub.shared.document.since())


def bad(hub: MemoryHub) -> bytes:
    """Give an update that may not stand."""
    document = copy_of(hub)
    with document.edit("test"):
        edits.set_room_filter(document, "price >")
    return document.news()


def good(hub: MemoryHub) -> bytes:
    document = copy_of(hub)
    with document.edit("test"):
        edits.say(document, ChatLine(text="hi", by=Author(), at=NOON))
    return document.news()


async def begin(line: Line) -> None:
    await line.theirs.take(Message(Kind.STEP1, Document().state))


async def refused(line: Line, update: bytes) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        await line.theirs.take(Message(Kind.UPDATE, update))
    return caught.value


async def test_after_a_refusal_the_entries_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo") as (ana, bo):
        line, update = Line(hub.shared, "editor", "mallory"), bad(hub)
        await begin(line)
        before = hub.shared.document
        with monkeypatch.context() as patched:
            patched.setattr(contents, "read_entry", None)
            await refused(line, update)
        after = hub.shared.document
        assert after is not before
        assert (after.entries, after.room, after.meta) == (before.entries, before.room, before.meta)
        assert after.entries == copy_of(hub).entries
        say(ana)
        await hub.settled([ana, bo])
        assert len(hub.shared.document.chat) == len(bo.replica.document.chat) == 1


def say(member: Member) -> None:
    with member.replica.edit() as document:
        edits.say(document, ChatLine(text="hi", by=Author(id=member.name), at=NOON))


def text_in_a_pane(document: Document) -> None:
    pane = pycrdt.Map({"page": "p", "order": "o", "title": pycrdt.Text("One")})
    document.roots["panes"]["x"] = pane


def item_of_a_list(document: Document) -> None:
    document.doc.get("chat", type=pycrdt.Array).append("hidden")


@pytest.mark.parametrize(("edit", "path"), [(text_in_a_pane, ["title"]), (item_of_a_list, ["chat"])])
async def test_what_is_not_of_the_documents_kind_is_refused_before_it_is_merged(
    tmp_path: Path, edit: Any, path: list[str]
) -> None:
    async with hub_at(tmp_path / "x.db") as hub:
        document, line = copy_of(hub), Line(hub.shared, "editor", "mallory")
        with document.edit("test"):
            edit(document)
        await begin(line)
        before = hub.shared.document
        error = await refused(line, document.news())
        assert (error.code, list(error.path)) == (Code.INVALID_PAYLOAD, path)
        assert hub.shared.document is before


async def test_whoever_was_refused_at_a_cost_rests_on_another_link_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "REST", 1e9)
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        one, elsewhere, proven = line_from(hub, HERE), line_from(hub, "192.0.2.2"), line_from(hub, HERE)
        for line in (one, elsewhere, proven):
            await begin(line)
        await proven.theirs.take(Message(Kind.UPDATE, good(hub)))
        monkeypatch.setattr(pace, "DEAR", 0.0)
        await refused(one, bad(hub))
        monkeypatch.setattr(pace, "DEAR", 1e9)
        resting = [asyncio.create_task(begin(line)) for line in (line_from(hub, HERE), one)]
        await begin(elsewhere)
        for line in (elsewhere, proven):
            await line.theirs.take(Message(Kind.UPDATE, good(hub)))
        say(ana)
        await hub.settled([ana])
        assert len(hub.shared.document.chat) == 4
        assert not any(task.done() for task in resting)
        for task in resting:
            task.cancel()


@pytest.mark.parametrize("begun", [True, False])
async def test_an_edit_that_says_nothing_or_is_not_heard_lets_nobody_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    monkeypatch.setattr(pace, "REST", 1e9)
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        line, one = line_from(hub, HERE), line_from(hub, HERE)
        await begin(one)
        if begun:
            await begin(line)
        await line.theirs.take(Message(Kind.UPDATE, hub.shared.document.since() if begun else good(hub)))
        monkeypatch.setattr(pace, "DEAR", 0.0)
        await refused(one, bad(hub))
        resting = asyncio.create_task(line.theirs.take(Message(Kind.UPDATE, good(hub))))
        monkeypatch.setattr(pace, "DEAR", 1e9)
        say(ana)
        await hub.settled([ana])
        assert not resting.done()
        resting.cancel()


async def test_what_a_viewer_brings_is_not_taken_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "apart", None)
    async with hub_at(tmp_path / "x.db") as hub:
        line = Line(hub.shared, "viewer", "mallory")
        await begin(line)
        with pytest.raises(RequestRefused, match="a viewer's link changes nothing"):
            await line.theirs.take(Message(Kind.STEP2, good(hub)))


async def test_a_refusal_that_costs_nothing_makes_nobody_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "REST", 1e9)
    async with hub_at(tmp_path / "x.db") as hub:
        before = raw(hub.shared.document)
        for _ in range(3):
            line = line_from(hub, HERE)
            await begin(line)
            assert (await refused(line, bytes(module.MAX_UPDATE_BYTES + 1))).code == Code.TOO_LARGE
        assert raw(hub.shared.document) == before


def test_who_has_rested_is_forgotten() -> None:
    rests = Rests()
    rests.note("a", 5.0, now=1.0)
    rests.note("a", 3.0, now=2.0)
    assert (rests.until("a"), rests.until("b")) == (5.0, 0.0)
    rests.note("b", 9.0, now=6.0)
    assert (rests.until("a"), rests.until("b")) == (0.0, 9.0)
