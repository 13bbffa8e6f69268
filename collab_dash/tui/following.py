"""Going along with somebody: their page, pane, row and moment become ours, until we move ourselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..wire import Person

if TYPE_CHECKING:
    from .live import Live

PATIENCE = 10.0


class Following:
    """
    Whom we follow.

    Args:
        live: The screen's hold on the session.
        now: A monotonic clock, in seconds.

    Attributes:
        whole: Whether we follow all of where they look, or the moment alone.
        show: Shows where somebody looks, all of it or the moment alone; tells whether that could be done now.
        say: Says a word to whoever sits here.

    """

    def __init__(self, live: Live, now: Callable[[], float]) -> None:
        self.whole = True
        self.show: Callable[[Person, bool], bool] = lambda person, whole: False
        self.say: Callable[[str], None] = lambda word: None
        self._live = live
        self._now = now
        self._whom: Person | None = None
        self._shown: Person | None = None
        self._patient_until = 0.0
        self._people_before: Sequence[Person] = ()

    @property
    def client(self) -> str:
        """The client that we follow; empty for nobody."""
        return self._whom.client if self._whom is not None else ""

    @property
    def name(self) -> str:
        """What they are called; empty for nobody."""
        return self._live.state.name_of(self._whom) if self._whom is not None else ""

    def begin(self, person: Person, *, whole: bool = True) -> None:
        """Follow somebody; whoever follows us, also by way of others, is not followed: nobody would lead."""
        state = self._live.state
        if circle_of(state.people, person, state.me):
            self.say(f"{state.name_of(person)} follows you")
            return
        self._whom, self._shown, self.whole = person, None, whole
        self._changed()

    def stop(self, word: str = "") -> bool:
        """Follow nobody; tell whether we did."""
        if self._whom is None:
            return False
        self._whom = self._shown = None
        if word:
            self.say(word)
        self._changed()
        return True

    def look(self) -> None:
        """Go where they have gone."""
        state = self._live.state
        if not state.joined:
            # A hub that was started again has yet to hear of them; until it says who is there, we know who was.
            self._patient_until, self._people_before = self._now() + PATIENCE, state.people
        if self._whom is None or not state.joined:
            return
        name, person = self.name, found(state.others(), self._whom)
        if person is None:
            if self._now() >= self._patient_until:
                self.stop(f"{name} has left")
            return
        self._whom = person
        if state.people is not self._people_before:
            self._patient_until = 0.0
        if self._is_ours_to_break(person):
            self.stop(f"{name} follows you")
        elif not self.whole and not person.leads:
            if person.time is None:
                self.show(person, False)
            self.stop(f"{name} leads no longer")
        elif not same_sight(person, self._shown) and self.show(person, self.whole):
            self._shown = person

    def _is_ours_to_break(self, person: Person) -> bool:
        """Tell whether we follow in a circle, and are the one of it to let go: everybody in it comes to one answer."""
        me = self._live.state.me
        circle = circle_of(self._live.state.people, person, me)
        return me is not None and bool(circle) and me.client == min(each.client for each in circle)

    def _changed(self) -> None:
        self._live.state.changed()


def found(people: Sequence[Person], whom: Person) -> Person | None:
    """Find somebody again, who may have come back by another link, or to another hub."""
    tests: tuple[Callable[[Person], bool], ...] = (
        lambda person: person.client == whom.client,
        lambda person: person.since == whom.since > 0,
        lambda person: bool(whom.person) and (person.person, person.name) == (whom.person, whom.name),
    )
    return next((person for test in tests for person in people if test(person)), None)


def circle_of(people: Sequence[Person], whom: Person, me: Person | None) -> list[Person]:
    """Give those who follow in a circle once we follow somebody, ourselves among them; nobody if there is none."""
    by_client = {person.client: person for person in people}
    circle: dict[str, Person] = {}
    person: Person | None = whom
    while person is not None and person.client not in circle:
        circle[person.client] = person
        if me is not None and person.client == me.client:
            return list(circle.values())
        person = by_client.get(person.follows)
    return []


def same_sight(one: Person, other: Person | None) -> bool:
    """Tell whether the same is to be seen where somebody looks as where they looked."""
    return other is not None and _sight(one) == _sight(other)


def _sight(person: Person) -> tuple[object, ...]:
    return person.page, person.pane, person.offset, person.key, person.scroll, person.time
