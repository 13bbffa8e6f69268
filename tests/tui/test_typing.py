"""Lines that are typed in keep the keys until somebody goes elsewhere."""

from __future__ import annotations

import asyncio

import pytest
from textual.events import Paste
from textual.widgets import Input

from collab_dash.board import Pane
from collab_dash.doc import edits
from collab_dash.doc.entries import ChatLine
from collab_dash.tui.panes.chat import ChatPane
from collab_dash.tui.widgets.prompt import PromptLine
from tui.fake_session import tick
from tui.opened import Seat
from tui.talking import BO
from tui.test_editing import BARS, LOG, document, panes, panes_of, shared

CHAT = Pane(view="chat", title="Chat")


async def close_second(seat: Seat) -> None:
    """Let somebody else close the second pane, and wait until it is gone."""
    second = panes_of(seat)[1]
    seat.session.shared.edit(lambda doc: edits.close(doc, "panes", second, now=1))
    await seat.until(lambda: len(seat.board.stage.panes) == 2)


@pytest.mark.parametrize("key", ["slash", "f", "T"])
async def test_what_others_do_to_the_board_takes_no_keys_from_a_line(key: str) -> None:
    async with shared() as seat:
        await seat.press(key)
        await seat.write("pri")
        await close_second(seat)
        await seat.write("qx")
        assert isinstance(seat.app.focused, Input)
        assert seat.app.focused.value == "priqx"
        await seat.press("escape")
        assert seat.pane.has_focus
        assert len(panes(seat)) == 2


async def test_a_resized_terminal_takes_no_keys_from_a_line() -> None:
    async with shared() as seat:
        await seat.press("slash")
        await seat.pilot.resize_terminal(80, 24)
        await seat.write("price > 3")
        await seat.press("enter")
        await seat.until(lambda: panes(seat)[0].filter == "price > 3")


async def test_whoever_clicks_on_a_pane_types_no_more() -> None:
    async with shared() as seat:
        await seat.press("slash")
        await seat.write("price")
        await seat.pilot.click(seat.board.stage.panes[1], offset=(5, 5))
        assert not seat.board.typing
        assert (seat.pane.name_on_screen, seat.pane.has_focus) == ("Table", True)
        await seat.press("z")
        assert "zoomed" in seat.text
        assert not any(pane.filter for pane in panes(seat))


async def test_whoever_clicks_on_a_tab_types_no_more() -> None:
    async with shared() as seat:
        await seat.press("slash")
        await seat.write("price")
        await seat.pilot.click("Tabs", offset=(16, 0))
        assert "[2 Second]" in seat.text
        assert seat.pane.has_focus


async def test_what_was_to_be_said_waits_for_whoever_looks_something_up() -> None:
    async with shared(CHAT, LOG, BARS) as seat:
        await seat.press("C")
        await seat.write("look at")
        await seat.pilot.click(seat.board.stage.panes[1], offset=(5, 5))
        assert seat.pane.name_on_screen == "Log"
        await seat.press("1", "C")
        await seat.write(" this")
        await seat.press("enter")
        assert [line.text for line in document(seat).chat.values()] == ["look at this"]
        await seat.press("C", "x", "escape", "C", "enter")
        assert len(document(seat).chat) == 1


async def test_an_event_that_is_found_late_does_not_stand_in_the_way_of_typing() -> None:
    async with shared() as seat:
        seat.session.past.append(tick(30, 1.0, feed="other"))
        seat.session.history_open.clear()
        seat.board.on_chat_pane_open(ChatPane.Open(ChatLine(text="see #30", by=BO, at=0)))
        await seat.until(lambda: ("feed:history", {"after": 29, "limit": 1}) in seat.session.asked)
        await seat.press("slash")
        seat.session.history_open.set()
        await seat.write("k")
        await seat.pilot.pause()
        assert len(seat.app.screen_stack) == 1
        assert seat.board.typing


@pytest.mark.parametrize("keys", ["slash", "T", "e", "plus", "P c"])
async def test_what_is_pasted_is_text_and_not_obeyed(keys: str) -> None:
    async with shared() as seat:
        await seat.press(*keys.split())
        line = seat.app.focused
        assert isinstance(line, Input)
        line.value = "a"
        await seat.press("home", "shift+end")
        seat.app.post_message(Paste("\x1b[31mb\u202e\nanother line"))
        seat.app.post_message(Paste(""))
        await seat.pilot.pause()
        assert line.value == "␛[31mb⇆"
        assert "\x1b" not in seat.text


async def test_two_wishes_to_type_in_one_moment_leave_one_line_with_the_later_one() -> None:
    async with shared() as seat:
        board = seat.board
        await asyncio.gather(board.action_filter(), board.action_new_page(), board.action_rename_page())
        assert len(board.query("Asking")) == 1
        await seat.until(lambda: "page title" in seat.text)
        assert isinstance(seat.app.focused, Input)
        await asyncio.gather(board.action_go_to_time(), board.on_chat_pane_say())
        await seat.pilot.pause()
        assert len([line for line in board.query(PromptLine) if line.display]) == 1
        assert isinstance(seat.app.focused, Input)
        await seat.press("escape")
        assert (board.typing, seat.pane.has_focus) == (False, True)
