"""What a killed hub had passed on and not kept: others have it, and bring it back with edits of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from collab_dash.doc import edits
from collab_dash.doc.entries import Author, ChatLine
from collab_dash.doc.sync import Kind, Message
from collab_dash.errors import RequestRefused
from collab_dash.hub import replica as module
from collab_dash.wire import Code
from doc.replicas import NOON
from hub.test_shared_disk import full_disk
from memory import Line, Member, hub_at, members_of, raw


def say(member: Member, text: str) -> str:
    with member.replica.edit() as document:
        return edits.say(document, ChatLine(text=text, by=Author(id=member.name), at=NOON))


@pytest.mark.parametrize("first", [0, 1])
async def test_who_comes_back_first_after_a_kill_on_a_full_disk_keeps_their_edits_and_is_not_taken_for_others(
    tmp_path: Path, first: int
) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo") as members:
        kept = say(members[0], "kept")
        await hub.settled(members)
        with full_disk(hub.path):
            say(members[0], "ana's " + "x" * 3900)
            await hub.settled(members)
            say(members[1], "bo's " + "x" * 3900)
            with members[0].replica.edit() as document:
                edits.remove(document, "chat", kept)
            await hub.settled(members)
            assert [member.replica.unshared for member in members] == [2, 1]
            for member in members:
                await member.lose()
            await hub.kill()
        await hub.start()
        assert list(hub.shared.document.chat) == [kept]
        for member in (members[first], members[1 - first]):
            member.join(hub)
            await hub.settled([member])
            assert f"{member.name}'s" in {line.text.partition(" ")[0] for line in hub.shared.document.chat.values()}
        await hub.settled(members)
        assert [fault.code for fault in members[first].refused] == [Code.FORBIDDEN]
        assert "was kept" in members[first].refused[0].message
        assert members[1 - first].refused == []
        assert [member.replica.unshared for member in members] == [0, 0]
        assert sorted(line.by.id for line in hub.shared.document.chat.values()) == ["ana", "bo"]
        assert members[0].raw == members[1].raw == raw(hub.shared.document)


async def test_what_is_sent_as_one_edit_stands_or_falls_as_one(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo") as (ana, bo):
        await ana.lose()
        say(ana, "ana's")
        ana.replica.document.news()
        bo.replica.document.apply(ana.replica.document.since())
        say(bo, "bo's")
        line = Line(hub.shared, "editor", "bo")
        await line.theirs.take(Message(Kind.STEP1, bo.replica.document.state))
        with pytest.raises(RequestRefused, match=r"somebody else's name$"):
            await line.theirs.take(Message(Kind.UPDATE, bo.replica.document.since(hub.shared.document.state)))
        assert not hub.shared.document.chat


async def test_no_more_parts_are_tried_than_there_are_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PARTS", 0)
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo") as (ana, bo):
        await ana.lose()
        say(ana, "ana's")
        bo.replica.document.apply(ana.replica.document.since())
        line = Line(hub.shared, "editor", "bo")
        await line.theirs.take(Message(Kind.STEP1, bo.replica.document.state))
        with pytest.raises(RequestRefused, match=r"somebody else's name$"):
            await line.theirs.take(Message(Kind.STEP2, bo.replica.document.since(hub.shared.document.state)))


async def test_nothing_is_kept_of_what_somebody_brought_who_was_removed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo") as (ana, bo):
        await ana.lose()
        await bo.lose()
        say(ana, "ana's")
        bo.replica.document.apply(ana.replica.document.since())
        say(bo, "bo's")
        line = Line(hub.shared, "editor", "bo")
        await line.theirs.take(Message(Kind.STEP1, bo.replica.document.state))

        async def removed(self: module.Replica, part: bytes) -> bool:
            hub.shared.cut(line)
            return await keep(self, part)

        keep = module.Replica._keep
        monkeypatch.setattr(module.Replica, "_keep", removed)
        with pytest.raises(RequestRefused, match=r"somebody else's name$"):
            await line.theirs.take(Message(Kind.STEP2, bo.replica.document.since(hub.shared.document.state)))
        sent = len(line.down)
        await line.theirs.take(Message(Kind.STEP1, bo.replica.document.state))
        assert len(line.down) == sent
        assert not hub.shared.document.chat
