"""The shared document on a real hub: what passes, what does not, and what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from collab_dash.board import Pane
from collab_dash.doc import edits
from collab_dash.errors import RequestRefused
from hubs import hub_of, link
from sharing import one_pane_at, sharing


async def test_an_edit_reaches_the_others_and_the_disk(tmp_path: Path) -> None:
    workspace = one_pane_at(tmp_path)
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana, sharing(link(hub), "bo") as bo:
        (pane,) = ana.replica.document.panes
        with ana.replica.edit() as document:
            edits.change(document, "panes", pane, title="Two")
        assert ana.replica.document.panes[pane].title == "Two"
        assert ana.replica.unshared == 1
        await bo.until(lambda: bo.replica.document.panes[pane].title == "Two")
        await ana.shared()
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        assert ana.replica.document.panes[pane].title == "Two"


async def test_undo_takes_back_ones_own_edits_only(tmp_path: Path) -> None:
    async with hub_of(one_pane_at(tmp_path)) as hub, sharing(link(hub)) as ana, sharing(link(hub)) as bo:
        (pane,) = ana.replica.document.panes
        with ana.replica.edit() as document:
            edits.change(document, "panes", pane, title="ana's")
        await bo.until(lambda: bo.replica.document.panes[pane].title == "ana's")
        with bo.replica.edit() as document:
            edits.change(document, "panes", pane, filter="price > 1")
        await ana.until(lambda: ana.replica.document.panes[pane].filter == "price > 1")
        assert ana.replica.undo()
        await bo.until(lambda: bo.replica.document.panes[pane].title == "One")
        assert bo.replica.document.panes[pane].filter == "price > 1"
        assert not ana.replica.undo()
        assert ana.replica.redo()
        await bo.until(lambda: bo.replica.document.panes[pane].title == "ana's")


async def test_a_closed_pane_that_another_edits_comes_back_by_undo_whole(tmp_path: Path) -> None:
    async with hub_of(one_pane_at(tmp_path)) as hub, sharing(link(hub)) as ana, sharing(link(hub)) as bo:
        (pane,) = ana.replica.document.panes
        with ana.replica.edit() as document:
            edits.close(document, "panes", pane, now=1)
        with bo.replica.edit() as document:
            edits.change(document, "panes", pane, title="still at it", width=3)
        await bo.until(lambda: pane not in bo.replica.document.panes)
        await ana.until(lambda: ana.replica.document.entries["panes"][pane].width == 3)
        assert ana.replica.undo()
        await bo.until(lambda: pane in bo.replica.document.panes)
        for peer in (ana, bo):
            entry = peer.replica.document.panes[pane]
            assert (entry.title, entry.width, entry.feeds) == ("still at it", 3, ("demo",))


async def test_a_viewers_edit_is_refused_and_its_replica_put_right(tmp_path: Path) -> None:
    workspace = one_pane_at(tmp_path)
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana, sharing(link(hub, "viewer")) as cy:
        (pane,) = ana.replica.document.panes
        with pytest.raises(RequestRefused, match="viewer"), cy.replica.edit():
            pass
        refusals: list[str] = []
        cy.replica.on_refused = lambda fault, lost: refusals.append(f"{fault.code} {lost}")
        with cy.replica.document.edit("here") as document:
            edits.change(document, "panes", pane, title="forced")
        cy.replica._edited()
        assert cy.replica.document.panes[pane].title == "forced"
        await cy.until(lambda: bool(refusals) and pane in cy.replica.document.panes)
        assert cy.replica.document.panes[pane].title == "One"
        assert refusals == ["forbidden 1"]
        with ana.replica.edit() as document:
            edits.change(document, "panes", pane, title="Two")
        await cy.until(lambda: cy.replica.document.panes[pane].title == "Two")


async def test_an_edit_that_breaks_the_schema_reaches_nobody(tmp_path: Path) -> None:
    workspace = one_pane_at(tmp_path)
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana, sharing(link(hub, "editor")) as bo:
        (pane,) = ana.replica.document.panes
        refusals = []
        bo.replica.on_refused = lambda fault, lost: refusals.append(fault)
        with bo.replica.edit() as document:
            document.roots["panes"][pane]["width"] = 99
        await bo.until(lambda: bool(refusals) and pane in bo.replica.document.panes)
        assert (refusals[0].code, refusals[0].path) == ("invalid_payload", ["panes", pane, "width"])
        with bo.replica.edit() as document:
            edits.change(document, "panes", pane, width=9)
        await ana.until(lambda: ana.replica.document.panes[pane].width == 9)


async def test_edits_without_a_link_are_kept_and_merge_when_it_is_back(tmp_path: Path) -> None:
    workspace = one_pane_at(tmp_path)
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana, sharing(link(hub)) as bo:
        (pane,) = ana.replica.document.panes
        socket = ana.session._socket
        assert socket is not None
        socket.transport.abort()
        await ana.until(lambda: not ana.replica.ready.is_set())
        for title in "abc":
            with ana.replica.edit() as document:
                edits.change(document, "panes", pane, title=title)
        with bo.replica.edit() as document:
            edits.change(document, "panes", pane, filter="price > 1")
        ana.session.retry_now()
        await bo.until(lambda: bo.replica.document.panes[pane].title == "c")
        await ana.shared()
        await ana.until(lambda: ana.replica.document.panes[pane].filter == "price > 1")


async def test_the_workspace_gives_the_board_until_people_change_it(tmp_path: Path) -> None:
    workspace = one_pane_at(tmp_path)
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        (page,) = ana.replica.document.pages
        with ana.replica.edit() as document:
            edits.add_pane(document, page, Pane(view="feeds"))
        await ana.shared()
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        assert len(ana.replica.document.panes) == 2
    workspace = one_pane_at(tmp_path, title="Other")
    async with hub_of(workspace) as hub, sharing(link(hub)) as ana:
        assert [pane.title for pane in ana.replica.document.panes.values()] == ["Other"]
