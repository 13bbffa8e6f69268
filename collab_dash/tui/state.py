"""What the screen knows of the session, apart from its events."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..board import Board
from ..event import OWN_FEEDS, Event
from ..peer.updates import Firing, Joined, Knocks, Lost, People
from ..people import COLOURS, distinct_names
from ..places import titles
from ..wire import MAX_NAME, Alert, FeedStatus, Knock, Person, SessionStatus, Skipped, Welcome, may
from .drawing.numbers import span
from .drawing.text import clean, cut, width

_ADDRESS = re.compile(r"\w+://\S+: ")
DOWN = ("waiting", "failed")
GLYPHS = {"live": "●", "connecting": "◐", "waiting": "◐", "failed": "✗", "stopped": "○"}
OFFLINE = "◌"
NO_SUCH_FEED = "the session has no feed of this name; somebody may still publish to it"
HEALTH = {"live": "up", "connecting": "warn", "waiting": "warn", "failed": "error", "stopped": "dim"}
TRANSPORTS = {"websocket": "ws", "polling": "poll", "long-polling": "long poll"}


class State:
    """
    The session as this screen knows it.

    Args:
        title: What to call the session before the hub has said.
        clock: The time now, Unix milliseconds.

    Attributes:
        since: When the link came up, was lost, or was first looked for, Unix milliseconds.
        skipped: Events that were not sent to us.
        room_filter: The filter that holds for every pane, empty for none.
        waiting: Whether a host has to let us in first.
        knocks: Those who wait for a host to let them in; told to hosts.

    """

    def __init__(self, title: str, clock: Callable[[], int]) -> None:
        self.title = title
        self.clock = clock
        self.board: Board | None = None
        self.welcome: Welcome | None = None
        self.lost: Lost | None = None
        self.since = clock()
        self.feeds: dict[str, FeedStatus] = {}
        self.status: SessionStatus | None = None
        self.people: list[Person] = []
        self.alerts: list[Alert] = []
        self.waiting = False
        self.knocks: list[Knock] = []
        self._names: dict[str, str] = {}
        self.skipped = 0
        self.room_filter = ""
        self._watchers: list[Callable[[], None]] = []
        self._ahead: int | None = None

    def heard(self, event: Event) -> None:
        """Take note that an event came just now: our clock is ahead of the hub's by no more than it took."""
        took = self.clock() - event.received
        self._ahead = took if self._ahead is None else min(took, self._ahead)

    def hub_clock(self) -> int:
        """Give the time by the clock that events are received by, Unix milliseconds; ours until one came."""
        return self.clock() - (self._ahead or 0)

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` upon every change."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` no more."""
        self._watchers.remove(watcher)

    def changed(self) -> None:
        """Tell everybody who watches."""
        for watcher in tuple(self._watchers):
            watcher()

    def apply(self, update: Joined | Skipped | FeedStatus | SessionStatus | People | Firing | Knocks | Lost) -> None:
        """Take note of what the hub said."""
        match update:
            case FeedStatus():
                self.feeds[update.feed] = update
            case SessionStatus():
                self.status = update
            case People():
                self.people = update.people
                names = distinct_names(clean(person.name) for person in update.people)
                self._names = {person.client: name for person, name in zip(update.people, names, strict=True)}
            case Firing():
                self.alerts = update.alerts
            case Knocks():
                self.knocks = update.knocks
            case Skipped():
                self.skipped += update.last - update.first + 1
            case Joined():
                self.feeds.clear()  # told anew, those that there are
                self.waiting, self.knocks = False, []
                self.welcome, self.lost, self.since = update.welcome, None, self.clock()
            case Lost():
                self.waiting, self.knocks = False, []
                self.since = self.since if self.lost else self.clock()
                self.lost = update
        self.changed()

    def wait(self) -> None:
        """Take note that a host has to let us in."""
        self.waiting = True
        self.changed()

    @property
    def joined(self) -> bool:
        """Whether the link is up."""
        return self.welcome is not None and self.lost is None

    @property
    def name(self) -> str:
        """The session's name."""
        if self.welcome is not None:
            return self.welcome.session
        return self.title

    def may(self, role: str) -> bool:
        """Tell whether we have the rights of `role`."""
        return self.welcome is not None and may(self.welcome.role, role)

    def feed(self, name: str) -> FeedStatus:
        """Give what is known of a feed."""
        known = self.feeds.get(name)
        if known is not None or name in OWN_FEEDS:
            return known or FeedStatus(feed=name, state="live", since=self.since)
        if self.board is None or name in self.board.feeds:
            return FeedStatus(feed=name, state="connecting", since=self.since)
        return FeedStatus(feed=name, state="stopped", since=self.since, note=NO_SUCH_FEED)

    def all_feeds(self) -> list[FeedStatus]:
        """Give every feed, in the order of the workspace file."""
        configured = self.board.feeds if self.board else ()
        others = [name for name in self.feeds if name not in configured]
        return [self.feed(name) for name in (*configured, *others)]

    def name_of(self, person: Person, cells: int = MAX_NAME) -> str:
        """Give what somebody is called here, unlike anybody else, in at most so many cells; clean."""
        name = self._names.get(person.client) or clean(person.name)
        stem, dot, number = name.rpartition("·")
        if width(name) <= cells or not number.isdecimal():
            return cut(name, cells)
        return cut(stem, cells - width(dot + number)) + dot + number

    def name_by(self, client: str, otherwise: str) -> str:
        """Give what somebody is called here, by their client; clean."""
        person = next((person for person in self.people if person.client == client), None)
        return clean(otherwise) if person is None else self.name_of(person)

    def where(self, page: str, pane: str, *, but: str = "") -> str:
        """Say where on the board that is, without a page's title that goes without saying; clean."""
        title, spot = titles(self.board or Board(session=""), page, pane)
        return " › ".join(clean(part) for part in (title, spot) if part and part != but)

    @property
    def me(self) -> Person | None:
        """Ourselves, as others see us."""
        return next((person for person in self.people if self.is_me(person)), None)

    def is_me(self, person: Person) -> bool:
        """Tell whether that is us, at this screen."""
        return self.welcome is not None and person.client == self.welcome.client

    def others(self) -> list[Person]:
        """Give everybody but ourselves."""
        return [person for person in self.people if not self.is_me(person)]


def ink_of(person: Person) -> str:
    """Give the name of the ink that somebody is drawn in."""
    return f"person-{person.color}" if person.color in COLOURS else "text"


def worst(statuses: Sequence[FeedStatus]) -> str:
    """Give the state of the feed that is worst off."""
    order = ("failed", "waiting", "connecting", "stopped", "live")
    states = [status.state for status in statuses if status.state in order]
    return min(states, key=order.index, default="connecting")


def why_stale(state: State, statuses: Sequence[FeedStatus]) -> str:
    """Say why nothing of what these feeds showed is live; empty when something is."""
    if state.lost is not None:
        return f"{next_try(state.lost.retry_at, state.clock())} · no link to the hub"
    bad = [status for status in statuses if status.state in DOWN or (status.attempt and status.state != "live")]
    if not bad or any(status.state == "live" for status in statuses):
        return ""
    said = brief(bad[0].reason) or bad[0].state
    return f"{next_try(bad[0].retry_at, state.clock())} · {said}" if bad[0].retry_at else said


def brief(reason: str) -> str:
    """Give a reason without the address it starts with, for where there is little room."""
    return _ADDRESS.sub("", clean(reason))


def next_try(at: int, now: int) -> str:
    """Say when something that is down is tried again."""
    return f"next try in {span((at - now) / 1000)}" if at > now else "trying now"
