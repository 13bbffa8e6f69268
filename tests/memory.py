"""The shared document's hub and peers without sockets: a log on disk, links of lists, each step at one's bidding."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from collab_dash.board import Board, Page, Pane
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import Author, ChatLine
from collab_dash.doc.sync import Reader, read, write_number
from collab_dash.errors import RequestRefused
from collab_dash.hub.fanout import Format
from collab_dash.hub.handlers import fault_of
from collab_dash.hub.loading import load_shared
from collab_dash.hub.replica import Replica as HubReplica
from collab_dash.hub.shared import Shared
from collab_dash.hub.subscriber import MAX_BACKLOG
from collab_dash.peer.replica import Replica
from collab_dash.store.docs import Updates
from collab_dash.store.log import Log, open_log
from collab_dash.wire import Fault, Saved, Welcome
from doc.replicas import NOON

BOARD = Board(session="test", pages=(Page(title="First", panes=(Pane(title="One"), Pane(title="Two"))),))


def raw(document: Document) -> dict[str, Any]:
    """Give all that is in a document."""
    return {name: root.to_py() for name, root in document.roots.items()}


class Lengths:
    """Messages with their lengths before them."""

    def wrap(self, events: Sequence[bytes]) -> bytes:
        raise AssertionError("no events are sent here")

    def pack(self, messages: Sequence[bytes]) -> bytes:
        return b"".join(write_number(len(message)) + message for message in messages)


FORMAT: Format = Lengths()


class Line:
    """
    One connection between a peer and the hub: what either has sent and the other not yet taken.

    Attributes:
        flowing: Cleared, it backs up.

    """

    def __init__(self, shared: Shared, role: str, person: str) -> None:
        self.format = FORMAT
        self.up: deque[bytes] = deque()
        self.down: deque[bytes | Saved | Fault] = deque()
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.theirs = HubReplica(self, shared, role=role, person=person, saved=self._saved)

    def _saved(self, count: int) -> None:
        self.down.append(Saved(updates=count))

    def write(self, data: bytes) -> None:
        reader = Reader(data)
        size = 0
        while size < len(data):
            message = reader.block()
            self.down.append(message)
            size += len(write_number(len(message))) + len(message)

    def push(self, payload: bytes) -> None:
        raise AssertionError("no text is sent here")

    def backlog(self) -> int:
        return 0 if self.flowing.is_set() else MAX_BACKLOG + 1

    async def drained(self) -> None:
        await self.flowing.wait()

    async def close(self, code: int, reason: str) -> None:
        raise AssertionError("nobody closes this line")

    async def carry_up(self) -> None:
        """Let the hub take one message."""
        try:
            await self.theirs.take(read(self.up.popleft()))
        except RequestRefused as error:
            self.down.append(fault_of(error))

    def carry_down(self, replica: Replica) -> None:
        """Let the peer take one message."""
        message = self.down.popleft()
        if isinstance(message, Saved):
            replica.saved(message)
        elif isinstance(message, Fault):
            replica.refused(message)
        else:
            replica.take(read(message))


class Member:
    """A peer that joins, edits, loses its line and comes back."""

    def __init__(self, name: str, role: str = "editor") -> None:
        self.name = name
        self.role = role
        self.replica = Replica(self)
        self.refused: list[Fault] = []
        self.replica.on_refused = lambda fault, lost: self.refused.append(fault)
        self.line: Line | None = None
        self._running: list[asyncio.Task[None]] = []

    async def send_message(self, message: bytes) -> bool:
        if self.line is None:
            return False
        self.line.up.append(message)
        return True

    def join(self, hub: MemoryHub) -> None:
        """Have a new line to the hub."""
        self.line = Line(hub.shared, self.role, self.name)
        self._running = [asyncio.create_task(self.replica.run()), asyncio.create_task(self.line.theirs.run())]
        welcome: dict[str, Any] = {"session": "test", "epoch": "", "offset": 0, "client": self.name, "ping": 20.0}
        self.replica.joined(Welcome(**welcome, role=self.role, recovered=False, doc=hub.shared.epoch))

    async def lose(self) -> None:
        """Lose the line, and what is on it."""
        if self.line is not None:
            self.line.theirs.end()
            self.line = None
            self.replica.lost()
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    async def sent(self) -> None:
        """Let the replica put on the line what it has to say."""
        for _ in range(3):
            await asyncio.sleep(0)

    @property
    def raw(self) -> dict[str, Any]:
        """All that it has."""
        return raw(self.replica.document)


class MemoryHub:
    """The hub's side, from a database file; it can be killed and started again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.log: Log
        self.shared: Shared
        self._running: asyncio.Task[None]

    async def start(self, **options: Any) -> None:
        self.log = await open_log(self.path)
        self.shared = await load_shared(Updates(self.log), BOARD, **options)
        self._running = asyncio.create_task(self.shared.run())

    async def kill(self) -> None:
        """End it wherever it is: what it accepted and has not written is lost."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self.log.close()

    async def settled(self, members: Sequence[Member]) -> None:
        """Carry all there is to be carried, to and fro, until everybody rests."""
        async with asyncio.timeout(10):
            while True:
                await self.shared.passed_on()
                for member in members:
                    await member.sent()
                lines = [(member, member.line) for member in members if member.line is not None]
                if not any(line.up or line.down for _, line in lines):
                    return
                for member, line in lines:
                    while line.up:
                        await line.carry_up()
                    while line.down and member.line is line:
                        line.carry_down(member.replica)


def say(member: Member, text: str = "hi") -> None:
    """Have a member write in the chat."""
    with member.replica.edit() as document:
        edits.say(document, ChatLine(text=text, by=Author(id=member.name), at=NOON))


def copy_of(hub: MemoryHub) -> Document:
    """Give a replica of what the hub has."""
    return Document(hub.shared.document.since())


@asynccontextmanager
async def hub_at(path: Path, **options: Any) -> AsyncIterator[MemoryHub]:
    """Run the hub's side of a database's document."""
    hub = MemoryHub(path)
    await hub.start(**options)
    try:
        yield hub
    finally:
        await hub.kill()


@asynccontextmanager
async def members_of(hub: MemoryHub, *names: str, role: str = "editor") -> AsyncIterator[list[Member]]:
    """Have peers that joined and have the document."""
    members = [Member(name, role) for name in names]
    for member in members:
        member.join(hub)
    await hub.settled(members)
    try:
        yield members
    finally:
        for member in members:
            await member.lose()
