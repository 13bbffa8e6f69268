"""The board as people change it together."""

from __future__ import annotations

from functools import partial

from collab_dash.board import Page, Pane
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.peer.updates import Lost
from collab_dash.tui.sharing import SLOW
from collab_dash.wire import Fault
from tui.fake_session import NOON, FakeSession, board, tick
from tui.opened import Seat, opened

LOG = Pane(feeds=("btc",), view="log", title="Log")
TABLE = Pane(feeds=("btc",), view="table", title="Table")


def session(**changes: str) -> FakeSession:
    """Give a session of two panes on one page, and a second page."""
    past = [tick(n, float(n)) for n in range(1, 20)]
    return FakeSession(board(LOG, TABLE, pages=[Page(title="Second", panes=(LOG,))]), past, **changes)


def panes(document: Document) -> list[str]:
    """Give the ids of the first page's panes, in order."""
    return list(edits.on_page(document, next(iter(document.pages))))


async def shared(seat: Seat) -> None:
    """Wait until the screen has the document, and shows what is in it."""
    await seat.until(lambda: seat.app.live.sharing.document is not None)
    await seat.settle()


async def test_a_pane_that_is_only_moved_or_renamed_goes_on_as_it_is() -> None:
    async with opened(session()) as seat:
        await shared(seat)
        log = seat.pane
        first, second = panes(seat.session.shared.document)

        def change(document: Document) -> None:
            edits.change(document, "panes", first, title="Renamed", width=12, height=2)
            edits.move_pane(document, first, after=second)

        seat.session.shared.edit(change)
        await seat.until(lambda: "2 Renamed" in seat.text)
        assert seat.pane is log
        assert log.size.width == 120
        assert not any(stream.holding for stream in seat.app.live.streams)


async def test_a_pane_comes_changes_its_view_and_goes_for_everyone() -> None:
    async with opened(session()) as seat:
        await shared(seat)
        document = seat.session.shared.document
        page = next(iter(document.pages))
        added = seat.session.shared.edit(lambda doc: edits.add_pane(doc, page, Pane(feeds=("btc",), title="New")))
        await seat.until(lambda: "3 New" in seat.text)
        seat.session.shared.edit(lambda doc: edits.change(doc, "panes", added, view="stat"))
        await seat.until(lambda: seat.board.stage.panes[2].spec.view == "stat")
        seat.session.shared.edit(lambda doc: edits.close(doc, "panes", added, now=NOON))
        await seat.until(lambda: len(seat.board.stage.panes) == 2)
        for id_ in panes(document):
            seat.session.shared.edit(partial(edits.close, root="panes", id_=id_, now=NOON))
        await seat.until(lambda: "This page has no panes." in seat.text)


async def test_ones_page_stays_open_when_others_add_and_close_pages() -> None:
    async with opened(session()) as seat:
        await shared(seat)
        await seat.press("right_square_bracket")
        first, second = seat.session.shared.document.pages
        seat.session.shared.edit(lambda doc: edits.close(doc, "pages", first, now=NOON))
        await seat.until(lambda: "1 Second" in seat.text)
        assert seat.board.stage.page is not None
        assert seat.board.stage.page.page.id == second
        seat.session.shared.edit(lambda doc: edits.close(doc, "pages", second, now=NOON))
        await seat.until(lambda: "This session has no pages." in seat.text)
        seat.session.shared.edit(lambda doc: edits.change(doc, "pages", second, gone=0))
        await seat.until(lambda: "1 Second" in seat.text)


async def test_a_filter_holds_for_all_and_the_rooms_for_every_pane() -> None:
    async with opened(session(role="editor")) as seat:
        await shared(seat)
        await seat.press("slash")
        await seat.write("price > 9")
        await seat.press("enter")
        first = panes(seat.session.shared.document)[0]
        await seat.until(lambda: seat.session.shared.document.panes[first].filter == "price > 9")
        await seat.settle()
        assert "10 events" in seat.text
        seat.session.shared.edit(lambda doc: edits.set_room_filter(doc, "price < 12 or price > 18"))
        await seat.until(lambda: "3 events" in seat.text)


async def test_edits_that_wait_for_the_hub_are_counted() -> None:
    async with opened(session(role="editor")) as seat:
        await shared(seat)
        seat.session.shared.keeps = False
        await seat.push(Lost("gone", NOON + 5000))
        first = panes(seat.session.shared.document)[0]
        sharing = seat.app.live.sharing
        sharing.edit(lambda doc: edits.change(doc, "panes", first, title="mine"))
        assert sharing.unshared == 0
        assert sharing._waiting_since is not None
        sharing._waiting_since -= SLOW
        seat.board._paint_all()
        assert "not yet shared: 1" in seat.text


async def test_a_refused_edit_is_told_and_taken_back() -> None:
    async with opened(session(role="editor")) as seat:
        await shared(seat)
        troubles: list[str] = []
        seat.app.live.sharing.on_trouble = troubles.append
        seat.session.shared.refuse(Fault(code="forbidden", message="not yours"))
        await shared(seat)
        assert troubles == ["0 edits were not taken: not yours"]
        assert "1 Log" in seat.text


async def test_a_viewer_is_told_that_nothing_can_be_changed() -> None:
    async with opened(session(role="viewer")) as seat:
        await shared(seat)
        troubles: list[str] = []
        seat.app.live.sharing.on_trouble = troubles.append
        seat.app.live.sharing.edit(lambda doc: edits.set_room_filter(doc, "x > 1"))
        seat.app.live.sharing.undo()
        assert troubles == ["a viewer's link changes nothing"] * 2


async def test_a_pane_keeps_the_keys_when_it_becomes_another_view() -> None:
    async with opened(session()) as seat:
        await shared(seat)
        await seat.press("2")
        second = panes(seat.session.shared.document)[1]
        seat.session.shared.edit(lambda doc: edits.change(doc, "panes", second, view="stat"))
        await seat.until(lambda: seat.board.stage.panes[1].spec.view == "stat")
        await seat.settle()
        assert seat.pane is seat.board.stage.panes[1]
        assert seat.pane.has_focus
