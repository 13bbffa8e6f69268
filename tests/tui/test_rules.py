"""Rules are made, edited, switched and taken away on the board, alone or by two at once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from collab_dash.board import Pane
from collab_dash.doc import edits
from collab_dash.rules import Rule
from collab_dash.tui.screens.alerts import AlertsDialog
from collab_dash.tui.screens.rule_form import RuleForm
from collab_dash.tui.screens.rules import RulesDialog
from tui.fake_session import NOON, FakeSession, board, tick
from tui.opened import Seat, opened
from tui.test_alerts import LonelySession

MOVE = Rule(when="btc: price > 5", name="big move", hold=30.0)
QUAKE = Rule(when="quakes: mag > 4")


@asynccontextmanager
async def listed(*rules: Rule, **changes: Any) -> AsyncIterator[Seat]:
    """Open the dialog of a session that has these rules."""
    session = FakeSession(board(Pane(feeds=("btc",), title="Log")), [tick(1, 1.0)], **changes)
    session.shared.edit(lambda document: [edits.add_rule(document, rule) for rule in rules])
    async with opened(session) as seat:
        await seat.until(lambda: seat.app.live.sharing.document is not None)
        await seat.press("exclamation_mark", "r")
        assert isinstance(seat.app.screen, RulesDialog)
        yield seat


def shared(seat: Seat) -> Sequence[Rule]:
    """Give the rules as everybody has them."""
    return seat.session.shared.document.rules


async def into(seat: Seat, field: str, text: str) -> None:
    """Write a text over what stands in a field."""
    line = seat.field(field)
    line.focus()
    line.value = text
    await seat.pilot.pause()


async def saved(seat: Seat) -> None:
    """Save, and wait until the form is gone."""
    await seat.press("enter")
    await seat.until(lambda: isinstance(seat.app.screen, RulesDialog))


async def test_a_new_rule_is_typed_and_chosen() -> None:
    async with listed(MOVE) as seat:
        await seat.press("plus", *"btc", "colon", "space", *"price", "space", "greater_than_sign", "space", "9")
        assert "New rule" in seat.text
        await seat.press("down", *"up", "down", "down", "down")
        assert "bell, toast" in seat.text
        await into(seat, "cooldown", "5m")
        await saved(seat)
        await seat.until(lambda: len(shared(seat)) == 2)
        new = shared(seat)[1]
        assert (new.when, new.name, new.hold, new.cooldown) == ("btc: price > 9", "up", 0.0, 300.0)
        assert new.notify == ("bell", "toast")
        assert "on   btc: price > 9  “up” · cooldown 5m · bell, toast" in seat.text
        dialog = seat.app.screen
        assert isinstance(dialog, RulesDialog)
        assert dialog.chosen_id == new.id
        await seat.press("escape", "escape")
        assert seat.app.screen is seat.board


async def test_only_what_was_changed_is_written_and_what_others_do_meanwhile_stays() -> None:
    async with listed(QUAKE, MOVE) as seat:
        await seat.press("down", "e")
        assert "Edit big move" in seat.text
        id_ = shared(seat)[1].id
        await into(seat, "notify", "toast, phone")
        assert "phone: only if the host's workspace has such a target" in seat.text
        await into(seat, "hold", "")
        seat.session.shared.edit(lambda doc: edits.change(doc, "rules", id_, name="theirs", hold=60.0))
        await seat.until(lambda: "somebody made it 1m meanwhile" in seat.text)
        assert "theirs" in seat.text
        await saved(seat)
        await seat.until(lambda: shared(seat)[1].notify == ("toast", "phone"))
        assert shared(seat)[1] == Rule(id=id_, when=MOVE.when, name="theirs", hold=0.0, notify=("toast", "phone"))
        assert shared(seat)[0].when == QUAKE.when


async def test_faults_are_told_with_their_place_and_nothing_is_saved() -> None:
    async with listed(MOVE) as seat:
        await seat.press("plus")
        await seat.press("enter")
        assert "names of feeds, a colon, a condition" in seat.text
        for field, text, says in (
            ("when", "btc: price >", "character 13: expected a value"),
            ("when", "alerts: true", "character 1: alerts cannot fire alerts"),
            ("when", "btc", "character 1: expected the names of feeds and a colon"),
            ("name", "n" * 81, "at most 80 characters"),
            ("hold", "soon", "'soon' is not a span of time"),
            ("cooldown", "400d", "at most a year"),
            ("notify", ", ".join(f"t{n}" for n in range(17)), "at most 16"),
        ):
            await into(seat, field, text)
            assert says in seat.text, seat.text
            await into(seat, field, "" if field != "when" else text)
        await seat.press("enter")
        assert isinstance(seat.app.screen, RuleForm)
        await into(seat, "when", "btx, btc: true")
        assert "no feed here is called btx" in seat.text
        await seat.press("escape")
        assert len(shared(seat)) == 1


async def test_a_rule_is_switched_taken_away_and_brought_back() -> None:
    async with listed(QUAKE, MOVE) as seat:
        await seat.press("space")
        await seat.until(lambda: not shared(seat)[0].enabled)
        await seat.until(lambda: "off  quakes: mag > 4" in seat.text)
        await seat.press("space", "down", "x")
        await seat.until(lambda: [rule.when for rule in shared(seat)] == [QUAKE.when])
        assert shared(seat)[0].enabled
        assert "Rules · 1" in seat.text
        await seat.press("ctrl+z")
        await seat.until(lambda: len(shared(seat)) == 2)
        messages = [toast.message for toast in seat.app._notifications]
        assert messages == ["took away big move · ctrl+z brings it back", "undone: rule big move is back"]
        await seat.press("x", "escape", "escape")
        await seat.until(lambda: len(shared(seat)) == 1)
        await seat.press("backspace")
        await seat.until(lambda: len(shared(seat)) == 2)


async def test_a_rule_that_is_taken_away_while_it_is_edited_says_so() -> None:
    async with listed(MOVE) as seat:
        await seat.press("enter")
        id_ = shared(seat)[0].id
        await into(seat, "name", "mine")
        seat.session.shared.edit(lambda doc: edits.close(doc, "rules", id_, now=NOON))
        await seat.until(lambda: "big move was taken away meanwhile: there is nothing to save" in seat.text)
        await seat.press("enter")
        assert isinstance(seat.app.screen, RuleForm)
        seat.session.shared.edit(lambda doc: edits.change(doc, "rules", id_, gone=0))
        await seat.until(lambda: "taken away meanwhile" not in seat.text)
        await saved(seat)
        await seat.until(lambda: shared(seat)[0].name == "mine")


async def test_the_list_follows_others_and_the_choice_stays() -> None:
    async with listed(QUAKE, MOVE) as seat:
        await seat.press("down")
        first = shared(seat)[0].id
        seat.session.shared.edit(lambda doc: edits.close(doc, "rules", first, now=NOON))
        await seat.until(lambda: "Rules · 1" in seat.text)
        await seat.press("x")
        await seat.until(lambda: "no rules yet; + makes one" in seat.text)
        await seat.press("x", "space", "enter")
        assert isinstance(seat.app.screen, RulesDialog)


async def test_a_viewer_looks_only() -> None:
    async with listed(MOVE, role="viewer") as seat:
        assert "on   btc: price > 5  “big move” · for 30s" in seat.text
        assert "take away" not in seat.text
        await seat.press("space", "x", "plus", "enter", "ctrl+z")
        assert isinstance(seat.app.screen, RulesDialog)
        assert [rule.name for rule in shared(seat) if rule.enabled] == ["big move"]


async def test_without_a_shared_document_it_says_so() -> None:
    async with opened(LonelySession()) as seat:
        await seat.press("exclamation_mark", "r")
        assert "there is no shared document here" in seat.text
        await seat.press("plus", "e", "space", "x", "escape")
        assert isinstance(seat.app.screen, AlertsDialog)


async def test_the_rules_are_found_by_name() -> None:
    async with opened(FakeSession(board(Pane(feeds=("btc",))))) as seat:
        await seat.press("colon", *"Rules")
        await seat.until(lambda: "when alerts fire, for everybody" in seat.text)
        await seat.press("down", "enter")
        await seat.until(lambda: isinstance(seat.app.screen, RulesDialog))
