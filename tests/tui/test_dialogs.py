"""What every dialog does: it comes once, goes once, fits, and lets nothing of others be obeyed."""

from __future__ import annotations

from functools import partial

import pytest
from textual.events import Key

from collab_dash.wire import Person
from tui.opened import Seat
from tui.talking import people
from tui.test_editing import panes, shared

CHARACTERS = {"escape": None, "enter": "\r", "plus": "+"}
DIALOGS = (
    "P", "S", "F", "C", "c", "e", "plus", "enter", "question_mark", "exclamation_mark",
    "P c", "exclamation_mark r", "exclamation_mark r plus",
)  # fmt: skip


async def burst(seat: Seat, *keys: str) -> None:
    """Press keys faster than they are answered."""
    for key in keys:
        seat.app.post_message(Key(key, CHARACTERS.get(key, key)))
    for _ in keys:
        await seat.pilot.pause()
    await seat.pilot.pause()


def stack(seat: Seat) -> list[str]:
    """Give the names of what is over each other."""
    return [type(screen).__name__ for screen in seat.app.screen_stack]


async def crowd(seat: Seat) -> None:
    """Let two others be here, and put the cursor on a row."""
    await seat.push(people(Person(client="c3", name="cy", role="editor")))
    await seat.press("down")


@pytest.mark.parametrize("key", ["P", "S", "F", "C", "c", "e", "plus", "enter"])
async def test_a_key_pressed_twice_opens_one_dialog(key: str) -> None:
    async with shared() as seat:
        await crowd(seat)
        await burst(seat, key, key)
        assert len(stack(seat)) == 2 or (key, stack(seat)) == ("enter", ["BoardScreen"]), "enter closes an event again"
        await burst(seat, "escape", "escape", "escape")
        assert stack(seat) == ["BoardScreen"]
        assert seat.pane.has_focus


async def test_a_form_that_is_saved_twice_is_saved_once() -> None:
    async with shared() as seat:
        await seat.press("e")
        await burst(seat, "enter", "enter")
        assert stack(seat)[:1] == ["BoardScreen"]
        assert seat.app.is_running


async def test_a_new_rule_is_made_once() -> None:
    async with shared() as seat:
        await seat.press("exclamation_mark", "r", "plus", *"btc", "colon", "space", *"price", "greater_than_sign", "9")
        await burst(seat, "enter", "enter")
        assert len(seat.session.shared.document.rules) == 1


async def test_what_is_chosen_twice_in_a_dialog_over_another_ends_that_dialog_alone() -> None:
    async with shared() as seat:
        await seat.press("P")
        await burst(seat, "c", "c")
        assert stack(seat) == ["BoardScreen", "PeopleDialog", "IntroduceDialog"]
        await burst(seat, "enter", "enter")
        assert stack(seat) == ["BoardScreen", "PeopleDialog"]


async def test_what_works_everywhere_opens_one_dialog_of_a_kind_also_over_itself() -> None:
    async with shared() as seat:
        seat.app.action_introduce()
        seat.app.action_introduce()
        await seat.press("f1")
        seat.app.action_introduce()
        seat.app.action_help()
        await seat.pilot.pause()
        assert stack(seat) == ["BoardScreen", "IntroduceDialog", "HelpDialog"]


@pytest.mark.parametrize("keys", ["P", "C", "e", "plus", "P c"])
async def test_ctrl_q_leaves_from_every_dialog(keys: str) -> None:
    async with shared() as seat:
        await seat.press(*keys.split())
        assert len(stack(seat)) > 1
        await seat.press("ctrl+q")
        assert seat.app.return_code == 0


@pytest.mark.parametrize("dialogs", [DIALOGS[:6], DIALOGS[6:]])
async def test_dialogs_bear_any_size(dialogs: tuple[str, ...]) -> None:
    async with shared() as seat:
        await crowd(seat)
        for keys in dialogs:
            await seat.press(*keys.split())
            there = stack(seat)
            for size in ((80, 24), (20, 5), (120, 32)):
                await seat.pilot.resize_terminal(*size)
            assert stack(seat) == there
            await seat.press(*["escape"] * (len(there) - 1))
            assert (stack(seat), seat.pane.has_focus) == (["BoardScreen"], True), keys


@pytest.mark.parametrize("keys", ["P", "exclamation_mark r", "exclamation_mark r plus"])
async def test_time_goes_on_beneath_dialogs(keys: str) -> None:
    async with shared(size=(160, 45)) as seat:
        await seat.press(*keys.split())
        for second in range(1, 4):
            seat.clock.now += 1000
            seat.board._tick()
            await seat.until(partial(shows, seat, f"14:00:0{second}Z"))


def shows(seat: Seat, text: str) -> bool:
    """Tell whether something is to be seen, also what is beneath dialogs."""
    seat.app.live.frames.flush()
    return text in seat.app.export_screenshot(simplify=True)


async def test_keys_that_scroll_act_in_order() -> None:
    async with shared(size=(80, 24)) as seat:
        await seat.press("question_mark")
        await seat.press("G")
        bottom = seat.text
        await burst(seat, "k", "k")
        above = seat.text
        assert above != bottom
        await seat.press("g")
        await burst(seat, "G", "k", "k")
        assert seat.text == above


async def test_the_people_dialog_offers_company_only_where_there_is_some() -> None:
    async with shared() as seat:
        await seat.press("P", "F", "B")
        assert stack(seat) == ["BoardScreen", "PeopleDialog"]
        assert "asked everyone" not in seat.text
        assert len(panes(seat)) == 3
