"""How much of the chat is kept, whoever says much or has a wrong clock; and how marks are listed, page by page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import Author, ChatLine, Mark, Note, plain
from collab_dash.errors import RequestRefused
from collab_dash.hub import talk as module
from collab_dash.hub.talk import AT_ONCE, KEPT_LINES, MarkPage, Talk
from doc.replicas import ANA, NOON, mark
from hubs import hub_of, link, workspace_at
from memory import Member, MemoryHub, hub_at, members_of
from sharing import sharing

FAR = 1 << 50
HOUR = 3_600_000


def kept(chat: dict[str, ChatLine], keep: int) -> set[str]:
    """Give what stays of a chat."""
    document = Document()
    with document.edit("test"):
        document.roots["chat"].update({id_: plain(line) for id_, line in chat.items()})
    document.settle()
    with document.edit("test"):
        edits.forget_chat(document, keep=keep)
    document.settle()
    return set(document.chat)


def lines(who: str, *at: int) -> dict[str, ChatLine]:
    return {f"{who}{n}": ChatLine(text="hi", by=Author(id=who), at=each) for n, each in enumerate(at)}


def test_lines_dated_far_ahead_drive_out_nobody_elses() -> None:
    chat = lines("mallory", *range(FAR, FAR + 20)) | lines("ana", *range(NOON, NOON + 10))
    assert kept(chat, 20) == {f"mallory{n}" for n in range(10, 20)} | {f"ana{n}" for n in range(10)}


@pytest.mark.parametrize("off", [-24 * HOUR, -HOUR, HOUR])
def test_who_has_a_wrong_clock_keeps_as_much_as_others(off: int) -> None:
    chat = lines("ana", *range(NOON, NOON + 20)) | lines("bo", *range(NOON + off, NOON + off + 20))
    assert kept(chat, 20) == {f"{who}{n}" for who in ("ana", "bo") for n in range(10, 20)}


def test_what_one_says_alone_goes_from_its_oldest_on() -> None:
    chat = lines("ana", *range(NOON, NOON - 10, -1))
    assert kept(chat, 7) == chat.keys() - {"ana9", "ana8", "ana7"}
    assert kept(chat, 10) == kept(chat, 20) == chat.keys()


async def test_after_a_flood_that_is_dated_ahead_others_still_chat(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, sharing(link(hub, "editor"), "ana") as ana:
        me = Author(id=ana.session.welcome.person)
        with ana.replica.edit() as document:
            for n in range(KEPT_LINES + AT_ONCE - 2):
                edits.say(document, ChatLine(text=str(n), by=Author(), at=FAR + n))
            first = edits.say(document, ChatLine(text="first", by=me, at=NOON))
        await ana.shared()
        with ana.replica.edit() as document:
            second = edits.say(document, ChatLine(text="second", by=me, at=NOON + 1))
        await ana.until(lambda: len(ana.replica.document.chat) == KEPT_LINES)
        assert {first, second} <= ana.replica.document.chat.keys()


# Marks


def offsets(page: MarkPage) -> list[Any]:
    return [json.loads(bytes(each)).get("offset") for each in page.marks]


def pin(member: Member, *marks: Mark) -> list[str]:
    with member.replica.edit() as document:
        return [edits.add_mark(document, each) for each in marks]


async def marked(hub: MemoryHub, member: Member, *offsets: int, at: int = NOON) -> list[str]:
    ids = []
    for offset in offsets:
        ids += pin(member, msgspec.structs.replace(mark(offset, Author(id=member.name)), at=at))
        await hub.settled([member])
    return ids


async def test_marks_are_listed_in_the_order_of_their_coming_whatever_their_date(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        talk = Talk(hub.shared)
        ids = await marked(hub, ana, 1, 2, at=FAR)
        ids += await marked(hub, ana, 3, 4)
        assert offsets(talk.marks(limit=3)) == [2, 3, 4]
        assert offsets(talk.marks(limit=3, before=ids[1])) == [1]
        pages = talk.marks(limit=3), talk.marks(limit=4), talk.marks(limit=1, before=ids[1])
        assert [page.more for page in pages] == [True, False, False]
        with ana.replica.edit() as document:
            edits.remove_mark(document, ids[2])
        await hub.settled([ana])
        assert offsets(talk.marks(limit=3)) == [1, 2, 4]
        with pytest.raises(RequestRefused) as caught:
            talk.marks(limit=3, before=ids[2])
        assert (caught.value.code, caught.value.path) == ("not_found", ["data", "before"])


async def test_notes_follow_their_marks_and_what_a_refusal_spoils_is_as_before(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        talk, by = Talk(hub.shared), Author(id="ana")
        one, two = *await marked(hub, ana, 1), *await marked(hub, ana, 2, at=NOON + 1)
        with ana.replica.edit() as document:
            note = edits.add_note(document, Note(mark=one, text="later", by=by, at=NOON + 1))
            edits.add_note(document, Note(mark=one, text="first", by=by, at=NOON))
        await hub.settled([ana])
        with pytest.raises(ZeroDivisionError), hub.shared.edit():
            raise ZeroDivisionError
        assert threads(talk) == [["first", "later"], []]
        with ana.replica.edit() as document:
            document.roots["notes"][note] = {"mark": two, "text": "moved", "by": {"id": "ana"}, "at": NOON}
        await hub.settled([ana])
        assert threads(talk) == threads(Talk(hub.shared)) == [["first"], ["moved"]]
        with ana.replica.edit() as document:
            document.roots["notes"].clear()
        await hub.settled([ana])
        assert threads(talk) == [[], []]
        assert talk._notes == {}


def threads(talk: Talk) -> list[list[str]]:
    return [[note["text"] for note in json.loads(bytes(each))["notes"]] for each in talk.marks(limit=9).marks]


async def test_a_page_ends_when_it_is_large_and_has_the_latest_notes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE_BYTES", 3000)
    monkeypatch.setattr(module, "MOST_NOTES", 2)
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        talk = Talk(hub.shared)
        one, second, *_ = await marked(hub, ana, *range(30))
        page = talk.marks(limit=100)
        assert page.more
        assert 10 < len(page.marks) < 30
        with ana.replica.edit() as document:
            for n in range(3):
                edits.add_note(document, Note(mark=one, text=str(n), by=Author(id="ana"), at=NOON + n))
        await hub.settled([ana])
        last = talk.marks(limit=1, before=second)
        assert [note["text"] for note in json.loads(bytes(last.marks[0]))["notes"]] == ["1", "2"]


async def test_all_marks_are_reached_page_by_page(tmp_path: Path) -> None:
    async with hub_of(workspace_at(tmp_path)) as hub, sharing(link(hub)) as ana:
        with ana.replica.edit() as document:
            ids = {edits.add_mark(document, mark(n, ANA)) for n in range(1100)}
        await ana.shared()
        found: list[str] = []
        query: dict[str, Any] = {}
        while True:
            page = json.loads(bytes(await ana.session.request("note:list", query)))
            found = [each["id"] for each in page["marks"]] + found
            if not page["more"]:
                break
            query = {"before": found[0]}
        assert len(found) == 1100
        assert set(found) == ids
