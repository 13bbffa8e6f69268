"""Marks, notes and chat on a real hub: who may what, by replica and by request, and how much is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collab_dash import join
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import MOST, Author, ChatLine, Mark, Note, Resolution
from collab_dash.errors import RequestRefused
from collab_dash.hub.talk import AT_ONCE, KEPT_LINES
from collab_dash.peer.session import Session
from hubs import hub_of, link, publish, workspace_at
from sharing import Peer, sharing


def by(peer: Peer) -> Author:
    return Author(id=peer.session.welcome.person, name="whoever")


async def ask(session: Session, event: str, **data: Any) -> Any:
    return json.loads(bytes(await session.request(event, data)))


async def refusal(peer: Peer, change: Callable[[Document], object]) -> str:
    """Edit; give why the hub would not have it, or an empty string once it keeps the edit."""
    told: list[str] = []
    peer.replica.on_refused = lambda fault, lost: told.append(f"{fault.code}: {fault.message}")
    with peer.replica.edit() as document:
        change(document)
    await peer.until(lambda: bool(told) or not peer.replica.unshared)
    await peer.until(peer.replica.ready.is_set)
    return told[0] if told else ""


async def test_marks_notes_and_lines_are_their_authors_and_a_hosts(tmp_path: Path) -> None:
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        sharing(link(hub, "editor")) as ana,
        sharing(link(hub, "editor")) as bo,
        sharing(link(hub)) as host,
    ):
        with ana.replica.edit() as document:
            mark = edits.add_mark(document, Mark(offset=1, time=5, by=by(ana), at=5))
            note = edits.add_note(document, Note(mark=mark, text="look", by=by(ana), at=6))
            line = edits.say(document, ChatLine(text="hi", by=by(ana), at=7))
        await bo.until(lambda: line in bo.replica.document.chat)
        for change in (
            lambda document: edits.remove(document, "marks", mark),
            lambda document: edits.edit_note(document, note, "not mine", now=9),
            lambda document: edits.remove(document, "notes", note),
            lambda document: edits.remove(document, "chat", line),
        ):
            assert await refusal(bo, change) == "forbidden: only its author may change it"
        forged = ChatLine(text="I am ana", by=by(ana), at=8)
        assert "somebody else's name" in await refusal(bo, lambda document: edits.say(document, forged))
        assert await refusal(ana, lambda document: edits.edit_note(document, note, "look!", now=9)) == ""
        await host.until(lambda: host.replica.document.notes[note].text == "look!")
        assert await refusal(host, lambda document: edits.edit_note(document, note, "hidden", now=10)) == ""
        assert await refusal(host, lambda document: edits.remove(document, "chat", line)) == ""
        await ana.until(lambda: line not in ana.replica.document.chat)
        assert await refusal(host, lambda document: edits.remove_mark(document, mark)) == ""
        await ana.until(lambda: not ana.replica.document.marks)


async def test_anybody_who_may_edit_settles_a_thread_and_opens_it_again(tmp_path: Path) -> None:
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        sharing(link(hub, "editor")) as ana,
        sharing(link(hub, "editor")) as bo,
        sharing(link(hub, "viewer")) as cy,
    ):
        with ana.replica.edit() as document:
            mark = edits.add_mark(document, Mark(time=5, by=by(ana), at=5))
        await bo.until(lambda: mark in bo.replica.document.marks)
        forged, own = Resolution(by=by(ana), at=6), Resolution(by=by(bo), at=6)
        assert "somebody else's name" in await refusal(bo, lambda document: edits.resolve(document, mark, forged))
        assert await refusal(bo, lambda document: edits.resolve(document, mark, own)) == ""
        await ana.until(lambda: mark in ana.replica.document.resolved)
        assert await refusal(ana, lambda document: edits.resolve(document, mark, None)) == ""
        await cy.until(lambda: mark not in cy.replica.document.resolved and mark in cy.replica.document.marks)
        with pytest.raises(RequestRefused, match="viewer"), cy.replica.edit():
            pass


async def test_a_program_without_a_replica_marks_comments_settles_and_lists(tmp_path: Path) -> None:
    async with (
        hub_of(workspace_at(tmp_path)) as hub,
        sharing(link(hub)) as ana,
        join(link(hub, "editor"), name="bot", person="of-bot", color="red", feeds=()) as bot,
    ):
        offset = (await ask(bot, "feed:publish", feed="pub", type="test:tick", key="k", data={"n": 1}))["offset"]
        mark = (await ask(bot, "note:mark", offset=offset, text="n = 1"))["id"]
        await ana.until(lambda: mark in ana.replica.document.marks)
        marked = ana.replica.document.marks[mark]
        assert (marked.offset, marked.feed, marked.key, marked.text) == (offset, "pub", "k", "n = 1")
        assert marked.by == Author(id=bot.welcome.person, name="bot", color="red")
        note = (await ask(bot, "note:comment", mark=mark, text="why?"))["id"]
        moment = (await ask(bot, "note:mark", time=1_763_820_000_000))["id"]
        assert await ask(bot, "note:resolve", mark=mark) is None
        await ana.until(lambda: mark in ana.replica.document.resolved)
        listed = (await ask(bot, "note:list"))["marks"]
        assert [(each["id"], each["resolved"]) for each in listed] == [(mark, True), (moment, False)]
        assert [(each["id"], each["text"]) for each in listed[0]["notes"]] == [(note, "why?")]
        assert await ask(bot, "note:resolve", mark=mark, resolved=False) is None
        assert not (await ask(bot, "note:list", limit=2))["marks"][0]["resolved"]
        line = (await ask(bot, "chat:post", text="done @ana"))["id"]
        await ana.until(lambda: line in ana.replica.document.chat)
        assert ana.replica.document.chat[line].by.name == "bot"


@pytest.mark.parametrize(
    ("event", "data", "code", "path"),
    [
        ("note:mark", {"offset": 4711}, "not_found", ["data", "offset"]),
        ("note:mark", {}, "invalid_payload", ["data"]),
        ("note:mark", {"offset": 1, "time": 1}, "invalid_payload", ["data"]),
        ("note:comment", {"mark": "nosuch", "text": "x"}, "not_found", ["data", "mark"]),
        ("note:comment", {"mark": "nosuch", "text": ""}, "invalid_payload", ["data", "text"]),
        ("note:resolve", {"mark": "nosuch"}, "not_found", ["data", "mark"]),
        ("chat:post", {"text": "x" * 4001}, "invalid_payload", ["data", "text"]),
        ("chat:post", {"text": "x", "by": "bo"}, "invalid_payload", ["data", "by"]),
    ],
)
async def test_what_cannot_be_said_is_refused(
    tmp_path: Path, event: str, data: dict[str, Any], code: str, path: list[str]
) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub, "editor"), feeds=()) as bot:
        await publish(bot, 1)
        with pytest.raises(RequestRefused) as caught:
            await bot.request(event, data)
        assert (caught.value.code, caught.value.path) == (code, path)


@pytest.mark.parametrize("event", ["note:mark", "note:comment", "note:resolve", "chat:post"])
async def test_a_viewers_link_says_nothing(tmp_path: Path, event: str) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, join(link(hub, "viewer"), feeds=()) as cy:
        with pytest.raises(RequestRefused, match="needs the role editor"):
            await cy.request(event, {})
        assert await ask(cy, "note:list") == {"marks": [], "more": False}


async def test_of_a_long_chat_the_latest_lines_are_kept(tmp_path: Path) -> None:
    workspace = workspace_at(tmp_path)
    async with hub_of(workspace) as hub, sharing(link(hub, "editor")) as ana:
        with ana.replica.edit() as document:
            for number in range(KEPT_LINES + AT_ONCE - 1):
                edits.say(document, ChatLine(text=str(number), by=by(ana), at=number))
        await ana.shared()
        assert len(ana.replica.document.chat) == KEPT_LINES + AT_ONCE - 1
        await ask(ana.session, "chat:post", text="the last straw")
        await ana.until(lambda: len(ana.replica.document.chat) == KEPT_LINES)
        said = {line.text for line in ana.replica.document.chat.values()}
        assert "the last straw" in said
        assert str(AT_ONCE - 1) not in said
        assert str(AT_ONCE) in said
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        assert len(ana.replica.document.chat) == KEPT_LINES


async def test_a_request_that_the_gate_refuses_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MOST, "chat", 1)
    async with hub_of(workspace_at(tmp_path)) as hub, sharing(link(hub, "editor")) as ana:
        await ask(ana.session, "chat:post", text="one")
        with pytest.raises(RequestRefused, match="the most there may be") as caught:
            await ask(ana.session, "chat:post", text="two")
        assert caught.value.code == "too_large"
        await ask(ana.session, "note:mark", time=1)
        await ana.until(lambda: bool(ana.replica.document.marks))
        assert [line.text for line in ana.replica.document.chat.values()] == ["one"]
