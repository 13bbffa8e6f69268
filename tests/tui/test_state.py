"""What the screen knows of the session."""

from __future__ import annotations

import pytest

from collab_dash.peer.session import Joined, Lost, People
from collab_dash.tui.state import State, brief, next_try, why_stale, worst
from collab_dash.wire import FeedStatus, Person, Skipped
from tui.fake_session import NOON, Clock, board, live, status, welcome


def state() -> tuple[State, Clock]:
    clock = Clock()
    return State("first", clock), clock


def test_the_name_is_the_hubs_once_it_is_known() -> None:
    known, _ = state()
    assert (known.name, known.joined, known.may("viewer")) == ("first", False, False)
    known.apply(Joined(welcome(role="editor")))
    assert (known.name, known.joined) == ("ops-wall", True)
    assert known.may("editor")
    assert not known.may("host")


def test_offline_since_the_first_break() -> None:
    known, clock = state()
    known.apply(Joined(welcome()))
    clock.now += 5000
    known.apply(Lost("gone", clock.now + 500))
    clock.now += 1000
    known.apply(Lost("still gone", clock.now + 500))
    assert (known.joined, known.since) == (False, NOON + 5000)
    known.apply(Joined(welcome()))
    assert (known.joined, known.since) == (True, NOON + 6000)


def test_every_change_is_told_until_unwatched() -> None:
    known, _ = state()
    told: list[int] = []

    def watcher() -> None:
        told.append(len(told))

    known.watch(watcher)
    known.apply(status())
    known.apply(Skipped(first=3, last=7))
    known.unwatch(watcher)
    known.apply(live())
    assert told == [0, 1]
    assert known.skipped == 5


def test_feeds_are_in_the_workspaces_order() -> None:
    known, _ = state()
    known.board = board(feeds=("b", "a"))
    known.apply(live("z"))
    known.apply(live("a"))
    assert [feed.feed for feed in known.all_feeds()] == ["b", "a", "z"]


def test_others_are_everybody_else() -> None:
    known, _ = state()
    known.apply(Joined(welcome(client="c1")))
    known.apply(People([Person(client="c1", name="ana", role="host"), Person(client="c2", name="bo", role="viewer")]))
    assert [person.name for person in known.others()] == ["bo"]


def test_two_people_of_one_name_stay_apart_even_where_there_is_little_room() -> None:
    known, _ = state()
    known.apply(Joined(welcome(client="c1")))
    people = [
        Person(client=f"c{n}", name=name, role="host") for n, name in enumerate(("ana", "anastasia", "ana", "ana"))
    ]
    known.apply(People(people))
    assert list(map(known.name_of, people)) == ["ana", "anastasia", "ana·2", "ana·3"]
    assert [known.name_of(person, 4) for person in people] == ["ana", "ana…", "a…·2", "a…·3"]
    assert list(map(known.is_me, people)) == [False, True, False, False]


@pytest.mark.parametrize(
    ("feeds", "said"),
    [
        ([], ""),
        ([live()], ""),
        ([live(state="connecting")], ""),
        ([live(state="stopped")], ""),
        ([live(state="waiting", reason="refused", retry_at=NOON + 9000)], "next try in 9.0s · refused"),
        ([live(state="waiting", reason="refused", retry_at=NOON)], "trying now · refused"),
        ([live(state="connecting", attempt=2, reason="refused")], "refused"),
        ([live(state="failed", reason="https://a.example/x: 404")], "404"),
        ([live(state="failed", reason="404"), live("b")], ""),
    ],
)
def test_stale_is_said_with_the_next_try_and_the_reason(feeds: list[FeedStatus], said: str) -> None:
    known, _ = state()
    assert why_stale(known, feeds) == said


def test_everything_is_stale_without_a_link() -> None:
    known, _ = state()
    known.apply(Lost("gone", NOON + 2000))
    assert why_stale(known, [live()]) == "next try in 2.0s · no link to the hub"


def test_the_worst_state_is_shown() -> None:
    assert worst([live(), live(state="failed"), live(state="waiting")]) == "failed"
    assert worst([live(), live(state="stopped")]) == "stopped"
    assert worst([]) == "connecting"
    assert worst([live(state="of a newer version")]) == "connecting"


def test_reasons_are_shortened_and_made_safe() -> None:
    assert brief("wss://feed.example/x: no\x1b such host") == "no␛ such host"
    assert brief("no address: plain") == "no address: plain"
    assert next_try(NOON + 500, NOON) == "next try in 0.5s"
