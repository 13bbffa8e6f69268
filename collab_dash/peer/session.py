"""Join a session, stay joined."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ..errors import BadFrame, CollabDashError, HubError, JoinRefused
from ..event import Position, unix_ms
from ..wire import INTRODUCE, LEAVE, PROTOCOL, Close, Hello, Resume, Welcome, encode_request
from .address import Address, parse_link
from .answers import Answers
from .connection import ended
from .door import Door
from .inbox import Inbox
from .patience import Patience
from .pending import Pending
from .pushes import News, matter
from .updates import Events as Events
from .updates import Firing as Firing
from .updates import Joined as Joined
from .updates import Knocks as Knocks
from .updates import Lost as Lost
from .updates import People as People
from .updates import Update as Update

if TYPE_CHECKING:
    from .awareness import Awareness
    from .replica import Replica

MAX_UPDATES = 256
LEAVE_TIMEOUT = 3.0

_log = logging.getLogger("collab_dash.peer")


class Session:
    """
    A joined session; made by `join`.

    Iterate over it for updates, in one place only; one that only asks, joined with no feeds, need not. The link is
    kept up in the background: after a break it comes back with backoff and resumes where it left off, so events come
    without gap or duplicate for as long as the log is the same. Of a state that nobody has read yet only the latest
    is told. A reader that is slow slows the link, never the hub.

    Attributes:
        welcome: The hub's last welcome.
        link: The URL this session was joined by, without its token.

    """

    welcome: Welcome
    link: str

    def __init__(
        self, locate: Callable[[], Awaitable[Address]], hello: Hello, waiting: Callable[[], None] | None = None
    ) -> None:
        self._door = Door(locate, hello, waiting or _nothing)
        self._socket: ClientConnection | None = None
        self._updates: News = Pending(MAX_UPDATES, matter)
        self._answers = Answers()
        self._inbox = Inbox(self._door, self._answers, self._updates)
        self._patience = Patience()

    @property
    def linked(self) -> bool:
        """Whether there is a link to the hub just now."""
        return self._socket is not None

    async def __aiter__(self) -> AsyncIterator[Update]:
        """
        Iterate over updates until the session is left.

        Raises:
            JoinRefused: If the hub ends the session for good.

        """
        while True:
            update = await self._updates.get()
            if isinstance(update, CollabDashError):
                await self._updates.put(update)  # whoever iterates again hears it again
                raise update
            yield update

    async def request(
        self, event: str, data: Any = None, *, timeout: float = 10.0, key: str | None = None
    ) -> msgspec.Raw:
        """
        Ask the hub something and wait for its answer.

        Args:
            event: The request's name, such as ``feed:history``.
            data: What JSON can hold; a msgspec struct will do.
            timeout: Seconds to wait.
            key: What to call this request, so that it may be repeated, on another link too, and is done once; for
                ten minutes, and by whoever joined with the same `person`.

        Raises:
            RequestRefused: If the hub answers with an error, or (code ``unavailable``) does not answer in time or is
                not connected; or (code ``too_large``) if it is over 1 MiB, which no hub would hear.

        """
        return await self._answers.ask(self._socket, event, {} if data is None else data, timeout=timeout, key=key)

    async def tell(self, event: str, data: Any) -> None:
        """Send a request that wants no answer; dropped while the link is down."""
        if self._socket is not None:
            try:
                await self._socket.send(encode_request(event, data), text=True)
            except ConnectionClosed:
                _log.debug("%s was not sent: the link is down", event)

    async def send_message(self, message: bytes) -> bool:
        """Send a binary message; tell whether there was a link to send it by."""
        if self._socket is None:
            return False
        try:
            await self._socket.send(message)
        except ConnectionClosed:
            return False
        return True

    def share(self, replica: Replica) -> None:
        """Keep a replica of the shared document in step with the hub's, from now on; its `run` sends what it says."""
        self._inbox.replica = replica
        if self._socket is not None:
            replica.joined(self.welcome)

    def attend(self, awareness: Awareness) -> None:
        """Know where everybody looks, and tell them, from now on; its `run` sends what it says."""
        self._inbox.awareness = awareness
        if self._socket is not None:
            awareness.joined()

    async def introduce(self, name: str, color: str) -> None:
        """Be called and drawn otherwise from now on, by everybody; while the link is down, once it is back."""
        self._door.rename(name, color)
        await self.tell(INTRODUCE, {"name": name, "color": color})

    def retry_now(self) -> None:
        """Do not wait out the pause before the next attempt."""
        self._patience.hurry()

    async def open(self) -> ClientConnection:
        """
        Connect and greet once.

        Raises:
            JoinRefused: If the hub refuses for good.
            HubError: If it cannot be reached.

        """
        self._socket, self.welcome = await self._door.open()
        self.link = self._door.shown
        return self._socket

    async def keep(self, socket: ClientConnection) -> None:
        """Stay joined until cancelled, or until the hub refuses for good; what happens comes out of iterating."""
        try:
            while True:
                self._patience.joined()
                await self._inbox.joined(self.welcome)
                if self._door.renamed:  # meanwhile
                    await self.introduce(self._door.hello.name, self._door.hello.color)
                socket = await self._reopened(await self._read(socket))
        except JoinRefused as error:
            await self._updates.put(error)

    async def _reopened(self, reason: str) -> ClientConnection:
        """
        Try to come back until there is a link again.

        Raises:
            JoinRefused: If the hub refuses for good.

        """
        pauses = self._patience.pauses()
        while True:
            pause = next(pauses)
            await self._updates.put(Lost(reason, unix_ms() + round(pause * 1000)), last=True)
            await self._patience.pause(pause)
            try:
                return await self.open()
            except JoinRefused:
                raise
            except CollabDashError as error:
                reason = str(error)

    async def _read(self, socket: ClientConnection) -> str:
        """
        Read until the link breaks; give the reason.

        Raises:
            JoinRefused: If it is final.

        """
        try:
            while True:
                await self._inbox.take(await socket.recv(decode=False))
        except ConnectionClosed as error:
            end: CollabDashError = ended(None, error)
        except BadFrame as error:
            await socket.close(Close.BAD_FRAME)
            end = HubError(str(error))
        finally:
            self._socket = None
            self._inbox.lost()
        if isinstance(end, JoinRefused):
            raise end
        return str(end)

    async def leave(self) -> None:
        """Say goodbye and close the link; `join` does so at the end of its block. A hub that hears nothing is left."""
        socket = self._socket
        if socket is None:
            return
        try:
            async with asyncio.timeout(LEAVE_TIMEOUT):
                await self.tell(LEAVE, {})
                await socket.close()
        except TimeoutError:
            socket.transport.abort()


def _nothing() -> None:
    """Tell nobody."""


@asynccontextmanager
async def join(
    url: str = "",
    *,
    token: str = "",
    name: str = "",
    person: str = "",
    color: str = "",
    feeds: Sequence[str] = ("*",),
    since: int | None = None,
    resume: Position | None = None,
    locate: Callable[[], Awaitable[str]] | None = None,
    waiting: Callable[[], None] | None = None,
) -> AsyncIterator[Session]:
    """
    Join a session by its link.

    Args:
        url: ``http(s)://host:port/#TOKEN``; ``ws(s)://`` is taken too.
        token: The token, where the URL does not carry it.
        name: What others shall call you; without one you are not shown among the people.
        person: A secret of your own, long and random, by which the hub knows you again.
        color: The name of the colour others shall see you in.
        feeds: Feeds to receive events of; ``*`` for all.
        since: Also receive what the log holds after this offset.
        resume: Go on after this position, where the log is still the same; otherwise start at the present.
        locate: Awaited before each connection instead of using `url`; gives the link to use now.
        waiting: Called whenever a host has to let us in first; there is no limit to how long that takes.

    Raises:
        JoinRefused: If the hub refuses for good.
        HubError: If nothing answers at that address at first.

    """

    async def where() -> Address:
        return parse_link(await locate() if locate is not None else url)

    hello = Hello(
        protocol=PROTOCOL,
        token=token,
        name=name,
        person=person,
        color=color,
        feeds=list(feeds),
        since=since,
        resume=None if resume is None else Resume(epoch=resume.epoch, offset=resume.offset),
    )
    session = Session(where, hello, waiting)
    socket = await session.open()
    with _alone():
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(session.keep(socket), name="session")
            try:
                yield session
            finally:
                await session.leave()
                keeping.cancel()


@contextmanager
def _alone() -> Iterator[None]:
    """Let what the caller's block raised out as itself, not as a group of one."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) == 1:
            raise group.exceptions[0] from None
        raise
