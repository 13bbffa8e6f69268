"""A hub with a feed of every transport and one that nothing happens to, and a peer who looks on."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from collab_dash.config import Workspace
from collab_dash.event import Event
from collab_dash.peer.session import Events, Session, join
from collab_dash.store.log import open_log
from collab_dash.testing import ReplicaServer
from collab_dash.wire import RECONNECT, FeedStatus
from faults.authority import Authority
from faults.counts import Counts
from faults.line import Line, line_to
from faults.upstreams import TRANSPORTS, Transport, Upstream, upstream_of
from hubs import hub_of, link, workspace_at

T = TypeVar("T")

PATIENCE = 10.0
CALM = "calm"


async def until(condition: Callable[[], object]) -> None:
    """Wait for what no single event tells."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.005)


class Peer:
    """A joined session, all of which is read."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.events: list[Event] = []
        self.statuses: list[FeedStatus] = []

    async def read(self) -> None:
        """Take all that comes."""
        async for update in self.session:
            if isinstance(update, Events):
                self.events += update.events
            elif isinstance(update, FeedStatus):
                self.statuses.append(update)

    def numbers(self, feed: str) -> list[int]:
        """Give the numbers that came from a feed, in order; what is no item counts as -1."""
        found = [event for event in self.events if event.feed == feed]
        return [event.data["id"] if event.type == "item:create" else -1 for event in found]

    def told(self, feed: str) -> list[FeedStatus]:
        """Give what was told of a feed."""
        return [status for status in self.statuses if status.feed == feed]

    async def has(self, feed: str, *numbers: int) -> None:
        """Wait until these have come."""
        try:
            await until(lambda: set(numbers) <= set(self.numbers(feed)))
        except TimeoutError:
            lacking = sorted(set(numbers) - set(self.numbers(feed)))
            raise AssertionError(f"{feed}: {lacking[:9]} never came; {self.told(feed)[-1:]}") from None

    async def goes(self, feed: str, state: str, words: str = "", *, after: int = 0) -> FeedStatus:
        """Wait until a feed is told to be in a state, for a reason with these words."""

        def found() -> list[FeedStatus]:
            return [each for each in self.told(feed)[after:] if each.state == state and words in each.reason]

        try:
            await until(found)
        except TimeoutError:
            told = dict.fromkeys(f"{each.state}: {each.reason}" for each in self.told(feed)[after:])
            raise AssertionError(f"{feed}: was never {state} because {words!r}, but {list(told)}") from None
        return found()[0]


@dataclass
class Actor:
    """
    One transport's feed, and what it is connected to.

    Args:
        feed: The feed's name, which is the transport's.
        transport: How it goes upstream.
        upstream: The source.
        line: Leads there.

    """

    feed: str
    transport: Transport
    upstream: Upstream
    line: Line


@dataclass
class World:
    """
    What there is but for the hub.

    Args:
        workspace: Of all feeds.
        actors: By name.
        calm: The source of the feed to which nothing happens.
        counts: Who counts.
        authority: Who issues certificates.

    """

    workspace: Workspace
    actors: dict[str, Actor]
    calm: ReplicaServer
    counts: Counts
    authority: Authority

    async def each(self, story: Callable[[Actor], Coroutine[None, None, T]]) -> dict[str, T | BaseException]:
        """Have the same happen to every feed at once; give what came of each, or how it failed."""
        told = await asyncio.gather(*map(story, self.actors.values()), return_exceptions=True)
        return dict(zip(self.actors, told, strict=True))

    async def recorded(self) -> dict[str, list[int]]:
        """Give the numbers that are in the log, by feed; there is no gap in the log's own."""
        log = await open_log(self.workspace.db)
        try:
            page = await log.read(after=0, upto=log.last, limit=100_000)
        finally:
            await log.close()
        events = [json.loads(event) for event in page.events]
        assert [event["offset"] for event in events] == list(range(1, len(events) + 1))
        return {
            feed: [event["data"].get("id", -1) for event in events if event["feed"] == feed]
            for feed in (*self.actors, CALM)
        }


@asynccontextmanager
async def world_at(
    folder: Path,
    counts: Counts,
    authority: Authority,
    *,
    host: str = "127.0.0.1",
    secured: bool = False,
    silent: bool = False,
) -> AsyncIterator[World]:
    """
    Run a source of every transport with a line to each, and write the workspace.

    Args:
        folder: Where to.
        counts: Who counts.
        authority: Who issues certificates.
        host: What feeds take for the sources' host.
        secured: Whether the lines are.
        silent: Whether feeds notice a dead line soon.

    """
    (folder / "ca.pem").write_bytes(authority.certificate)
    actors = {}
    async with AsyncExitStack() as stack:
        for name, transport in TRANSPORTS.items():
            upstream = await stack.enter_async_context(upstream_of(transport))
            line = await stack.enter_async_context(line_to(upstream.port, authority.trusted if secured else None))
            actors[name] = Actor(name, transport, upstream, line)
        calm = await stack.enter_async_context(ReplicaServer())
        feeds = [
            actor.transport.feed(name, host, actor.line.port, secured=secured, silent=silent)
            for name, actor in actors.items()
        ]
        feeds.append(f'[feeds.{CALM}]\nuse = "websocket"\nurl = "{calm.ws_url}"\ntype = "item:create"\n')
        yield World(workspace_at(folder, "\n".join(feeds)), actors, calm, counts, authority)


class Scene:
    """
    A world with a hub in this process, and a peer of it.

    Args:
        world: The rest.
        peer: Looks on.

    """

    def __init__(self, world: World, peer: Peer) -> None:
        self.world = world
        self.counts = world.counts
        self.peer = peer

    async def begin(self, actor: Actor, *numbers: int) -> None:
        """Have the first items come, where nobody misses what is said before anybody listens."""
        if not actor.transport.resends:
            await self.peer.goes(actor.feed, "live")
        actor.upstream.tell(*numbers)
        await self.peer.has(actor.feed, *numbers)

    async def reconnect(self, actor: Actor) -> None:
        """Do what a person does who presses the key."""
        await self.peer.session.request(RECONNECT, {"feed": actor.feed})

    def knocks(self, actor: Actor) -> list[float]:
        """Give when a feed tried to connect."""
        return self.counts.knocks(actor.line.port)

    async def calm_goes_on(self) -> None:
        """Have the calm feed's source say something new, and see it come."""
        number = len(self.world.calm.messages) + 1
        self.world.calm.play({"id": number})
        await self.peer.has(CALM, number)

    def check_calm(self) -> None:
        """See that the calm feed had nothing of it all."""
        assert self.peer.numbers(CALM) == list(range(1, len(self.world.calm.messages) + 1))
        assert {status.state for status in self.peer.told(CALM)} <= {"connecting", "live"}


@asynccontextmanager
async def watched(url: str) -> AsyncIterator[Peer]:
    """Join a hub, and read for as long as the block runs."""
    async with join(url, since=0) as session:
        peer = Peer(session)
        reading = asyncio.create_task(peer.read())
        try:
            yield peer
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


@asynccontextmanager
async def scene_of(world: World) -> AsyncIterator[Scene]:
    """Run the hub of a world, and look on."""
    async with hub_of(world.workspace) as hub, watched(link(hub)) as peer:
        yield Scene(world, peer)


class Heard(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        self.records.append(record)

    def of(self, feed: str) -> list[int]:
        """Give the levels at which a feed was spoken of, in order."""
        return [each.levelno for each in self.records if each.getMessage().startswith(f"feed {feed}: ")]


@contextmanager
def listening() -> Iterator[Heard]:
    """Keep what is logged at level INFO and above; there must be no error."""
    heard, root = Heard(), logging.getLogger()
    level = root.level
    root.addHandler(heard)
    root.setLevel(logging.INFO)
    try:
        yield heard
    finally:
        root.setLevel(level)
        root.removeHandler(heard)
    assert [each.getMessage() for each in heard.records if each.levelno >= logging.ERROR] == []
