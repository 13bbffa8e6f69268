"""Chat on the board."""

from __future__ import annotations

import pytest

from collab_dash.board import Page, Pane
from collab_dash.peer.updates import Joined, Lost
from collab_dash.tui.sharing import SLOW
from collab_dash.wire import Person
from tui.fake_session import NOON, welcome
from tui.talking import ANA, CHAT, LOG, Bo, at_board, people, session, toasts


async def test_what_is_said_is_sent_and_names_are_completed() -> None:
    async with at_board(session(CHAT, LOG)) as (seat, _):
        await seat.press("1", "C")
        await seat.write("1/hi @b")
        await seat.press("tab")
        await seat.write("q")
        await seat.press("enter")
        assert [line.text for line in seat.session.shared.document.chat.values()] == ["1/hi @bo q"]
        await seat.until(lambda: "14:00  ana  1/hi @bo q" in seat.text)
        assert seat.pane.has_focus
        await seat.press("enter", "x", "escape")
        assert len(seat.session.shared.document.chat) == 1
        await seat.press("2", "C")
        assert "enter send" in seat.text
        await seat.write("\\")
        await seat.press("enter")
        await seat.write("two")
        await seat.press("enter", "escape")
        assert len(seat.session.shared.document.chat) == 2
        assert seat.pane.name_on_screen == "Log"


async def test_a_name_rings_its_persons_bell_once_and_not_for_what_was_said_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = session(LOG, pages=(Page(title="Talk", panes=(CHAT,)),))
    bo = Bo(made)
    bo.say("old @ana")
    async with at_board(made) as (seat, _):
        bells: list[str] = []
        monkeypatch.setattr(seat.app, "bell", lambda: bells.append("ring"))
        assert seat.app.live.talk.chat.unread == 0
        bo.say("hello @ana: see #5", at=NOON + 1)
        bo.say("hello @bo", at=NOON + 2)
        bo.say("hello @ana·2", at=NOON + 3)
        await seat.push(people(Person(client="c9", name="ana", role="editor", person="z9", color="red", since=NOON)))
        bo.say("hello @ana·2 again", at=NOON + 4)
        await seat.until(lambda: "2 Talk (4)" in seat.text)
        assert bells == ["ring"]
        assert toasts(seat)[0] == "bo: hello @ana: see #5"
        await seat.press("right_square_bracket")
        await seat.until(lambda: "Talk (" not in seat.text)
        assert seat.app.live.talk.chat.unread == 0


async def test_one_is_called_before_the_people_are_told_anew_after_a_break() -> None:
    async with at_board(session(CHAT)) as (seat, bo):
        await seat.push(Lost("gone", NOON))
        back = welcome(client="c7", role="editor", person=ANA.id, doc=seat.session.shared.epoch, recovered=True)
        await seat.push(Joined(back))
        bo.say("@ana are you back?")
        await seat.until(lambda: toasts(seat) == ["bo: @ana are you back?"])
        assert seat.app.live.talk.me == ANA


async def test_unread_lines_are_counted_in_the_title_until_somebody_looks() -> None:
    async with at_board(session(LOG, CHAT)) as (seat, bo):
        bo.say("one")
        bo.say("two", at=NOON + 1)
        await seat.until(lambda: "2 Chat · 2 new" in seat.text)
        await seat.press("2")
        await seat.until(lambda: "new" not in seat.line("2 Chat"))


async def test_what_is_written_without_a_link_is_kept_and_said_to_wait() -> None:
    async with at_board(session(CHAT)) as (seat, _):
        seat.session.shared.keeps = False
        await seat.push(Lost("gone", NOON + 5000))
        seat.app.live.talk.say("are you there?")
        sharing = seat.app.live.sharing
        assert sharing.unshared == 0
        assert sharing._waiting_since is not None
        sharing._waiting_since -= SLOW
        seat.board._paint_all()
        assert "not yet shared" in seat.line("not yet shared").strip("│┃ ")
        await seat.until(lambda: "not yet shared" in "\n".join(seat.text.splitlines()[2:]))
        await seat.push(Joined(welcome(role="editor", person=ANA.id, doc=seat.session.shared.epoch, recovered=True)))
        replica = sharing._replica
        assert replica is not None
        replica._outgoing.forget()
        replica._outgoing.kept = 1
        seat.board._paint_all()
        assert "not yet shared" not in seat.text


async def test_a_moment_in_the_chat_leads_there_in_time() -> None:
    async with at_board(session(CHAT, LOG)) as (seat, bo):
        bo.say("what was that at 13:59:30?")
        await seat.until(lambda: "13:59:30?" in seat.text)
        await seat.press("1", "up", "enter")
        await seat.until(lambda: seat.app.live.travel.settled and seat.app.live.travel.position == NOON - 30_000)


async def test_long_lines_of_any_script_are_wrapped_by_cells_and_never_obeyed() -> None:
    async with at_board(session(Pane(view="chat", width=4), Pane(feeds=("btc",), view="log", width=8))) as (seat, bo):
        bo.say("東京" * 40 + " \x1b]0;title\x07 " + "x" * 90 + "\u202eback [b]bold[/b]")
        await seat.until(lambda: "bold" in seat.text)
        assert "\x1b" not in seat.text
        assert "\u202e" not in seat.text
        assert "[b]bold[/b]" in seat.text
        assert seat.text.count("東京") == 40
        assert seat.text.count("x" * 20) >= 3


async def test_a_line_dated_ahead_stays_where_it_came_also_when_the_document_begins_anew() -> None:
    made = session(CHAT)
    Bo(made).say("already here", at=NOON - 1)
    async with at_board(made) as (seat, bo):
        chat = seat.app.live.talk.chat
        ahead = bo.say("from a clock that is wrong", at=NOON + 10**9)
        await seat.until(lambda: ahead in chat.lines)
        seat.clock.now += 60_000
        bo.say("what came after it", at=seat.clock.now)
        said = ["already here", "from a clock that is wrong", "what came after it"]
        await seat.until(lambda: [chat.lines[id_].text for id_ in chat.order] == said)
        talk, document = seat.app.live.talk, seat.app.live.sharing.document
        assert document is not None
        talk._follow(None)
        talk._follow({("chat", id_) for id_ in document.chat})
        assert [chat.lines[id_].text for id_ in chat.order] == said
        assert seat.pane.digest() == "bo: what came after it"
