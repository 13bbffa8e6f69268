"""Every key, pressed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.events import MouseScrollDown
from textual.widgets import Input

from collab_dash.board import Page, Pane
from collab_dash.peer.session import People
from collab_dash.tui.panes.rows import RowsPane
from collab_dash.tui.widgets.tabs import Tabs
from collab_dash.wire import RECONNECT, Person
from tui.fake_session import NOON, FakeSession, board, live, tick
from tui.opened import Seat, opened

LOG = Pane(feeds=("btc",), view="log", title="Log", width=6)
LINE = Pane(feeds=("btc",), view="line", field="price", title="Line", width=6)
TABLE = Pane(feeds=("btc",), view="table", title="Table", columns=("key", "price"), width=12)


def session(*panes: Pane, count: int = 60, **changes: str) -> FakeSession:
    """Give a session of three panes and some prices."""
    chosen = panes or (LOG, LINE, TABLE)
    pages = (Page(title="Second", panes=(TABLE,)), Page(title="Third", panes=(LOG,)))
    past = [tick(n, float(n), key=f"K{n % 5}") for n in range(1, count)]
    return FakeSession(board(*chosen, pages=pages), past, **changes)


def rows(seat: Seat) -> RowsPane:
    assert isinstance(seat.pane, RowsPane)
    return seat.pane


async def test_tab_arrows_and_numbers_move_the_focus() -> None:
    async with opened(session()) as seat:
        for key, place in (
            ("tab", 2),
            ("l", 3),
            ("right", 1),
            ("shift+tab", 3),
            ("h", 2),
            ("left", 1),
            ("3", 3),
            ("9", 3),
        ):
            await seat.press(key)
            assert (seat.pane.number, seat.pane.has_focus) == (place, True), key


async def test_brackets_turn_pages() -> None:
    async with opened(session()) as seat:
        await seat.press("right_square_bracket")
        assert "[2 Second]" in seat.text
        await seat.press("left_square_bracket", "left_square_bracket")
        assert "[3 Third]" in seat.text
        assert seat.pane.has_focus


async def test_a_page_can_be_asked_for() -> None:
    async with opened(session(), page="Third") as seat:
        assert "[3 Third]" in seat.text


async def test_keys_pressed_in_one_go_act_in_order() -> None:
    async with opened(session()) as seat:
        await seat.press("2", "space", "1", "slash", *"price", "space", "greater_than_sign", "5", "enter")
        await seat.settle()
        assert seat.board.stage.page is not None
        assert [pane.frozen for pane in seat.board.stage.page.panes] == ["", "PAUSED", ""]
        assert seat.pane.filter == "price >5"


async def test_the_cursor_moves_and_a_log_is_pinned() -> None:
    async with opened(session()) as seat:
        moves = [
            ("down", 0),
            ("j", 1),
            ("down", 2),
            ("k", 1),
            ("up", 0),
            ("G", 58),
            ("g", 0),
            ("pagedown", 12),
            ("pageup", 0),
        ]
        for key, row in moves:
            await seat.press(key)
            assert rows(seat).cursor == row, key
        assert "PINNED +0 new" in seat.text
        await seat.happen(tick(100, 1.0))
        assert "PINNED +1 new" in seat.text
        assert "price=1\n" not in seat.line("14:00:40") + "\n" if "14:00:40" in seat.text else True
        await seat.press("end")
        assert seat.pane.frozen == ""
        assert "price=1" in seat.line("14:00:40")


async def test_pausing_loses_nothing() -> None:
    async with opened(session()) as seat:
        await seat.press("space")
        await seat.happen(*(tick(n, float(n)) for n in range(100, 412)))
        assert "PAUSED +312 new" in seat.text
        assert "space Resume" in seat.text
        assert "frozen at 13:59:59 · nothing is lost" in seat.text
        assert "n=" not in seat.text
        before = rows(seat).count()
        await seat.press("space")
        assert rows(seat).count() == before + 312
        assert "PAUSED" not in seat.text
        assert "space Pause" in seat.text


async def test_a_long_pause_is_made_up_for_from_the_log() -> None:
    async with opened(session()) as seat:
        await seat.press("space")
        later = [tick(n, float(n)) for n in range(100, 6100)]
        seat.session.past += later
        await seat.happen(*later)
        assert "PAUSED +6,000 new" in seat.text
        await seat.press("L")
        await seat.settle()
        assert seat.pane.last == later[-1]
        assert rows(seat).count() == 2000


async def test_pause_all_and_live_again() -> None:
    async with opened(session()) as seat:
        await seat.press("p")
        assert seat.text.count("PAUSED") == 3
        await seat.press("p")
        assert "PAUSED" not in seat.text


async def test_zoom_and_back() -> None:
    async with opened(session()) as seat:
        await seat.press("z")
        assert "zoomed" in seat.text
        assert "2 Line" not in seat.text
        await seat.press("2")
        assert "2 Line" in seat.text
        assert "1 Log" not in seat.text
        await seat.press("escape")
        assert "1 Log" in seat.text
        assert "zoomed" not in seat.text


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_a_filter_is_typed_judged_and_undone(role: str) -> None:
    async with opened(session(role=role)) as seat:
        await seat.press("slash")
        await seat.write("price > 57 an")
        assert "✗ character 12: expected and, or, or the end, found 'an'" in seat.text
        assert "enter apply  Esc leave as it was" in seat.text
        await seat.press("enter")
        assert isinstance(seat.app.focused, Input)
        await seat.press("backspace", "backspace", "enter")
        await seat.settle()
        assert seat.pane.has_focus
        assert "/price > 57" in seat.line("1 Log")
        assert rows(seat).count() == 2
        await seat.press("slash")
        await seat.write(" nonsense (")
        await seat.press("escape")
        assert seat.pane.filter == "price > 57"
        await seat.press("escape")
        await seat.settle()
        assert rows(seat).count() == (59 if role == "viewer" else 2), "what holds for all is not undone by Esc"


@pytest.mark.parametrize(("role", "what"), [("viewer", "Esc clears the filter"), ("editor", "/ changes the filter")])
async def test_a_filter_that_matches_nothing_says_so(role: str, what: str) -> None:
    async with opened(session(role=role)) as seat:
        await seat.press("slash")
        await seat.write("price < 0")
        await seat.press("enter")
        await seat.settle()
        assert "Nothing matches price < 0" in seat.text
        assert what in seat.text


async def test_letters_typed_into_the_prompt_are_letters() -> None:
    async with opened(session()) as seat:
        await seat.press("slash")
        await seat.write("pqszPSL?:12 / [")
        assert seat.app.query_one(Input).value == "pqszPSL?:12 / ["
        assert len(seat.app.screen_stack) == 1


async def test_sorting_goes_through_the_columns() -> None:
    async with opened(session()) as seat:
        await seat.press("3")
        seen = []
        for _ in range(5):
            await seat.press("s")
            seen.append(seat.line("5 rows").split("5 rows")[1].partition("━")[0].strip())
        assert seen == ["· sort key ▼", "· sort key ▲", "· sort price ▼", "· sort price ▲", ""]


async def test_enter_shows_an_event_and_y_copies_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = tmp_path / "taken"
    program = tmp_path / "wl-copy"
    program.write_text(f"#!/bin/sh\nexec cat > {taken}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    async with opened(session()) as seat:
        await seat.press("down", "down", "enter")
        assert "offset    58" in seat.text
        await seat.press("y")
        await seat.copied()
        assert json.loads(taken.read_text())["offset"] == 58
        await seat.press("escape", "down", "y")
        await seat.copied()
        assert json.loads(taken.read_text())["offset"] == 57


async def test_without_a_clipboard_program_the_terminal_is_asked() -> None:
    async with opened(session()) as seat:
        await seat.press("y")
        await seat.copied()
        assert json.loads(seat.app.clipboard)["offset"] == 59


async def test_help_names_the_keys_that_work_here_and_no_others() -> None:
    async with opened(session(), size=(120, 40)) as seat:
        for key in ("question_mark", "f1"):
            await seat.press(key)
            assert "Keys that work here" in seat.text
            for words in ("space", "Pause", "q ctrl+q", "? F1", ": ctrl+p", "tab → l", "1-9", "home g"):
                assert words in seat.text, words
            for later in ("Follow", "Travel", "SQL", "Export", "Reconnect"):
                assert later not in seat.text
            await seat.press("escape")
            assert "Keys that work here" not in seat.text


async def test_commands_are_found_by_name() -> None:
    async with opened(session(), size=(120, 60)) as seat:
        for key in ("colon", "ctrl+p"):
            await seat.press(key)
            await seat.until(lambda: "Go to time" in seat.text)
            await seat.press("escape")
            await seat.until(lambda: len(seat.app.screen_stack) == 1)
        names = {command.title for command in seat.app.get_system_commands(seat.app.screen)}
        assert "Pause all" in names
        assert names.isdisjoint({"Copy selected", "Last row", "Back"})


async def test_people_come_and_go_in_their_dialog() -> None:
    async with opened(session(client="c1")) as seat:
        ana, bo = (
            Person(client=f"c{n}", name=name, role="editor", page="Overview") for n, name in ((1, "ana"), (2, "bo"))
        )
        await seat.push(People([ana]))
        await seat.press("P")
        assert "People · 1" in seat.text
        await seat.push(People([ana, bo]))
        assert "People · 2" in seat.text
        await seat.press("escape")
        await seat.push(People([ana]))
        assert "People ·" not in seat.text


async def test_share_shows_and_copies_links() -> None:
    async with opened(session()) as seat:
        await seat.press("S")
        await seat.until(lambda: "http://h/#e" in seat.text)
        assert "http://h/#v" in seat.text
        await seat.press("v")
        await seat.copied()
        assert seat.app.clipboard == "http://h/#v"


async def test_a_viewer_hands_on_only_the_viewers_link() -> None:
    fake = session(role="viewer")
    fake.links["editor"] = None
    async with opened(fake) as seat:
        await seat.press("S")
        await seat.until(lambda: "http://h/#v" in seat.text)
        assert "editor" not in seat.text


async def test_reconnect_is_told_for_what_is_down() -> None:
    async with opened(session()) as seat:
        assert "Reconnect" not in seat.text
        await seat.push(live(state="waiting", reason="refused", retry_at=NOON + 9000))
        assert "r Reconnect" in seat.text
        await seat.press("r")
        await seat.until(lambda: (RECONNECT, {"feed": "btc"}) in seat.session.told)


async def test_a_viewer_is_not_offered_what_it_may_not() -> None:
    async with opened(session(role="viewer")) as seat:
        await seat.push(live(state="waiting", reason="refused"))
        assert "econnect" not in seat.text
        await seat.press("r")
        assert RECONNECT not in [event for event, _ in seat.session.told]


async def test_the_mouse_focuses_selects_sorts_and_scrolls() -> None:
    async with opened(session()) as seat:
        assert seat.board.stage.page is not None
        log, line, table = seat.board.stage.page.panes
        await seat.pilot.click(line, offset=(5, 5))
        assert line.has_focus
        await seat.pilot.click(log, offset=(5, 3))
        assert log.has_focus
        assert rows(seat).cursor == 2
        await seat.press("L")
        await seat.pilot._post_mouse_events([MouseScrollDown], log, offset=(5, 5))
        assert rows(seat).top == 3
        assert log.frozen == "PINNED"
        await seat.pilot.click(table, offset=(3, 1))
        assert "sort key ▼" in seat.text
        await seat.pilot.click(Tabs, offset=(16, 0))
        assert "[2 Second]" in seat.text


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
async def test_leaving(key: str) -> None:
    async with opened(session()) as seat:
        await seat.press(key)
        assert seat.app.return_code == 0
        assert seat.app.failure is None
