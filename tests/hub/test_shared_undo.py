"""Undo among several: one's own edits and no others, and nothing left in pieces."""

from __future__ import annotations

from pathlib import Path

from collab_dash.board import Pane
from collab_dash.doc import edits
from collab_dash.doc.entries import Author, Note, Resolution
from doc.replicas import NOON, mark
from memory import hub_at, members_of, raw


async def test_undoing_a_new_pane_closes_it_and_redoing_brings_it_back_whole(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo") as members:
        ana, bo = members
        with ana.replica.edit() as document:
            pane = edits.add_pane(document, next(iter(document.pages)), Pane(title="New", width=3))
        await hub.settled(members)
        with bo.replica.edit() as document:
            edits.change(document, "panes", pane, title="Newer", order="b")
        await hub.settled(members)
        before = bo.replica.document.panes[pane]
        assert ana.replica.undo()
        await hub.settled(members)
        assert pane not in bo.replica.document.panes
        assert not ana.replica.undo()
        assert bo.replica.undo()
        assert bo.replica.redo()
        assert ana.replica.redo()
        await hub.settled(members)
        assert bo.replica.document.panes[pane] == ana.replica.document.panes[pane] == before


async def test_undoing_what_two_have_set_at_once_leaves_the_pane_whole(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo") as members:
        pane = next(iter(hub.shared.document.panes))
        for member, order in zip(members, ("b", "c"), strict=True):
            with member.replica.edit() as document:
                edits.change(document, "panes", pane, order=order)
        await hub.settled(members)
        undone = []
        for member in members:
            undone.append(member.replica.undo())  # false for the one whose value did not prevail
            await hub.settled(members)
            assert member.refused == []
            assert hub.shared.document.panes[pane].order
        assert any(undone)


async def test_undo_forgets_what_the_hub_has_deleted_for_good(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana") as (ana,):
        with ana.replica.edit() as document:
            edits.close(document, "panes", next(iter(document.panes)), now=1)
        await hub.settled([ana])
        await ana.lose()
        await hub.kill()
        await hub.start()
        ana.join(hub)
        await hub.settled([ana])
        assert len(ana.replica.document.entries["panes"]) == 1
        assert not ana.replica.undo()


async def test_a_mark_with_anothers_note_and_resolution_is_removed_and_comes_back_whole(tmp_path: Path) -> None:
    async with hub_at(tmp_path / "x.db") as hub, members_of(hub, "ana", "bo") as members:
        ana, bo = members
        with ana.replica.edit() as document:
            id_ = edits.add_mark(document, mark(1, Author(id="ana")))
        await hub.settled(members)
        with bo.replica.edit() as document:
            edits.add_note(document, Note(mark=id_, text="look", by=Author(id="bo"), at=NOON))
            edits.resolve(document, id_, Resolution(by=Author(id="bo"), at=NOON))
        await hub.settled(members)
        before = raw(hub.shared.document)
        with ana.replica.edit() as document:
            edits.remove_mark(document, id_)
        await hub.settled(members)
        assert not bo.replica.document.marks
        assert ana.replica.undo()
        await hub.settled(members)
        assert raw(bo.replica.document) == before
        with ana.replica.edit() as document:
            edits.resolve(document, id_, None)
        assert ana.replica.undo()  # of adding the mark: what bo settled is not ana's to bring back
        await hub.settled(members)
        assert ana.refused == []
