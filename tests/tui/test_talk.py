"""Marks and notes on the board."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Input

from collab_dash.board import Page, Pane
from collab_dash.doc import edits
from collab_dash.doc.entries import Author
from collab_dash.peer.updates import Firing
from collab_dash.tui.panes.log import LogPane
from collab_dash.wire import Alert
from tui.fake_session import NOON, tick
from tui.talking import ANA, BO, CHAT, JSON, LINE, LOG, MARKS, TABLE, at_board, rows, session, toasts

# Marks


async def test_a_mark_stands_on_its_row_and_m_takes_ones_own_away() -> None:
    async with at_board(session(LOG, TABLE, JSON, MARKS)) as (seat, bo):
        await seat.press("1", "down", "down", "m")
        (id_,) = seat.session.shared.document.marks
        mark = seat.session.shared.document.marks[id_]
        assert (mark.offset, mark.feed, mark.key, mark.by) == (59, "btc", "BTC-USD", ANA)
        assert mark.text == "BTC-USD  price=103"
        assert "^ana" in seat.line("13:59:59")
        bo.mark(59, at=NOON + 1)
        await seat.until(lambda: "^ana +1" in seat.text)
        await seat.press("m")
        await seat.until(lambda: "^bo" in seat.line("13:59:59"))
        assert [each.by for each in seat.session.shared.document.marks.values()] == [BO]


async def test_a_mark_of_the_latest_event_is_seen_in_table_json_and_chart() -> None:
    async with at_board(session(TABLE, JSON, LINE), size=(160, 45)) as (seat, bo):
        id_ = bo.mark(60)
        bo.comment(id_, "spike = listing?")
        await seat.until(lambda: "^bo 1" in seat.line("offset    60"))
        assert "^bo 1" in seat.line("BTC-USD")
        assert '^bo "spike = listing?"' in seat.text
        await seat.happen(tick(61, 1.0))
        assert "^bo 1" in seat.line("BTC-USD")
        assert "^bo" not in seat.line("offset    61")


async def test_a_mark_is_a_moment_where_there_is_no_event_and_while_travelling() -> None:
    async with at_board(session(MARKS, LOG)) as (seat, _):
        await seat.press("1", "m")
        marks = seat.session.shared.document.marks
        assert [(mark.offset, mark.time) for mark in marks.values()] == [(None, NOON)]
        seat.app.live.travel.seek(NOON - 30_000)
        await seat.until(lambda: seat.app.live.travel.settled)
        await seat.press("2", "m")
        assert sorted(mark.time for mark in marks.values()) == [NOON - 30_000, NOON]
        await seat.press("down", "m")
        assert [mark.offset for mark in marks.values() if mark.offset] == [30]
        assert len(list(seat.app.live.travel.flags(NOON - 60_000, NOON + 1))) == 3


async def test_a_mark_that_others_commented_on_is_not_taken_away_with_their_words() -> None:
    async with at_board(session(LOG)) as (seat, bo):
        await seat.press("down", "m")
        (id_,) = seat.session.shared.document.marks
        bo.comment(id_, "mine now")
        await seat.until(lambda: "^ana 1" in seat.text)
        await seat.press("m")
        assert id_ in seat.session.shared.document.marks
        assert any("others have commented" in toast for toast in toasts(seat))


async def test_walking_goes_from_page_to_page_and_fetches_what_has_scrolled_by() -> None:
    other = Page(title="Other", panes=(TABLE, LOG))
    quakes = [tick(3001, 5.0, feed="usgs", key="q")]
    made = session(Pane(feeds=("usgs",), view="log", title="Quakes"), pages=(other,), count=3000)
    made.past += quakes
    async with at_board(made) as (seat, bo):
        here, far, recent = bo.mark(3001), bo.mark(20), bo.mark(2990)
        moment = bo.mark(time=NOON - 40_000)
        await seat.settle()
        await seat.press("u")
        await seat.until(lambda: rows(seat.pane).cursor == 0)
        assert seat.pane.name_on_screen == "Quakes"
        await seat.press("u")
        await seat.until(lambda: "[2 Other]" in seat.text and rows(seat.pane).cursor is not None)
        log = seat.pane
        assert isinstance(log, LogPane)
        chosen = log.chosen()
        assert chosen is not None
        assert chosen.offset == 20
        assert log.frozen == "PINNED"
        await seat.press("u")
        await seat.until(lambda: (event := log.chosen()) is not None and event.offset == 2990)
        made.past.append(tick(3002, 7.0))
        await seat.happen(made.past[-1])
        assert "PINNED +1 new" in seat.text
        await seat.press("L")
        await seat.settle()
        assert log.last is not None
        assert (log.last.offset, log.frozen, log.count()) == (3002, "", 2000)
        await seat.press("U")
        await seat.until(lambda: (event := log.chosen()) is not None and event.offset == 20)
        assert seat.board._walked == far
        await seat.press("u", "u")
        await seat.until(lambda: seat.board._walked == here or seat.app.live.travel.position == NOON - 40_000)
        assert {here, recent, moment} <= set(seat.app.live.talk.marks.marks)


async def test_an_event_that_no_pane_shows_opens_by_itself_and_one_that_is_gone_is_said_to_be() -> None:
    made = session(CHAT, Pane(feeds=("none",), view="log"))
    async with at_board(made) as (seat, bo):
        bo.say("look at #30")
        bo.say("and #4711", at=NOON + 1)
        await seat.until(lambda: "#4711" in seat.text)
        await seat.press("1", "up", "enter")
        await seat.until(lambda: any("event #4711 is not in the log yet" in toast for toast in toasts(seat)))
        await seat.press("up", "o")
        await seat.until(lambda: "ticker:update" in seat.text)
        assert "offset    30" in seat.text


async def test_the_view_of_marks_has_the_latest_first_and_leads_there() -> None:
    async with at_board(session(MARKS, LOG), size=(160, 45)) as (seat, bo):
        assert "Nothing is marked yet. m marks an event" in seat.text
        early, late = bo.mark(20, text="the early one"), bo.mark(40, text="the late one")
        bo.comment(early, "first\nof all")
        for n in range(3):
            bo.comment(early, "more", at=NOON + 1 + n)
        bo.resolve(late)
        await seat.until(lambda: "1 resolved" in seat.text)
        lines = [line for line in seat.text.splitlines() if "the " in line and "btc" in line]
        assert "✓bo" in lines[0]
        assert "the late one" in lines[0]
        assert '"first↵of all"' in lines[1]
        assert "3 replies" in lines[1]
        await seat.press("1", "down", "down", "enter")
        await seat.until(lambda: isinstance(seat.pane, LogPane))
        event = seat.pane.chosen()
        assert event is not None
        assert event.offset == 20


async def test_alerts_stand_among_the_marks_by_time_and_lead_to_what_fired_them() -> None:
    async with at_board(session(MARKS, LOG), size=(160, 45)) as (seat, bo):
        bo.mark(40, text="a mark")
        facts: dict[str, Any] = {"rule": "r", "name": "big move", "when": "price > 5", "feed": "btc", "fired": NOON}
        fired = Alert(alert="x", offset=50, time=NOON - 10_000, key="BTC-USD", text="price=101", **facts)
        early = Alert(alert="y", offset=None, time=NOON - 50_000, text="price=99", **facts)
        await seat.push(Firing([fired, early]))
        await seat.until(lambda: "not acked" in seat.text and "^bo" in seat.text)
        lines = [line for line in seat.text.splitlines() if "not acked" in line or "a mark" in line]
        assert ["!" in line for line in lines] == [True, False, True]
        assert "BTC-USD  price=101" in lines[0]
        assert "1 mark · 2 firing" in seat.text
        await seat.press("1", "down", "m")
        assert [mark.offset for mark in seat.session.shared.document.marks.values() if mark.by == ANA] == [50]
        await seat.press("g", "enter")
        await seat.until(lambda: isinstance(seat.pane, LogPane) and seat.pane.chosen() is not None)
        event = seat.pane.chosen()
        assert event is not None
        assert event.offset == 50
        await seat.press("1", "G", "enter")
        await seat.until(lambda: any("was not recorded" in toast for toast in toasts(seat)))


# Threads


async def test_a_thread_is_read_written_edited_and_settled() -> None:
    async with at_board(session(LOG), size=(120, 40)) as (seat, bo):
        await seat.press("down", "c")
        (id_,) = seat.session.shared.document.marks
        await seat.write("why")
        await seat.press("ctrl+j")
        await seat.write("oh why")
        await seat.press("enter")
        document = seat.session.shared.document
        (note,) = document.notes.values()
        assert (note.text, note.by, note.mark) == ("why\noh why", ANA, id_)
        theirs = bo.comment(id_, "see \x1b[31m#7", at=NOON + 1)
        await seat.until(lambda: "see ␛[31m#7" in seat.text)
        await seat.press("up", "up", "x", "e")
        assert theirs in document.notes
        await seat.press("home", "down", "down", "e")
        await seat.until(lambda: seat.app.screen.query_one(Input).value == "why↵oh why")
        await seat.write("!")
        await seat.press("enter")
        assert "why\noh why!" in [each.text for each in document.notes.values()]
        await seat.until(lambda: "edited" in seat.text)
        await seat.press("up", "r")
        await seat.until(lambda: "✓ resolved by ana" in seat.text)
        await seat.press("r")
        assert not document.resolved
        await seat.press("home", "down", "down", "x")
        assert [each.by for each in document.notes.values()] == [BO]
        await seat.press("escape")
        assert "^ana 1" in seat.text


async def test_a_host_may_change_what_others_wrote() -> None:
    async with at_board(session(LOG, role="host")) as (seat, bo):
        id_ = bo.mark(60)
        bo.comment(id_, "rude")
        await seat.until(lambda: "^bo 1" in seat.text)
        await seat.press("down", "c", "up", "up", "x")
        assert not seat.session.shared.document.notes


async def test_one_is_told_of_a_comment_on_ones_mark_but_not_of_others() -> None:
    async with at_board(session(LOG)) as (seat, bo):
        await seat.press("down", "m")
        (id_,) = seat.session.shared.document.marks
        bo.comment(bo.mark(3), "talking to myself")
        bo.comment(id_, "agreed", at=NOON + 1)
        await seat.until(lambda: bool(toasts(seat)))
        assert toasts(seat) == ["bo: on BTC-USD  price=104: agreed"]


@pytest.mark.parametrize("keys", [["m"], ["c"], ["C"]])
async def test_a_viewer_reads_all_of_it_and_is_offered_nothing_to_change_it(keys: list[str]) -> None:
    async with at_board(session(LOG, CHAT, role="viewer"), size=(160, 32)) as (seat, bo):
        footer = seat.text.splitlines()[-1]
        for what in ("Mark", "Comment", "Chat"):
            assert what not in footer
        bo.say("hello all")
        await seat.until(lambda: "hello all" in seat.text)
        await seat.press("1", "down", *keys)
        assert not seat.session.shared.document.marks
        assert len(seat.app.screen_stack) == 1
        bo.comment(bo.mark(60), "read this")
        await seat.until(lambda: "^bo 1" in seat.text)
        await seat.press("c")
        await seat.until(lambda: "read this" in seat.text)
        await seat.press("r", "x", "e", "c")
        assert not seat.session.shared.document.resolved
        assert len(seat.session.shared.document.notes) == 1


async def test_a_link_is_copied_for_the_chat() -> None:
    async with at_board(session(LOG)) as (seat, _):
        await seat.press("down", "down", "Y")
        await seat.copied()
        assert toasts(seat) == ["copied #59"]


async def test_a_mark_of_a_document_that_began_anew_is_there_once() -> None:
    async with at_board(session(LOG, CHAT)) as (seat, bo):
        bo.comment(bo.mark(60), "@ana too")
        bo.say("@ana once")
        await seat.until(lambda: "^bo" in seat.text and len(toasts(seat)) == 2)
        replica = seat.app.live.sharing._replica
        assert replica is not None
        replica._restart()
        assert not seat.app.live.talk.marks.marks
        replica._begin()
        await seat.until(lambda: "^bo" in seat.text and "@ana once" in seat.text)
        assert len(toasts(seat)) == 2
        assert list(seat.app.live.talk.marks.marks) == list(seat.session.shared.document.marks)
        seat.session.shared.edit(lambda document: edits.forget_chat(document, keep=0))
        await seat.until(lambda: "@ana once" not in seat.text)


async def test_who_has_no_id_is_told_apart_from_the_person_of_that_name() -> None:
    nobody = Author(name="bo", color=BO.color)
    async with at_board(session(LOG, CHAT, MARKS), size=(160, 45)) as (seat, bo):
        bo.say("it was me")
        bo.say("no, me", by=nobody)
        bo.say("beep", by=Author())
        id_ = bo.mark(60, by=nobody)
        bo.comment(id_, "mine", by=nobody)
        bo.comment(id_, "@ana not mine")
        await seat.until(lambda: "bo         it was me" in seat.text)
        assert "~bo        no, me" in seat.text
        assert "~somebody  beep" in seat.text
        assert "^~bo 2" in seat.line("14:00:00  BTC-USD")
        await seat.press("1", "down", "c")
        await seat.until(lambda: "· ^~bo" in seat.text)
        assert "~bo  14:00:00" in seat.text
        assert " bo  14:00:00" in seat.text


async def test_a_pane_whose_filter_is_not_understood_shows_no_event_that_is_gone_to() -> None:
    bad = Pane(feeds=("btc",), view="log", title="Bad", filter="price >")
    async with at_board(session(bad, LOG)) as (seat, bo):
        bo.mark(50)
        await seat.until(lambda: "^bo" in seat.text)
        await seat.press("u")
        await seat.until(lambda: rows(seat.pane).cursor is not None)
        assert seat.pane.name_on_screen == "Log"
        await seat.press("1", "t", "comma")
        await seat.until(lambda: seat.app.live.travel.settled)


async def test_the_cursor_stays_on_its_mark_when_others_come_before_it() -> None:
    async with at_board(session(MARKS, LOG), size=(160, 45)) as (seat, bo):
        bo.mark(20, by=ANA, text="the early one"), bo.mark(40, by=ANA, text="the late one")
        await seat.until(lambda: "2 marks" in seat.text)
        await seat.press("1", "down", "down")
        bo.mark(50, text="a later one")
        await seat.press("m")
        assert sorted(mark.text for mark in seat.session.shared.document.marks.values()) == [
            "a later one",
            "the late one",
        ]


async def test_the_cursor_stays_on_its_note_when_one_before_it_is_taken_back() -> None:
    async with at_board(session(LOG), size=(120, 40)) as (seat, bo):
        id_ = bo.mark(60)
        first = bo.comment(id_, "one", at=NOON + 1)
        mine = bo.comment(id_, "mine", by=ANA, at=NOON + 2)
        bo.comment(id_, "three", at=NOON + 3)
        await seat.until(lambda: "^bo 3" in seat.text)
        await seat.press("down", "c", "up", "G", "up", "up", "up")
        bo.session.shared.edit(lambda document: edits.remove(document, "notes", first))
        await seat.until(lambda: "one" not in seat.text)
        await seat.press("x")
        assert mine not in seat.session.shared.document.notes


async def test_m_marks_what_is_shown_where_a_pane_is_paused() -> None:
    async with at_board(session(LOG, TABLE, LINE)) as (seat, _):
        for pane in "123":
            await seat.press(pane, "space")
        await seat.happen(tick(61, 7.0))
        for pane in "123":
            await seat.press(pane)
            assert seat.pane.chosen() == tick(60, 104.0)
        await seat.press("space")
        assert seat.pane.chosen() == tick(61, 7.0)


async def test_of_a_line_in_the_chat_that_is_hundreds_of_lines_long_the_first_are_shown() -> None:
    async with at_board(session(CHAT), size=(100, 40)) as (seat, bo):
        bo.say("\n".join(f"x{n}" for n in range(500)))
        bo.say("short", at=NOON + 1)
        await seat.until(lambda: "short" in seat.text)
        assert "x59" in seat.text
        assert "x60" not in seat.text
        assert "and 440 more lines" in seat.text
