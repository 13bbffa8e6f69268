"""What a conformance class says of the feed it is about, and how its checks get at that feed."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import pydantic

from ..event import Event, unix_ms
from ..feed import Feed, FeedContext
from .connection import Connection, Nonconforming, Taken, becomes, census, complain
from .replica import ReplicaServer
from .upstream import NO_FAULTS, REPLICA_FAULTS, Upstream, play

CheckT = TypeVar("CheckT", bound=Callable[..., Any])
LOST = "set context.cursor no earlier than just before the `yield` it belongs to, or let context.carry() do it"
POLLING = ("polling", "long-polling")


class Told:
    """
    What the sample messages become, by one undisturbed connection.

    Args:
        groups: The events of each message.

    """

    def __init__(self, groups: Sequence[Sequence[Taken]]) -> None:
        self.groups = groups

    def __iter__(self) -> Iterator[Taken]:
        return (taken for group in self.groups for taken in group)


class Subject:
    """
    A feed under test.

    Attributes:
        plugin: The feed's class.
        messages: What upstream says, in order: at least two, each of which becomes at least one event.
        malformed: What upstream might say and no feed can read; empty where there are no messages at all.
        malformed_become: What those are to become: ``rejected`` events, or nothing, ``ignored``, for a source known to
            send what concerns nobody.
        resumes: Whether upstream can send again what came while nobody was connected.
        subscribe: How many messages a WebSocket client sends before it is told anything.
        polls: Whether it asks again and again, and so may outlive a cut connection; by default, as its transport says.
        faults: What the upstream can be asked to do wrong; checks of other faults are not there. `REPLICA_FAULTS` by
            default, `NETWORK_FAULTS` behind a `Relay`, `NO_FAULTS` for a source on no network.
        notices_silence: How a dead connection shows without a `silence`, such as ``the library pings``.
        patience: Seconds in which an event must come.
        prompt: Seconds in which it must end when it is told to.
        quiet: Seconds without an event after which a message counts as told.

    """

    plugin: ClassVar[type[Feed[Any]]]
    messages: ClassVar[Sequence[Any]] = ()
    malformed: ClassVar[Sequence[Any]] = ("{not JSON",)
    malformed_become: ClassVar[Literal["rejected", "ignored"]] = "rejected"
    resumes: ClassVar[bool] = False
    subscribe: ClassVar[int] = 0
    polls: ClassVar[bool | None] = None
    faults: ClassVar[Sequence[str]] = REPLICA_FAULTS
    notices_silence: ClassVar[str] = ""
    patience: ClassVar[float] = 3.0
    prompt: ClassVar[float] = 1.0
    quiet: ClassVar[float] = 0.02

    _told: ClassVar[Told | Nonconforming | None] = None

    def upstream(self) -> AbstractAsyncContextManager[Any]:
        """Start the other end: anything that meets `Upstream` and has the `faults` declared."""
        return ReplicaServer(subscribe=self.subscribe, once=not self.resumes)

    def options(self, upstream: Any) -> dict[str, Any]:
        """Give options with which the feed speaks to `upstream`, such as ``{"url": upstream.ws_url}``."""
        complain("options(upstream) is not there", 'say how the feed finds it: return {"url": upstream.ws_url}')

    def context(self, **given: Any) -> FeedContext:
        """Make what a connection is given; `given` says its cursor and the like."""
        return FeedContext(name="conformance", folder=self.folder(), environ=self.environ(), **given)

    def folder(self) -> Path:
        """Give the workspace's folder; relative paths in options start there."""
        return Path.cwd()

    def environ(self) -> Mapping[str, str]:
        """Give the environment that the feed sees."""
        return {}

    def identity(self, event: Event) -> Any:
        """Give what must be the same whenever the same message is told; leave out what rightly differs."""
        return event.type, event.key, event.data

    def feed(self, upstream: Any) -> Feed[Any]:
        """Configure the feed."""
        missing = self.plugin.missing()
        if missing:
            complain(f"{self.plugin.__name__} needs what is not installed", f"pip install {' '.join(missing)}")
        options = self.options(upstream)
        try:
            return self.plugin.configure(options)
        except pydantic.ValidationError as error:
            complain(f"options(upstream) gives options that the feed refuses: {error}", "mend one or the other", error)

    def asks_again(self) -> bool:
        """Tell whether the feed polls."""
        return self.plugin.transport in POLLING if self.polls is None else self.polls

    @asynccontextmanager
    async def connected(
        self, upstream: Upstream, *, feed: Feed[Any] | None = None, within: float = 5.0, **context: Any
    ) -> AsyncIterator[Connection]:
        """Give a connection, and close it; afterwards nothing of it may be left."""
        idle = self._open_connections(upstream)
        with census() as tasks:
            connection = Connection(feed or self.feed(upstream), self.context(**context), patience=self.patience)
            try:
                yield connection
            except BaseException:
                await _close_anyhow(connection)
                raise
            await connection.close(within=within)
        if not await becomes(lambda: self._open_connections(upstream) <= idle, self.prompt):
            complain(
                "the feed has ended and its connection to upstream is still open",
                "hold it in `async with`, so that it is closed however events() ends",
            )
        if not await becomes(lambda: all(task.done() for task in tasks), self.prompt):
            names = ", ".join(sorted(str(task.get_coro()) for task in tasks if not task.done()))
            complain(
                f"the feed has ended and has left tasks running: {names}",
                "start tasks in an asyncio.TaskGroup inside events(), and cancel them when it ends",
            )

    def _open_connections(self, upstream: Any) -> int:
        if tuple(self.faults) == NO_FAULTS:
            return 0
        connections = getattr(upstream, "connections", None)
        if not isinstance(connections, int):
            complain(
                f"{type(upstream).__name__} does not tell its open connections",
                "give it a property `connections`, put a Relay before it, or declare faults = NO_FAULTS",
            )
        return connections

    async def do(self, upstream: Any, fault: str, *arguments: Any, **named: Any) -> None:
        """Have `upstream` do something wrong."""
        act = getattr(upstream, fault, None)
        if act is None:
            complain(
                f"{type(upstream).__name__} has no {fault}()",
                f"add it, or declare faults without {fault!r} on the class",
            )
        done = act(*arguments, **named)
        if inspect.isawaitable(done):
            await done

    async def told(self) -> Told:
        """Give what the messages become, found out once for each conformance class."""
        cls = type(self)
        if "_told" not in cls.__dict__:
            try:
                cls._told = await self._tell_all()
            except Nonconforming as complaint:
                cls._told = complaint
        if isinstance(cls._told, Told):
            return cls._told
        raise cls._told or AssertionError("it was just found out")

    async def _tell_all(self) -> Told:
        if len(self.messages) < 2:
            complain("messages holds less than two samples", "give two or more of the source's real messages")
        groups = []
        async with self.upstream() as upstream, self.connected(upstream) as connection:
            for number, message in enumerate(self.messages, 1):
                groups.append(await self.tell(upstream, connection, message, f"message {number}"))
        return Told(groups)

    async def tell(self, upstream: Upstream, connection: Connection, message: Any, name: str) -> list[Taken]:
        """Have upstream say `message`, and give all that becomes of it."""
        connection.listen()
        await play(upstream, message)
        first = await connection.take(1, name)
        return first + await connection.take_while_they_come(self.quiet)

    def compare(self, got: Sequence[Taken], expected: Sequence[Taken], where: str) -> None:
        """
        See that the events are those expected.

        Raises:
            Nonconforming: If they are not; the text tells the first that differs.

        """
        for number, (one, other) in enumerate(zip(got, expected, strict=True), 1):
            if self.identity(one.event) != self.identity(other.event):
                complain(
                    f"{where}: event {number} is {_shown(one)}\n  and should be {_shown(other)}",
                    self._why(one, other),
                )

    def _why(self, got: Taken, expected: Taken) -> str:
        told = self._told if isinstance(self._told, Told) else ()
        order = [self.identity(taken.event) for taken in told]
        places = [order.index(self.identity(taken.event)) for taken in (got, expected) if self._in(taken, order)]
        if len(places) == 2 and places[0] < places[1]:
            return "it was told before: go on after context.cursor, and set that just before the `yield` it belongs to"
        if len(places) == 2:
            return (
                "what came before it is lost: set context.cursor no earlier than just before the `yield` it belongs to"
            )
        return "the same message must become the same event each time; identity() may leave out what rightly differs"

    def _in(self, taken: Taken, order: Sequence[Any]) -> bool:
        return self.identity(taken.event) in order

    def reverse_clock(self) -> Callable[[], int]:
        """Give a clock that is set back by a minute each time somebody looks at it."""
        now = unix_ms()

        def look() -> int:
            nonlocal now
            now -= 60_000
            return now

        return look


async def _close_anyhow(connection: Connection) -> None:
    try:
        async with asyncio.timeout(5):
            await connection.close()
    except (Nonconforming, TimeoutError):
        pass  # the first complaint is the one that matters


def _shown(taken: Taken) -> str:
    event = taken.event
    text = f"{event.type} {event.key!r} {event.data}"
    return text if len(text) <= 200 else text[:199] + "…"


def applies(condition: Callable[[type[Subject]], bool]) -> Callable[[CheckT], CheckT]:
    """Say of which conformance classes a check is part."""

    def mark(check: CheckT) -> CheckT:
        check.__dict__["applies"] = condition
        return check

    return mark


def needs(*faults: str) -> Callable[[CheckT], CheckT]:
    """Say which faults of the upstream a check asks for."""
    return applies(lambda subject: set(faults) <= set(subject.faults))
