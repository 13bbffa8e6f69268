"""All streams of one Docker engine: its events, and the logs of its containers as they come and go."""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from collab_dash.errors import FeedBroken
from collab_dash.event import Event, rejected
from collab_dash.feed import FeedContext

from ._docker_engine import Engine, Missing
from ._docker_events import engine_event, log_event, name_of, started_at
from ._docker_logs import Again, LogDecoder, LogLine, Place
from ._lines import LineSplitter
from ._merged import Put

PING_EVERY = 30.0
_MOST_FOLLOWED = 90  # the client has a hundred connections
_STARTS_BEFORE = 5_000_000_000  # nanoseconds: a container may speak before the engine tells that it started
_PAUSE = 1.0
_STARTS = ("start", "unpause", "restart")


class Wanted(msgspec.Struct, frozen=True):
    """
    What to follow.

    Args:
        containers: Patterns of names; empty for all.
        labels: All of which a container must have.
        logs: Whether to tell logs.
        events: Whether to tell the engine's events.
        streams: Of a log, ``stdout`` and ``stderr`` or one of them.
        tail: Earlier lines to begin with.

    """

    containers: Sequence[str]
    labels: Sequence[str]
    logs: bool
    events: bool
    streams: Sequence[str]
    tail: int

    def has(self, name: str, labels: Any) -> bool:
        """Tell whether a container is wanted."""
        having = labels if isinstance(labels, dict) else {}
        if self.containers and not any(
            fnmatch.fnmatchcase(name, pattern.removeprefix("/")) for pattern in self.containers
        ):
            return False
        for label in self.labels:
            wanted, equals, value = label.partition("=")
            if wanted not in having or (equals and having[wanted] != value):
                return False
        return True


class Places(msgspec.Struct, omit_defaults=True):
    """
    A cursor.

    Args:
        events: How far the engine's events were told.
        logs: How far the logs were, by a container's short id.

    """

    events: Place = msgspec.field(default_factory=Place)
    logs: dict[str, Place] = msgspec.field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str | None) -> Places:
        """Read a cursor; one that cannot be read counts as none."""
        try:
            return msgspec.json.decode(cursor or "{}", type=cls)
        except ValueError:
            return cls()

    def move(self, source: str, time: int) -> None:
        """Go behind one more of `source`: ``events``, or a container."""
        if source == "events" and time:
            self.events = self.events.after(time)
        elif source and time:
            self.logs[source] = self.logs.get(source, Place()).after(time)

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


Mark = tuple[str, int]
Told = tuple[Event, Mark]


class Follower:
    """
    Follows everything that is wanted.

    Args:
        engine: Where it comes from.
        wanted: What to follow.
        context: Of the feed.

    """

    def __init__(self, engine: Engine, wanted: Wanted, context: FeedContext) -> None:
        self._engine = engine
        self._wanted = wanted
        self._context = context
        self._told = Places.read(context.cursor)  # what the hub was given
        self._read = Places.read(context.cursor)  # what was read, some of which still waits
        self._resumes = bool(self._told.events.time)
        if not self._resumes:
            self._told.events = self._read.events = Place(engine.time)
        self._followed: set[str] = set()
        self._left_out: set[str] = set()

    def keep(self, mark: Mark) -> None:
        """Move the cursor behind what is about to be told."""
        self._told.move(*mark)
        self._context.cursor = str(self._told)

    async def run(self, put: Put[Told]) -> None:
        """
        Put what is to be told, each with its mark, until something breaks.

        Raises:
            BaseExceptionGroup: Of what broke.

        """
        query = {"since": self._read.events.since()} if self._resumes else {}
        async with asyncio.TaskGroup() as group, self._engine.stream("/events", **query) as happenings:
            group.create_task(self._ping())
            if self._wanted.logs:
                await self._follow_listed(group, put)
            self._note()
            await self._read_events(happenings, group, put)
            raise FeedBroken(f"{self._engine.where} ended the stream of events")

    async def _ping(self) -> None:
        """See now and then whether the engine is there; its streams may rightly be quiet."""
        while True:
            await asyncio.sleep(PING_EVERY)
            await self._engine.json("/version")
            self._note()

    def _note(self) -> None:
        count = len(self._followed)
        left_out = f", {len(self._left_out)} left out" if self._left_out else ""
        self._context.note(f"following {count} container{'' if count == 1 else 's'}{left_out}")

    async def _follow_listed(self, group: asyncio.TaskGroup, put: Put[Told]) -> None:
        """Follow what runs and, after a break, what ended meanwhile; forget containers that are gone."""
        listed = await self._engine.json("/containers/json", **({"all": "1"} if self._resumes else {}))
        if not isinstance(listed, list):
            raise FeedBroken(f"{self._engine.where} answers without a list of containers")
        there = {str(each.get("Id"))[:12] for each in listed if isinstance(each, dict)}
        for places in (self._told, self._read):
            places.logs = {short: place for short, place in places.logs.items() if short in there}
        for each in listed:
            name = name_of(each)
            if name is None or not self._wanted.has(name, each.get("Labels")):
                continue
            identity = str(each.get("Id"))
            if each.get("State") == "running" or identity[:12] in self._read.logs:
                since = self._read.events if self._resumes else None
                self._follow(identity, name, group, put, since=since)

    def _follow(
        self, identity: str, name: str, group: asyncio.TaskGroup, put: Put[Told], *, since: Place | None
    ) -> None:
        short = identity[:12]
        if short in self._followed:
            return
        if len(self._followed) >= _MOST_FOLLOWED:
            self._left_out.add(short)
            return
        self._followed.add(short)
        group.create_task(self._read_log(identity, name, put, since=since))

    async def _read_events(self, chunks: AsyncIterator[bytes], group: asyncio.TaskGroup, put: Put[Told]) -> None:
        again, splitter = Again(self._read.events if self._resumes else Place()), LineSplitter()
        async for chunk in chunks:
            for line in splitter.feed(chunk):
                try:
                    happening = msgspec.json.decode(line.raw, type=dict[str, Any])
                    time = int(happening.get("timeNano") or 0)
                except (ValueError, TypeError, RecursionError) as error:
                    await put((rejected(f"not an event of the engine: {error}", line.raw), ("", 0)))
                    continue
                if not again(time):
                    await self._take(happening, time, group, put)
        if splitter.finish():
            raise FeedBroken(f"{self._engine.where} broke off in the middle of an event")

    async def _take(self, happening: dict[str, Any], time: int, group: asyncio.TaskGroup, put: Put[Told]) -> None:
        """Tell an event, and follow the container that it is the start of."""
        kind, action, actor = happening.get("Type"), happening.get("Action"), happening.get("Actor")
        attributes = actor.get("Attributes") if isinstance(actor, dict) else None
        if not isinstance(kind, str) or not isinstance(action, str) or not isinstance(actor, dict):
            raw = msgspec.json.encode(happening)
            await put((rejected("an event of the engine without type, action or actor", raw), ("", 0)))
            return
        attributes = attributes if isinstance(attributes, dict) else {}
        name, identity = str(attributes.get("name") or ""), str(actor.get("ID") or "")
        if kind != "container" and (self._wanted.containers or self._wanted.labels):
            return
        if kind == "container" and not self._wanted.has(name, attributes):
            return
        if self._wanted.events and not action.startswith("exec_"):
            self._read.move("events", time)
            await put((engine_event(kind, action, name, identity, attributes, time), ("events", time)))
        if kind == "container" and action == "destroy":
            self._left_out.discard(identity[:12])
            for places in (self._told, self._read):
                places.logs.pop(identity[:12], None)
        if kind == "container" and action in _STARTS and self._wanted.logs:
            self._follow(identity, name, group, put, since=Place(max(time - _STARTS_BEFORE, 0)))
            self._note()

    async def _read_log(self, identity: str, name: str, put: Put[Told], *, since: Place | None) -> None:
        """Tell a container's log for as long as it runs, from its last lines where nothing says since when."""
        short = identity[:12]
        query = {"follow": "1", "timestamps": "1", **dict.fromkeys(self._wanted.streams, "1")}
        try:
            about = await self._engine.json(f"/containers/{identity}/json")
            while True:
                began = started_at(about)
                place = self._read.logs.get(short, Place())
                start = place if place.time else since
                more = {"tail": str(self._wanted.tail)} if start is None else {"since": start.since()}
                async with self._engine.stream(f"/containers/{identity}/logs", **query, **more) as chunks:
                    await self._read_lines(chunks, LogDecoder(terminal=_has_terminal(about)), identity, name, put)
                about = await self._engine.json(f"/containers/{identity}/json")
                if (now := started_at(about)) is None:
                    return
                since = start or Place(self._engine.time)
                if now == began:
                    await asyncio.sleep(_PAUSE)  # it runs on, and yet its log ended
        except Missing as error:
            if "404" not in str(error):
                await put((rejected(f"the log of {name} cannot be read: {error}", b"", key=name), ("", 0)))
        finally:
            self._followed.discard(short)

    async def _read_lines(
        self, chunks: AsyncIterator[bytes], decoder: LogDecoder, identity: str, name: str, put: Put[Told]
    ) -> None:
        short = identity[:12]
        again = Again(self._read.logs.get(short, Place()))

        async def tell(lines: list[LogLine]) -> None:
            for line in lines:
                if not again(line.time):
                    self._read.move(short, line.time)
                    await put((log_event(line, name, identity), (short, line.time)))

        async for chunk in chunks:
            await tell(decoder.feed(chunk))
        await tell(decoder.finish())


def _has_terminal(about: Any) -> bool:
    config = about.get("Config") if isinstance(about, dict) else None
    return isinstance(config, dict) and config.get("Tty") is True
