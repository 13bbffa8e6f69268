"""
Socket.IO: one connection to one namespace, over polling or WebSocket.

It speaks protocol 5, which is what Socket.IO servers of versions 3 and 4 speak, by python-socketio. That library
is optional and imported only when a connection is made.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import time
from base64 import b64encode
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, Self

import msgspec

from ..errors import FeedBroken, FeedError
from . import Message, http, unheard

if TYPE_CHECKING:
    from .socketio_client import Client

NEEDS: Mapping[str, str] = {"socketio": "collab-dash[socketio]", "aiohttp": "collab-dash[socketio]"}
"""What `collab_dash.feed.Feed.needs` says for feeds on this transport."""

MAX_MESSAGE = 16 * 1024 * 1024
QUEUE = 1024
ANSWER_TIMEOUT = 10.0
_OVERFLOW = 16 * QUEUE
_WORDS = 300

Way = Literal["polling", "websocket"]


class Place(msgspec.Struct):
    """
    Where a connection stood, for servers that keep its state for a while: a cursor.

    Args:
        pid: The server's private name of the session.
        offset: Of the last event heard.

    """

    pid: str
    offset: str

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


@asynccontextmanager
async def connect(
    url: str,
    *,
    namespace: str = "/",
    auth: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    path: str = "socket.io",
    transports: Sequence[Way] = ("polling", "websocket"),
    events: Collection[str] = (),
    cursor: str | None = None,
    tls: ssl.SSLContext | None = None,
    max_size: int = MAX_MESSAGE,
    note: Callable[[str], None] = unheard,
) -> AsyncIterator[Connection]:
    """
    Connect to a namespace, and yield the connection once the server has accepted it.

    A message's event is the event's name. Its data is JSON: the argument, or a list if there are several; bytes
    among them are ``{"base64": …}``. A server that asks for an acknowledgement gets an empty one at once.

    What nobody takes is kept, up to `QUEUE` messages; then reading waits, and with it the answers to the server's
    pings. A reader slower than the server's ping timeout, 20 s by default, is therefore disconnected.

    Args:
        url: ``http`` or ``https``; its path is not used. Proxies of the environment are.
        namespace: Which one.
        auth: Sent with the request to connect to the namespace.
        headers: Sent with every HTTP request and the WebSocket handshake.
        path: Where on the server Socket.IO answers.
        transports: Which to use. With both it starts by polling and changes to WebSocket if that works.
        events: The events to take; all of them if empty.
        cursor: The cursor of the last message; a server with connection state recovery resends what came since.
        tls: How certificates are checked and shown; as usual if None.
        max_size: The largest message in bytes, and the largest answer to a poll.
        note: Told of signs of life that are not messages: the server's pings.

    Raises:
        FeedBroken: If the server cannot be reached or the connection ends; the messages end by raising it.
        FeedFailed: If trying again cannot help, such as when the server refuses `auth`.

    """
    from .socketio_client import Client

    connection = Connection(url, events=events, cursor=cursor, note=note)
    client = Client(connection, headers=headers or {}, tls=tls, max_size=max_size)
    connection.client = client
    try:
        await client.open(namespace, dict(auth or {}), path, transports)
        yield connection
    finally:
        await client.close()


class Connection:
    """
    The messages of a connection, in order, and a way to say something.

    Args:
        url: Where the server is.
        events: The events to take; all of them if empty.
        cursor: Where to go on.
        note: Told of signs of life.

    Attributes:
        where: The address as people may see it.
        recovered: Whether the server goes on where `cursor` says.

    """

    client: Client

    def __init__(
        self,
        url: str,
        *,
        events: Collection[str] = (),
        cursor: str | None = None,
        note: Callable[[str], None] = unheard,
    ) -> None:
        self.url = url
        self.where = http.shown(url)
        self.place = _read_place(cursor)
        self.recovered = False
        self.note = note
        self._wanted = frozenset(events)
        self._pid = self.place.pid if self.place else ""  # what was missed comes before we are accepted
        self._messages: deque[Message] = deque()
        self._error: FeedError | None = None
        self._answers: set[asyncio.Future[list[Any]]] = set()
        self._arrival = asyncio.Event()
        self._space = asyncio.Event()
        self._accepted = asyncio.Event()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Message:
        while not self._messages:
            if self._error is not None:
                raise self._error
            self._arrival.clear()
            await self._arrival.wait()
        self._space.set()
        return self._messages.popleft()

    def arrived(self) -> list[Message]:
        """Take what is there, without waiting."""
        messages = list(self._messages)
        self._messages.clear()
        self._space.set()
        return messages

    async def emit(self, name: str, *args: Any) -> None:
        """Say something."""
        self._check()
        await self.client.say(name, args)

    async def call(self, name: str, *args: Any, timeout: float = ANSWER_TIMEOUT) -> list[Any]:
        """
        Say something and give the arguments of the acknowledgement.

        Messages that come meanwhile are kept.

        Raises:
            FeedBroken: If there is none within `timeout` seconds, or the connection ends.

        """
        self._check()
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._answers.add(answer)
        self._space.set()
        try:
            async with asyncio.timeout(timeout):
                await self.client.say(name, args, lambda *given: _settle(answer, list(given)))
                return await answer
        except TimeoutError:
            raise FeedBroken(f"{self.where} did not answer {name!r} within {timeout:g} s") from None
        finally:
            self._answers.discard(answer)
            answer.cancel()

    def end(self, error: FeedError) -> None:
        """End the connection: the messages end by raising `error`. Only the first call counts."""
        if self._error is None:
            self._error = error
            for answer in self._answers:
                if not answer.done():
                    answer.set_exception(error)
            for event in (self._arrival, self._space, self._accepted):
                event.set()

    def put(self, message: Message) -> None:
        """Add a message that came by another way, behind those that wait."""
        self._messages.append(message)
        self._arrival.set()

    def take(self, name: str, args: list[Any], *, acknowledged: bool) -> None:
        """Take an event from the client."""
        cursor = None if acknowledged else self._cursor(args)
        if self._wanted and name not in self._wanted:
            return
        self.put(as_message(name, args, cursor))
        if len(self._messages) > _OVERFLOW:
            self.end(FeedBroken(f"{self.where} sent over {_OVERFLOW:,} events before its answer"))

    async def room(self) -> None:
        """Wait while the queue is full; not while an answer is due, which stands behind it."""
        while len(self._messages) >= QUEUE and not self._answers and self._error is None:
            self._space.clear()
            await self._space.wait()

    def accept(self, data: Any) -> None:
        """Take what the server says on accepting us."""
        self._pid = data.get("pid", "") if isinstance(data, dict) else ""
        self.recovered = self.place is not None and self.place.pid == self._pid
        self._accepted.set()

    async def accepted(self) -> None:
        """
        Wait until the server has accepted us.

        Raises:
            FeedError: If the connection ends first.

        """
        await self._accepted.wait()
        self._check()

    def _check(self) -> None:
        if self._error is not None:
            raise self._error

    def _cursor(self, args: list[Any]) -> str | None:
        """Take the offset that a server with connection state recovery adds to an event's arguments."""
        if not self._pid or not args or not _is_offset(args[-1]):
            return None
        return str(Place(self._pid, args.pop()))


def as_message(name: str, args: Sequence[Any], cursor: str | None = None) -> Message:
    """Give an event's arguments as a message: the only one, a list of several, or null."""
    value = args[0] if len(args) == 1 else list(args) or None
    return Message(json.dumps(value, default=_marked, ensure_ascii=False), name, cursor)


def words(value: Any, secrets: Any = ()) -> str:
    """
    Give a source's own words as one harmless line of at most 300 characters.

    Args:
        value: What it says; anything but text becomes an empty string.
        secrets: Text, or whatever holds text, that is not to be told.

    """
    if not isinstance(value, str):
        return ""
    for secret in _texts(secrets):
        if len(secret) > 3:
            value = value.replace(secret, "…")
    line = "".join(character if character.isprintable() else " " for character in value[: 4 * _WORDS])
    return " ".join(line.split())[:_WORDS]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield from (part for part in value.split() if part != value)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _settle(answer: asyncio.Future[list[Any]], given: list[Any]) -> None:
    if not answer.done():
        answer.set_result(given)


def _read_place(cursor: str | None) -> Place | None:
    try:
        return msgspec.json.decode(cursor, type=Place) if cursor else None
    except msgspec.DecodeError:
        return None


_YEAST = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_OFFSET = re.compile(r"([0-9A-Za-z_-]{7})(?:\.[0-9A-Za-z_-]{1,4})?")
_ENTRY = re.compile(r"\d{13,14}-\d{1,10}|[0-9a-f]{24}")
_NEAR = 366 * 86_400_000


def _is_offset(value: Any) -> bool:
    """
    Tell an offset from a text that is an event's own: it holds the time.

    The adapters write it differently: in memory as milliseconds to the base 64, on Redis streams as the entry's
    id, on MongoDB as the object's id.
    """
    if not isinstance(value, str):
        return False
    short = _OFFSET.fullmatch(value)
    if short is None:
        return _ENTRY.fullmatch(value) is not None
    written = 0
    for character in short[1]:
        written = written * 64 + _YEAST.index(character)
    return abs(written - time.time() * 1000) < _NEAR


def _marked(value: Any) -> Any:
    """Give what JSON cannot hold in another form."""
    if isinstance(value, bytes | bytearray):
        return {"base64": b64encode(value).decode()}
    return str(value)
