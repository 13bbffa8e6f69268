"""
The plain y-websocket protocol, ``GET /yjs/SESSION``: programs of Yjs read and write the shared document.

It has no hello and no replies: the token is in the address or a header, and what may not stand closes the link.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import NamedTuple

from starlette.websockets import WebSocket, WebSocketDisconnect

from ..doc.document import NOTHING
from ..doc.sync import Kind, Message, denied, read, write
from ..errors import BadFrame, RequestRefused
from ..hub.attendance import weight_of
from ..hub.bucket import Bucket, turn
from ..hub.hub import Hub
from ..hub.replica import Replica
from ..wire import Close, Code, Knock, may
from .credentials import Credentials
from .frames import binary_frame
from .websocket import PRESENCE_RATE, WebSocketLink

HEARTBEAT = 15.0
MAX_EARLY = 1 << 20
CALLED = "a Yjs program"
OnPresence = Callable[[Message], None]
_NO_NEWS = binary_frame(write(Kind.AWARENESS, b"\x00"))


async def serve_yjs(socket: WebSocket, hub: Hub, credentials: Credentials, *, read_only: bool) -> None:
    """Serve one program from its connection to its end."""
    await socket.accept()
    link = WebSocketLink(socket)
    role = credentials.role(token_of(socket), read_only=read_only)
    if role is None:
        await link.close(Close.BAD_TOKEN, "wrong token; give the one in the session's link as ?token=")
    elif socket.path_params["session"] != hub.session:
        await link.close(Close.NO_SUCH_SESSION, f"the session of this hub is /yjs/{hub.session}")
    else:
        try:
            await link.close(*await _admitted(link, hub, role))
        except* WebSocketDisconnect:
            pass


def token_of(socket: WebSocket) -> str:
    """Give the token of ``?token=``, or else of ``Authorization: Bearer``."""
    scheme, _, given = socket.headers.get("authorization", "").partition(" ")
    return socket.query_params.get("token") or (given.strip() if scheme.lower() == "bearer" else "")


async def _admitted(link: WebSocketLink, hub: Hub, role: str) -> tuple[int, str]:
    """Serve a program, once a host has let it in where they want to be asked; give the code and reason of its end."""
    guest, early = Guest(secrets.token_hex(4), role), Early()
    admission = hub.peers.admission
    if admission.must_ask(role, guest.person):
        knock = Knock(client=guest.client, name=CALLED, role=role, address=link.address)
        try:
            with admission.waiting(knock, guest.person, link) as answer:
                if not await _hearing(link, early, answer):
                    return Close.REMOVED, "the host did not let you in"
        except RequestRefused as error:
            return Close.TOO_MANY, str(error)
    hub.peers.open(guest.client, link)
    try:
        return await _serve(link, hub, guest, early)
    finally:
        hub.peers.shut(guest.client)


async def _hearing(link: WebSocketLink, early: Early, answer: asyncio.Future[bool]) -> bool:
    """Wait for an answer, and keep what the program says meanwhile; it does not say its first words again."""

    async def hear() -> None:
        while True:
            early.note(await link.receive())

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(hear()), tasks.create_task(_heartbeat(link))]
        yes = await answer
        for task in running:
            task.cancel()
    return yes


async def _serve(link: WebSocketLink, hub: Hub, guest: Guest, early: Early) -> tuple[int, str]:
    """Serve until the link breaks, or until what it sends may not stand: then give the code and the reason."""
    role = guest.role
    replica = Replica(link, hub.shared, role=role, person=guest.person, address=link.address)
    program = Program(link, replica, role, on_presence=partial(_take_presence, hub, guest, link))
    hub.presence.come(guest)
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(replica.run()), tasks.create_task(_heartbeat(link))]
            try:
                for frame in early.frames:
                    await program.take(frame)
                while True:
                    await program.take(await link.receive())
            except BadFrame as error:
                return Close.BAD_FRAME, str(error)
            except RequestRefused as error:
                return _closing(error)
            finally:
                for task in running:
                    task.cancel()
    finally:
        hub.presence.leave(guest)
        replica.end()


async def _heartbeat(link: WebSocketLink) -> None:
    """Keep the client, which counts messages and not pings as life, from taking the link for dead after 30 seconds."""
    while True:
        await asyncio.sleep(HEARTBEAT)
        link.write(_NO_NEWS)


def _closing(error: RequestRefused) -> tuple[int, str]:
    if error.code == Code.UNAVAILABLE:
        return Close.NOT_NOW, str(error)
    where = ".".join(map(str, error.path))
    return Close.EDIT_REFUSED, f"{where}: {error}" if where else str(error)


def _take_presence(hub: Hub, guest: Guest, link: WebSocketLink, message: Message) -> None:
    if message.kind is Kind.AWARENESS:
        hub.presence.take(guest, message.payload)
    else:
        hub.presence.attend(guest, link)


class Early:
    """
    What a program says while it waits to be let in: its latest state vector and where it looks.

    Its edits are asked for once it is in. What is no message is kept too, for it ends the link then.
    """

    def __init__(self) -> None:
        self._latest: dict[Kind | None, str | bytes] = {}

    @property
    def frames(self) -> list[str | bytes]:
        """Give what it has to be taken for having said."""
        return list(self._latest.values())

    def note(self, frame: str | bytes) -> None:
        """Note what it says."""
        kind = _kind_of(frame)
        if kind not in (Kind.STEP2, Kind.UPDATE):
            self._latest[kind] = frame if len(frame) <= MAX_EARLY else ""


def _kind_of(frame: str | bytes) -> Kind | None:
    try:
        return read(frame).kind if isinstance(frame, bytes) else None
    except BadFrame:
        return None


class Guest(NamedTuple):
    """Who sits at a program, as others see them: what it says of itself, and the role of its link."""

    client: str
    role: str
    name: str = ""
    color: str = ""

    @property
    def person(self) -> str:
        """The client's id: nobody can come back as the same."""
        return self.client


class Program:
    """
    What is at the other end of a link.

    Args:
        link: Its connection.
        replica: Its replica of the document.
        role: ``viewer``, ``editor`` or ``host``.
        on_presence: Takes what it says of where it looks, and its questions where others do.

    """

    def __init__(self, link: WebSocketLink, replica: Replica, role: str, *, on_presence: OnPresence) -> None:
        self._link = link
        self._replica = replica
        self._edits = may(role, "editor")
        self._on_presence = on_presence
        self._pace = Bucket(PRESENCE_RATE, monotonic())

    async def take(self, frame: str | bytes) -> None:
        """
        Take a frame.

        Raises:
            BadFrame: If it is no message of this protocol.
            RequestRefused: If its edit may not stand.

        """
        if isinstance(frame, str):
            raise BadFrame("a text frame; this protocol has binary ones only")
        message = read(frame)
        if message.kind is Kind.AWARENESS:
            await turn(self._pace, weight_of(message.payload))
            self._on_presence(message)
        elif message.kind in (Kind.STEP2, Kind.UPDATE) and not self._edits:
            await self._turn_away(message)
        else:
            await self._replica.take(message)
            if message.kind in (Kind.STEP1, Kind.ASK_AWARENESS):
                self._on_presence(message)

    async def _turn_away(self, message: Message) -> None:
        """Pass over what a viewer edits, and say so; what it has of ours already is no edit."""
        if message.kind is Kind.UPDATE and message.payload != NOTHING:
            await self._link.drained()
            self._link.write(binary_frame(denied("a viewer's link changes nothing")))
