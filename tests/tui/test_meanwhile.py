"""What others do while somebody types an answer or fills in a form."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest
from msgspec.structs import replace
from textual.widgets import Input, OptionList

from collab_dash.board import Page, Pane
from collab_dash.doc import edits
from tui.fake_session import NOON, welcome
from tui.opened import Seat
from tui.talking import Bo, people
from tui.test_editing import LOG, TABLE, document, panes, panes_of, shared, toasts

EVIL = "[red]\x1b[31mLog\u202e"
SHOWN = "[red]␛[31mLog⇆"


def overview(seat: Seat) -> str:
    """Give the id of the first page."""
    return next(iter(document(seat).pages))


async def test_a_title_that_others_wrote_is_shown_as_text_where_it_is_changed() -> None:
    async with shared(Pane(feeds=("btc",), view="log", title=EVIL), TABLE) as seat:
        seat.session.shared.edit(lambda doc: edits.change(doc, "pages", overview(seat), title=EVIL))
        await seat.until(lambda: f"[1 {SHOWN}" in seat.text)
        state = document(seat).state
        await seat.board.action_rename_page()
        await seat.pilot.pause()
        assert SHOWN in seat.line("page title")
        await seat.press("enter", "e")
        assert SHOWN in seat.line("title  ")
        assert "\x1b" not in seat.text
        assert "•" not in seat.text, "nothing was changed yet"
        await seat.press("enter")
        assert document(seat).state == state


async def test_an_answer_that_was_not_changed_undoes_nothing_of_others() -> None:
    async with shared() as seat:
        await seat.board.action_rename_page()
        seat.session.shared.edit(lambda doc: edits.change(doc, "pages", overview(seat), title="Theirs"))
        await seat.press("enter")
        await seat.until(lambda: "[1 Theirs]" in seat.text)


async def test_a_page_that_was_closed_while_its_title_was_typed_stays_closed() -> None:
    async with shared() as seat:
        page = overview(seat)
        await seat.board.action_rename_page()
        seat.session.shared.edit(lambda doc: edits.close(doc, "pages", page, now=NOON))
        await seat.press("x", "enter")
        assert toasts(seat) == ["the page was closed meanwhile"]
        assert document(seat).entries["pages"][page].title == "Overview"
        await seat.until(lambda: seat.pane.has_focus and "[1 Second]" in seat.text)


async def test_a_pane_that_was_closed_while_its_filter_was_typed_is_told_of() -> None:
    async with shared() as seat:
        first = panes_of(seat)[0]
        await seat.press("slash")
        seat.session.shared.edit(lambda doc: edits.close(doc, "panes", first, now=NOON))
        await seat.write("price > 1")
        await seat.press("enter")
        assert toasts(seat) == ["the pane was closed meanwhile"]
        assert document(seat).entries["panes"][first].filter == ""


@pytest.mark.parametrize("action", ["close_page", "move_page(1)"])
async def test_a_page_that_was_closed_a_moment_ago_is_not_changed(action: str) -> None:
    async with shared() as seat:
        seat.session.shared.edit(lambda doc: edits.close(doc, "pages", overview(seat), now=NOON))
        await seat.app.run_action(action, seat.board)
        await seat.pilot.pause()
        assert toasts(seat) == ["the page was closed meanwhile"]
        assert len(document(seat).pages) == 1


async def test_no_pane_is_added_to_a_page_that_was_closed_a_moment_ago() -> None:
    async with shared() as seat:
        there = len(document(seat).entries["panes"])
        seat.session.shared.edit(lambda doc: edits.close(doc, "pages", overview(seat), now=NOON))
        seat.board.add(LOG)
        await seat.pilot.pause()
        assert toasts(seat) == ["the page was closed meanwhile"]
        assert len(document(seat).entries["panes"]) == there


async def test_what_was_typed_into_a_form_stays_where_it_may_not_be_saved() -> None:
    async with shared() as seat:
        await seat.press("e", *"Mine")
        replica = seat.app.live.sharing._replica
        assert replica is not None
        replica.joined(welcome(role="viewer", doc=seat.session.shared.epoch))
        await seat.press("enter")
        assert toasts(seat) == ["a viewer's link changes nothing"]
        assert isinstance(seat.app.focused, Input)
        assert seat.app.focused.value == "LogMine"
        assert panes(seat)[0].title == "Log"


async def test_a_note_that_is_deleted_while_it_is_edited_is_not_lost() -> None:
    async with shared(LOG) as seat:
        bo = Bo(seat.session)
        await seat.push(people(role="host"))
        mark = bo.mark(19)
        note = bo.comment(mark, "first")
        await seat.press("down", "c", "up", "up", "e")
        await seat.until(lambda: isinstance(seat.app.focused, Input) and seat.app.focused.value == "first")
        seat.session.shared.edit(lambda doc: edits.remove(doc, "notes", note))
        await seat.press(*" and", "enter")
        assert toasts(seat) == ["the note was deleted meanwhile; enter says it anew"]
        await seat.press("enter")
        assert [each.text for each in document(seat).notes.values()] == ["first and"]


async def test_what_was_to_be_said_of_a_mark_that_is_gone_stays_in_the_line() -> None:
    async with shared(LOG) as seat:
        mark = Bo(seat.session).mark(19)
        await seat.press("down", "c", *"mine")
        seat.session.shared.edit(lambda doc: edits.remove_mark(doc, mark))
        await seat.press("enter")
        assert toasts(seat) == ["the mark was taken away meanwhile"]
        assert isinstance(seat.app.focused, Input)
        assert seat.app.focused.value == "mine"


async def test_a_page_that_is_turned_while_the_board_changes_stays_turned() -> None:
    async with shared() as seat:
        stage = seat.board.stage
        board = replace(seat.session.board, pages=(changed_page(seat), *seat.session.board.pages[1:]))
        showing = asyncio.create_task(stage.show(board, None))
        await asyncio.sleep(0)
        assert not showing.done()
        stage.turn(1)
        await showing
        assert stage.open == 1


def changed_page(seat: Seat) -> Page:
    """Give the first page with one pane more."""
    page = seat.session.board.pages[0]
    return replace(page, panes=(*page.panes, Pane(id="new", feeds=("btc",), view="log")))


@pytest.mark.parametrize("title", ["[/nothing]", "[@click=app.quit]q"])
async def test_what_others_call_a_page_is_no_markup_among_the_commands(title: str) -> None:
    async with shared() as seat:
        for page in document(seat).pages:
            seat.session.shared.edit(partial(edits.change, root="pages", id_=page, title=title))
        await seat.until(lambda: f"[1 {title}]" in seat.text)
        await seat.press("colon")
        await seat.until(lambda: f"now {title}" in offered(seat))
        await seat.write("page")
        await seat.until(lambda: "Go to time" not in offered(seat) and f"Move pane to page {title}" in offered(seat))
        await seat.press("escape", "escape")
        assert seat.app.screen is seat.board


def offered(seat: Seat) -> str:
    """Give the commands that are offered, with what they do."""
    return "\n".join(str(option.prompt) for option in seat.app.screen.query_one(OptionList).options)
