"""Events on their way to the panes: chosen and filtered once, however many panes show them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from heapq import merge
from typing import Any, Protocol

import msgspec

from ..event import Event

HELD = 20_000


class Selection(msgspec.Struct, frozen=True):
    """
    Which events somebody wants.

    Args:
        feeds: Names of feeds; ``*`` for all.
        types: Event types, globs allowed; empty for all.
        key: Only this event key; empty for all.
        filter: A filter expression; empty for none.

    """

    feeds: tuple[str, ...]
    types: tuple[str, ...] = ()
    key: str = ""
    filter: str = ""

    def query(self) -> dict[str, Any]:
        """Give what to ask the hub's log for; key and filter are for ourselves to look at."""
        return {"feeds": None if "*" in self.feeds else list(self.feeds), "types": list(self.types)}


class Tap(Protocol):
    """
    Somebody who takes a stream's events.

    Attributes:
        depth: How many past events it wants at first.
        reach: How many seconds back it wants to see at first.

    """

    depth: int
    reach: int

    def take(self, events: Sequence[Event]) -> None:
        """Take events, oldest first."""

    def gap(self, first: int, last: int) -> None:
        """Take note that events with these offsets were not sent."""

    def clear(self) -> None:
        """Forget every event: other ones follow."""


class Stream:
    """
    The events of one selection, given to its taps.

    Args:
        selection: Which events.

    Attributes:
        turn: How often its past was asked for; an answer to an earlier asking is not used.

    Raises:
        FilterError: If the selection's filter cannot be understood.

    """

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.taps: list[Tap] = []
        self.turn = 0
        self._held: deque[Event] | None = None
        self._anew = False
        self._reached = 0
        self._feeds = frozenset(selection.feeds)
        self._all_feeds = "*" in self._feeds
        self._types: dict[str, bool] = {}
        self._matches: Callable[[Event], bool] | None = None
        if selection.filter:
            from ..filter import compile_filter

            self._matches = compile_filter(selection.filter)

    @property
    def depth(self) -> int:
        """How many past events its taps want at most."""
        return max((tap.depth for tap in self.taps), default=0)

    @property
    def reach(self) -> int:
        """How many seconds back its taps want to see at most."""
        return max((tap.reach for tap in self.taps), default=0)

    @property
    def holding(self) -> bool:
        """Whether its past is still to come."""
        return self._held is not None

    def hold(self, first: Iterable[Event] = (), *, anew: bool = False) -> None:
        """
        Keep what comes until `release`: the past is being fetched.

        Args:
            first: What came already.
            anew: Whether the past stands in place of what the taps have until then.

        """
        self.turn += 1
        self._held = deque(self.choose(first), maxlen=HELD)
        self._anew = anew

    def release(self, past: Sequence[Event], turn: int | None = None) -> None:
        """
        Give the past and then what was held, without what both contain.

        Args:
            past: Events of the log, oldest first.
            turn: The `turn` that it was asked for in; an earlier one than the present does nothing.

        """
        if turn is not None and turn != self.turn:
            return
        held, self._held = self._held or (), None
        self._reached = max((event.offset or 0 for event in past), default=0)
        fresh, chosen = self._unseen(held), self.choose(past)
        if self._anew:
            self.clear()
        if any(event.offset is None for event in fresh):  # it may have come before what the log has
            self._give(list(merge(chosen, fresh, key=lambda event: event.received)))
        else:
            self._give([*chosen, *fresh])

    def show(self, past: Sequence[Event]) -> None:
        """Give a past in place of what the taps have; nothing is held any more."""
        self.hold(anew=True)
        self.release(past)

    def take(self, events: Sequence[Event]) -> None:
        """Choose from `events` and give them to the taps, or hold them."""
        chosen = self.choose(events)
        if self._held is not None:
            self._held.extend(chosen)
            return
        if self._reached:
            chosen = self._unseen(chosen)
        self._give(chosen)

    def _unseen(self, events: Iterable[Event]) -> list[Event]:
        """Leave out what the past had already: it may have been on its way when the past was asked for."""
        fresh = [event for event in events if event.offset is None or event.offset > self._reached]
        if fresh and fresh[-1].offset is not None:
            self._reached = 0  # events come in order: what follows is new
        return fresh

    def clear(self) -> None:
        """Let every tap forget what it has."""
        for tap in self.taps:
            tap.clear()

    def _give(self, events: Sequence[Event]) -> None:
        if events:
            for tap in self.taps:
                tap.take(events)

    def choose(self, events: Iterable[Event]) -> list[Event]:
        """Give those of `events` that belong to this stream."""
        if not self._all_feeds:
            events = [event for event in events if event.feed in self._feeds]
        if self.selection.types:
            events = [event for event in events if self._has_type(event.type)]
        if key := self.selection.key:
            events = [event for event in events if event.key == key]
        if self._matches is not None:
            events = filter(self._matches, events)
        return list(events)

    def _has_type(self, name: str) -> bool:
        known = self._types.get(name)
        if known is None:
            known = any(fnmatchcase(name, pattern) for pattern in self.selection.types)
            if len(self._types) < 1000:
                self._types[name] = known
        return known


class Streams:
    """
    Every stream that somebody taps.

    Attributes:
        on_open: Called with a new stream, which holds what comes until it is released with its past.
        missed: Events that passed and are not in the log, the latest of them.

    """

    def __init__(self) -> None:
        self._streams: list[Stream] = []
        self.missed: deque[Event] = deque(maxlen=HELD)
        self.on_open: Callable[[Stream], None] = lambda stream: stream.release(())

    def __iter__(self) -> Iterator[Stream]:
        return iter(self._streams)

    @property
    def settled(self) -> bool:
        """Whether there are streams, and all of them have their past."""
        return bool(self._streams) and not any(stream.holding for stream in self._streams)

    def tap(self, selection: Selection, tap: Tap) -> Stream:
        """
        Let `tap` have some of the past of `selection`, and everything from now on.

        Raises:
            FilterError: If the selection's filter cannot be understood.

        """
        for stream in self._streams:
            # Only a stream whose past is still to come has the same past for one more.
            if stream.selection == selection and stream.holding:
                stream.taps.append(tap)
                return stream
        stream = Stream(selection)
        stream.taps.append(tap)
        stream.hold()
        self._streams.append(stream)
        self.on_open(stream)
        return stream

    def leave(self, tap: Tap) -> None:
        """Stop giving events to `tap`."""
        for stream in self._streams:
            if tap in stream.taps:
                stream.taps.remove(tap)
        self._streams = [stream for stream in self._streams if stream.taps]

    def take(self, events: Sequence[Event]) -> None:
        """Give events to every stream that wants them."""
        for stream in self._streams:
            stream.take(events)

    def let_pass(self, events: Sequence[Event]) -> None:
        """Give events to nobody, for the past is shown; the log has them, and those it has not are kept."""
        self.missed.extend(event for event in events if event.offset is None)

    def feeds(self) -> list[str] | None:
        """Give the feeds that anybody wants; None for all."""
        feeds = dict.fromkeys(feed for stream in self._streams for feed in stream.selection.feeds)
        return None if "*" in feeds else list(feeds)

    def gap(self, first: int, last: int) -> None:
        """Tell every tap that events were not sent."""
        for stream in self._streams:
            for tap in stream.taps:
                tap.gap(first, last)

    def clear(self) -> None:
        """Let every tap forget what it has."""
        for stream in self._streams:
            stream.clear()
