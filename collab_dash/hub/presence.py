"""Who is here, and where they look. Never stored."""

from __future__ import annotations

import msgspec

from ..wire import PEOPLE, Person
from .subscriber import Subscriber


class Presence:
    """Everybody who is joined, in the order of their coming; each change is pushed to all."""

    def __init__(self) -> None:
        self._here: dict[Subscriber, Person] = {}

    @property
    def people(self) -> list[Person]:
        """Give how each is shown to the others; programs that watch no board have no name and are left out."""
        return [person for person in self._here.values() if person.name]

    def enter(self, subscriber: Subscriber, *, now: int) -> None:
        """Let somebody in."""
        self._here[subscriber] = Person(
            client=subscriber.client,
            name=subscriber.name,
            role=subscriber.role,
            since=now,
            person=subscriber.person,
            color=subscriber.color,
        )
        self._tell()

    def leave(self, subscriber: Subscriber) -> None:
        """Forget somebody."""
        if self._here.pop(subscriber, None) is not None:
            self._tell()

    def introduce(self, subscriber: Subscriber) -> None:
        """Show somebody by the name and colour they have now."""
        person = self._here.get(subscriber)
        if person is not None:
            self._here[subscriber] = msgspec.structs.replace(person, name=subscriber.name, color=subscriber.color)
            self._tell()

    def look(self, subscriber: Subscriber, page: str, pane: str) -> None:
        """Note where somebody looks."""
        person = self._here.get(subscriber)
        if person is not None and (person.page, person.pane) != (page, pane):
            self._here[subscriber] = msgspec.structs.replace(person, page=page, pane=pane)
            self._tell()

    def _tell(self) -> None:
        people = self.people
        for subscriber in self._here:
            subscriber.push(PEOPLE, people)
