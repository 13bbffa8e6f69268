"""Who is here: the rules, told the time."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from collab_dash.doc.sync import Presence as Said
from collab_dash.errors import BadFrame
from collab_dash.glance import ASLEEP_AFTER, RENEWED_EVERY
from collab_dash.hub.presence import Presence
from collab_dash.hub.seat import GRACE


class Peer:
    """What presence sees of a joined program."""

    def __init__(self, name: str, role: str = "editor", *, person: str = "") -> None:
        self.client = f"c-{name}"
        self.name = name
        self.role = role
        self.person = person or f"{len(name):x}{ord(name[0]) if name else 0:x}"
        self.color = "teal"


class Room(NamedTuple):
    """Presence with a clock."""

    presence: Presence

    def enter(self, *peers: Peer, now: float = 0.0) -> None:
        for peer in peers:
            self.presence.enter(peer, now=now, at=1000)

    def say(self, peer: Peer, number: int, clock: int = 1, now: float = 0.0, **state: Any) -> None:
        self.presence.take(peer, [said(number, clock, **state)], now=now)

    def news(self) -> dict[int, dict[str, Any] | None]:
        return {entry.client: json.loads(entry.state) for entry in self.presence.news()}

    @property
    def shown(self) -> list[tuple[str, str]]:
        return [(person.name, person.pane) for person in self.presence.people]


def said(number: int, clock: int = 1, **state: Any) -> Said:
    return Said(number, clock, json.dumps(state).encode())


def room(*peers: Peer) -> Room:
    made = Room(Presence())
    made.enter(*peers)
    return made


ana, bo = Peer("ana"), Peer("bo", "viewer")


def test_people_are_shown_in_the_order_of_their_coming_with_what_they_say() -> None:
    here = room(ana, bo, Peer(""))
    here.say(ana, 7, page="p1", pane="q1", time=5, leads=True, follows="c-bo", away=True, offset=3)
    here.presence.look(bo, "p1", "q2", now=0.0)
    one, other = here.presence.people
    assert (one.name, one.page, one.pane, one.time, one.leads, one.follows, one.away) == (
        "ana", "p1", "q1", 5, True, "c-bo", True,
    )  # fmt: skip
    assert (other.name, other.role, other.pane, other.since) == ("bo", "viewer", "q2", 1001)


def test_the_hub_says_who_it_is_whatever_they_say() -> None:
    here = room(bo)
    here.say(bo, 7, user={"name": "ana", "id": "x", "role": "host", "hat": 1}, client="c-ana", since=0, leads=True)
    state = here.news()[7]
    assert state == {
        "user": {"name": "bo", "color": "#53b9b1", "id": bo.person, "role": "viewer", "hat": 1},
        "client": "c-bo",
        "since": 1000,
    }


def test_a_program_that_says_its_name_only_in_its_state_is_called_by_it() -> None:
    editor = Peer("")
    here = room(editor)
    assert here.shown == []
    here.say(editor, 7, user={"name": " Zoë ", "color": "#123456"})
    assert here.shown == [("Zoë", "")]


def test_nobody_speaks_for_another() -> None:
    here = room(ana, bo)
    here.say(ana, 7, pane="a")
    here.presence.take(bo, [said(7, 9, pane="forged"), said(8, 1, pane="b")], now=0.0)
    here.say(bo, 7, 10, pane="forged")
    assert here.shown == [("ana", "a"), ("bo", "b")]


def test_what_others_said_before_they_went_makes_nobody_them() -> None:
    here = room(ana, bo)
    here.say(ana, 7, pane="a")
    here.say(bo, 8, pane="b")
    here.presence.leave(ana, now=0.0, clean=True)
    here.say(bo, 7, 1, pane="a")
    assert here.shown == [("bo", "b")]
    assert [entry.client for entry in here.presence.everything] == [8]


def test_a_replica_that_began_anew_takes_the_place_of_the_old_one() -> None:
    here = room(ana)
    here.say(ana, 7, pane="a")
    here.news()
    here.say(ana, 9, pane="b")
    news = here.news()
    assert news[7] is None
    assert news[9] is not None
    assert here.shown == [("ana", "b")]


def test_older_words_change_nothing_and_renewed_ones_are_passed_on() -> None:
    here = room(ana)
    here.say(ana, 7, 4, pane="a")
    here.say(ana, 7, 3, pane="old")
    assert here.shown == [("ana", "a")]
    here.news()
    here.say(ana, 7, 4, pane="a")
    assert not here.presence.has_news
    here.say(ana, 7, 5, pane="a")
    assert here.presence.has_news


def test_clocks_rise_for_others_as_the_programs_own_or_faster() -> None:
    here = room(ana)
    here.say(ana, 7, 40, pane="a")
    (entry,) = [entry for entry in here.presence.news() if entry.client == 7]
    assert entry.clock == 40
    here.presence.introduce(ana, now=0.0)
    here.say(ana, 7, 41, pane="b")
    (entry,) = here.presence.news()
    assert entry.clock == 42


def test_who_breaks_off_is_back_without_a_blink() -> None:
    here = room(ana, bo)
    here.say(ana, 7, pane="a")
    here.presence.leave(ana, now=10.0, clean=False)
    again = Peer("ana")
    again.client = "c-new"
    here.presence.pass_time(10.0 + GRACE - 0.1)
    here.enter(again, now=10.0 + GRACE - 0.1)
    here.say(again, 7, 1, now=16.0, pane="a")
    assert [(person.name, person.client, person.since) for person in here.presence.people] == [
        ("ana", "c-new", 1000), ("bo", "c-bo", 1001),
    ]  # fmt: skip
    news = here.news()
    assert news[7] is not None
    here.presence.pass_time(20.0)
    assert len(here.shown) == 2


def test_who_stays_away_is_gone_after_the_grace() -> None:
    here = room(ana, bo)
    here.presence.leave(ana, now=10.0, clean=False)
    assert here.presence.due == 10.0 + GRACE
    here.presence.pass_time(10.0 + GRACE)
    assert here.shown == [("bo", "")]


def test_the_same_person_at_two_screens_is_shown_twice() -> None:
    here = room(ana, Peer("ana"))
    assert here.shown == [("ana", ""), ("ana", "")]


def test_who_comes_back_before_the_break_was_noticed_is_there_once() -> None:
    here = room(ana)
    here.say(ana, 7, pane="a")
    again = Peer("ana")
    here.enter(again)
    here.say(again, 7, 2, pane="b")
    assert here.shown == [("ana", "b")]
    assert here.presence.people[0].since == 1000


def test_a_sleeper_goes_and_is_back_with_its_next_word() -> None:
    here = room(ana, bo)
    here.say(ana, 7, pane="a")
    here.news()
    here.presence.pass_time(ASLEEP_AFTER)
    assert here.shown == [("bo", "")]
    assert here.news()[7] is None
    here.say(ana, 7, 1, now=ASLEEP_AFTER + 5, pane="a")
    assert here.shown == [("ana", "a"), ("bo", "")]
    assert here.news()[7] is not None


def test_who_says_that_it_is_gone_is() -> None:
    here = room(ana)
    here.say(ana, 7, pane="a")
    here.presence.take(ana, [Said(7, 2, b"null")], now=1.0)
    assert here.shown == []


def test_those_without_awareness_are_renewed_for_those_who_forget_after_half_a_minute() -> None:
    here = room(ana)
    (first,) = here.presence.news()
    assert here.presence.due == RENEWED_EVERY
    here.presence.pass_time(RENEWED_EVERY)
    (renewed,) = here.presence.news()
    assert (renewed.client, renewed.state) == (first.client, first.state)
    assert renewed.clock > first.clock


@pytest.mark.parametrize(
    "junk", [b"[]", b"{", b"\xff", b'{"a":"' + b"x" * 4096 + b'"}', b'{"a":' + b"[" * 500 + b"]" * 500 + b"}"]
)
def test_a_state_that_is_none_is_refused(junk: bytes) -> None:
    with pytest.raises(BadFrame):
        room(ana).presence.take(ana, [Said(7, 1, junk)], now=0.0)


def test_a_state_of_many_brackets_that_is_not_deep_is_taken() -> None:
    here = room(ana)
    here.say(ana, 7, selections=[[1, 2], {"text": "[["}] * 40)
    (state,) = here.news().values()
    assert state is not None
    assert len(state["selections"]) == 80


def test_fields_of_another_shape_are_not_told() -> None:
    here = room(ana)
    here.say(ana, 7, page=["p"], pane=1, time="noon", away=1, follows=None)
    (person,) = here.presence.people
    assert (person.page, person.pane, person.time, person.away, person.follows) == ("", "", None, False, "")


def test_who_fell_asleep_and_broke_off_is_back_too() -> None:
    here = room(ana)
    here.say(ana, 7, pane="a")
    here.presence.pass_time(ASLEEP_AFTER)
    here.presence.leave(ana, now=ASLEEP_AFTER, clean=False)
    here.enter(Peer("ana"), now=ASLEEP_AFTER + 1)
    assert here.shown == [("ana", "a")]


def test_who_has_no_secret_keeps_no_place() -> None:
    here = room(Peer("ana", person="c-ana"))
    here.presence.leave(next(iter(here.presence._seats)), now=0.0, clean=False)
    assert here.shown == []


def test_a_number_that_was_never_told_is_not_told_to_be_gone() -> None:
    editor = Peer("")
    here = room(editor)
    assert here.news() == {}
    here.say(editor, 7, user={"name": "Zoë"})
    assert list(here.news()) == [7]
    here.presence.leave(editor, now=0.0, clean=True)
    assert here.news() == {7: None}


@pytest.mark.parametrize(("number", "clock"), [(1 << 53, 1), (7, 1 << 60)])
def test_numbers_that_others_cannot_read_are_refused(number: int, clock: int) -> None:
    with pytest.raises(BadFrame, match="bits"):
        room(ana).presence.take(ana, [said(number, clock)], now=0.0)


@pytest.mark.parametrize("time", [-1, 10**18, 1.5, True])
def test_a_moment_that_no_clock_shows_is_not_told(time: Any) -> None:
    here = room(ana)
    here.say(ana, 7, time=time)
    assert here.presence.people[0].time is None
