from __future__ import annotations

from typing import Any, cast

from collab_dash.hub.presence import Presence
from collab_dash.hub.subscriber import Subscriber
from collab_dash.wire import PEOPLE, Person


class Peer:
    """What presence sees of a subscriber."""

    def __init__(self, name: str, role: str = "editor") -> None:
        self.client = f"c-{name}"
        self.name = name
        self.role = role
        self.person = f"p-{name}"
        self.color = "teal"
        self.told: list[list[tuple[str, str]]] = []

    def push(self, event: str, data: Any) -> None:
        assert event == PEOPLE
        self.told.append([(person.name, person.pane) for person in cast("list[Person]", data)])


def enter(presence: Presence, *peers: Peer) -> None:
    for now, peer in enumerate(peers):
        presence.enter(cast("Subscriber", peer), now=now)


def test_all_are_told_who_comes_looks_and_goes() -> None:
    presence, ana, ben = Presence(), Peer("ana"), Peer("ben", "viewer")
    enter(presence, ana, ben)
    presence.look(cast("Subscriber", ben), "Markets", "btc")
    presence.leave(cast("Subscriber", ana))
    here = [[("ana", "")], [("ana", ""), ("ben", "")], [("ana", ""), ("ben", "btc")]]
    assert ana.told == here
    assert ben.told == [*here[1:], [("ben", "btc")]]
    assert [(person.role, person.since) for person in presence.people] == [("viewer", 1)]


def test_nothing_is_told_when_nothing_changed() -> None:
    presence, ana, stranger = Presence(), Peer("ana"), Peer("stranger")
    enter(presence, ana)
    presence.look(cast("Subscriber", ana), "", "")
    presence.look(cast("Subscriber", stranger), "Markets", "btc")
    presence.leave(cast("Subscriber", stranger))
    assert ana.told == [[("ana", "")]]


def test_two_people_of_one_name_are_two() -> None:
    presence, one, other = Presence(), Peer("ana"), Peer("ana")
    enter(presence, one, other)
    presence.leave(cast("Subscriber", one))
    assert [person.name for person in presence.people] == ["ana"]


def test_a_new_name_is_told_to_all_at_once() -> None:
    presence, ana, ben = Presence(), Peer("ana"), Peer("ben")
    enter(presence, ana, ben)
    ben.name, ben.color = "bea", "pink"
    presence.introduce(cast("Subscriber", ben))
    assert ana.told[-1] == ben.told[-1] == [("ana", ""), ("bea", "")]
    assert [(person.person, person.color) for person in presence.people] == [("p-ana", "teal"), ("p-ben", "pink")]


def test_a_program_without_a_name_is_not_among_the_people() -> None:
    presence, ana, tail = Presence(), Peer("ana"), Peer("")
    enter(presence, ana, tail)
    assert [person.name for person in presence.people] == ["ana"]
