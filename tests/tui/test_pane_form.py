"""A pane's fields are edited, alone or by two at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace

from collab_dash.board import Pane
from collab_dash.doc import edits
from collab_dash.doc.entries import PaneEntry
from collab_dash.tui.screens.pane_form import PaneForm
from collab_dash.wire import Fault
from tui.fake_session import NOON, FakeSession, board, tick
from tui.opened import Seat, opened

LOG = Pane(feeds=("btc",), title="Log")
TASTE = Pane(feeds=("btc",), view="log", columns=("time", "price"))


@asynccontextmanager
async def edited(pane: Pane = LOG, size: tuple[int, int] = (120, 32), **changes: Any) -> AsyncIterator[Seat]:
    """Open the form of a pane on a board of two."""
    shown = replace(board(pane, Pane(view="people"), feeds=("btc", "quakes")), tastes={"btc": TASTE})
    session = FakeSession(shown, [tick(n, float(n)) for n in range(1, 20)], **changes)
    async with opened(session, size=size) as seat:
        await seat.until(lambda: seat.app.live.sharing.document is not None)
        await seat.settle()
        await seat.press("e")
        await seat.until(lambda: isinstance(seat.app.screen, PaneForm))
        await seat.settle()
        yield seat


async def closed(seat: Seat) -> None:
    """Wait until the form is gone."""
    await seat.until(lambda: seat.app.screen is seat.board)


def id_of(seat: Seat) -> str:
    """Give the id of the pane that is edited."""
    return next(iter(seat.session.shared.document.panes))


def entry(seat: Seat) -> PaneEntry:
    """Give the pane as everybody has it."""
    return seat.session.shared.document.panes[id_of(seat)]


async def into(seat: Seat, field: str, text: str) -> None:
    """Write a text over what stands in a field."""
    line = seat.field(field)
    line.focus()
    line.value = ""
    await seat.write(text)


async def test_only_what_was_changed_is_written() -> None:
    async with edited() as seat:
        await into(seat, "filter", "price > 9")
        await into(seat, "width", "12")
        seat.session.shared.edit(lambda doc: edits.change(doc, "panes", id_of(seat), title="Theirs", unit="USD"))
        await seat.until(lambda: "title    Theirs" in seat.text)
        await seat.press("enter")
        await closed(seat)
        await seat.until(lambda: entry(seat).width == 12)
        assert (entry(seat).title, entry(seat).unit, entry(seat).filter) == ("Theirs", "USD", "price > 9")
        assert entry(seat).view == ""
        assert entry(seat).columns == ()
        assert seat.pane.has_focus


async def test_what_the_plugin_would_choose_stands_faintly_in_empty_fields() -> None:
    async with edited() as seat:
        assert "columns  time, price" in seat.text
        assert "view     log" in seat.text
        await into(seat, "title", "")
        assert "title    btc" in seat.text
        await into(seat, "view", "stat")
        assert "columns  the payload's first fields" in seat.text


async def test_the_preview_shows_what_is_typed() -> None:
    async with edited() as seat:
        await into(seat, "filter", "price > 17")
        await seat.until(lambda: "2 events" in seat.text)
        assert entry(seat).filter == ""
        await into(seat, "view", "stat")
        await seat.until(lambda: "┬" in seat.text or "╶─╯" in seat.text or "╷" in seat.text)


async def test_a_fault_is_told_while_it_is_typed_and_nothing_is_saved() -> None:
    async with edited() as seat:
        await into(seat, "view", "tabel")
        assert "there is no view tabel; did you mean table?" in seat.text
        await seat.press("up")
        assert "✗" in seat.line("view     tabel")
        assert "tabel;" not in seat.text
        await seat.press("enter")
        assert isinstance(seat.app.screen, PaneForm)
        assert "did you mean table?" in seat.text
        await seat.press("escape")
        await closed(seat)
        assert entry(seat).view == ""


async def test_a_field_that_both_change_is_mine_when_i_save_and_i_am_told() -> None:
    async with edited() as seat:
        await into(seat, "title", "Mine")
        seat.session.shared.edit(lambda doc: edits.change(doc, "panes", id_of(seat), title="Theirs"))
        await seat.until(lambda: "somebody made it Theirs meanwhile" in seat.text)
        await seat.press("enter")
        await closed(seat)
        assert entry(seat).title == "Mine"


async def test_a_pane_that_is_closed_meanwhile_says_so_and_does_not_come_back() -> None:
    async with edited() as seat:
        id_ = id_of(seat)
        await into(seat, "title", "Mine")
        seat.session.shared.edit(lambda doc: edits.close(doc, "panes", id_, now=NOON))
        await seat.until(lambda: "Log was closed meanwhile: there is nothing to save" in seat.text)
        await seat.press("enter")
        assert isinstance(seat.app.screen, PaneForm)
        assert seat.session.shared.document.entries["panes"][id_].title == "Log"
        seat.session.shared.edit(lambda doc: edits.change(doc, "panes", id_, gone=0))
        await seat.until(lambda: "closed meanwhile" not in seat.text)
        await seat.press("enter")
        await closed(seat)
        assert entry(seat).title == "Mine"


async def test_a_pane_whose_page_is_closed_meanwhile_is_closed() -> None:
    async with edited() as seat:
        page = entry(seat).page
        seat.session.shared.edit(lambda doc: edits.close(doc, "pages", page, now=NOON))
        await seat.until(lambda: "was closed meanwhile" in seat.text)


async def test_a_refused_edit_meanwhile_leaves_the_form_as_it_is() -> None:
    async with edited() as seat:
        await into(seat, "title", "Mine")
        seat.session.shared.refuse(Fault(code="forbidden", message="not yours"))
        await seat.until(lambda: seat.app.live.sharing.document is not None)
        await seat.press("enter")
        await closed(seat)
        await seat.until(lambda: entry(seat).title == "Mine")


async def test_in_little_room_there_are_the_fields_alone() -> None:
    async with edited(size=(80, 24)) as seat:
        assert "height   1" in seat.text
        assert "on the border; the feed's name by default" in seat.text
        assert "enter save" in seat.text
        await seat.press("escape")
        await closed(seat)
