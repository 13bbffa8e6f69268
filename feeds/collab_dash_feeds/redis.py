"""Messages and stream entries of Redis."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import msgspec
from pydantic import AfterValidator, ConfigDict, Field, model_validator

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports.http import broken_connection

from ._broker import ANSWER_WITHIN, Address, BrokerOptions, Payloads, url_of

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection

_PORTS = {"redis": 6379, "rediss": 6379}
_ENTRIES_AT_A_TIME = 100
_START = "0-0"
_ENTRY_ID = re.compile(r"\d{1,20}-\d{1,20}")
_HINT_USER = "check username and password, in the url or as options"
Name = Annotated[str, Field(min_length=1)]


class RedisOptions(BrokerOptions):
    """Options of the ``redis`` feed."""

    model_config = ConfigDict(validate_by_alias=True, validate_by_name=True)

    url: Annotated[str, AfterValidator(url_of("redis", "rediss", "unix"))] = Field(
        "redis://localhost:6379",
        repr=False,
        description="Where Redis is: redis://USER:PASSWORD@HOST:PORT/DB, rediss:// with TLS, unix:///PATH. "
        "${NAME} comes from the environment.",
    )
    channels: tuple[Name, ...] = Field((), description="Channels to subscribe to.")
    patterns: tuple[Name, ...] = Field(
        (), description='Patterns of channels, such as news.*; without channels and streams, "*", which is all.'
    )
    streams: tuple[Name, ...] = Field((), description="Streams to read, instead of channels.")
    from_: Literal["new", "start"] = Field(
        "new",
        alias="from",
        description="Where to begin with a stream the first time: with new entries, or at its start.",
    )
    ping_every: float = Field(
        20.0, gt=0, le=3600, description="Seconds of silence after which Redis is asked whether it is there."
    )

    @model_validator(mode="after")
    def _check_one_kind(self) -> Self:
        if self.streams and (self.channels or self.patterns):
            raise ValueError("streams and channels take a feed each")
        return self


class RedisFeed(Feed[RedisOptions]):
    """
    Messages of channels, or entries of streams.

    A stream goes on after the last recorded entry; what a channel said while nobody listened is lost.
    """

    summary = "Channels, patterns and streams of Redis"
    transport = "redis"
    needs: ClassVar[Mapping[str, str]] = {"redis": "collab-dash[redis]"}
    pane = Pane(view="log")

    def __init__(self, options: RedisOptions) -> None:
        super().__init__(options)
        if options.streams:
            self.overflow = "wait"  # a stream can be read slower, a channel cannot

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection."""
        options = self.options
        address = options.address(options.url, context.environ, _PORTS)
        payloads = Payloads(options, "redis")
        async with _connected(options, address, context) as connection:
            link = _Link(connection, address.shown, options.ping_every)
            read = _entries if options.streams else _messages
            async with aclosing(read(link, options, payloads, context)) as events:
                async for event in events:
                    yield event


class _Link:
    """
    A connection whose answers come in time, or which is broken.

    Args:
        connection: The library's connection.
        where: The address as people may see it.
        ping_every: Seconds of silence after which the server is asked whether it is there.

    """

    def __init__(self, connection: AbstractConnection, where: str, ping_every: float) -> None:
        self._connection = connection
        self._where = where
        self.ping_every = ping_every
        self.answer_within = min(ANSWER_WITHIN, ping_every)

    async def send(self, *command: str) -> None:
        with _explained(self._where):
            async with asyncio.timeout(self.answer_within):
                await self._connection.send_command(*command)

    async def ask(self, *command: str) -> Any:
        await self.send(*command)
        return await self.answer()

    async def answer(self, after: float = 0.0) -> Any:
        """Give what comes next; it may be `after` seconds before Redis has reason to answer."""
        try:
            async with asyncio.timeout(after + self.answer_within):
                with _explained(self._where):
                    return await self._connection.read_response(push_request=True)
        except TimeoutError:
            raise FeedBroken(f"{self._where} did not answer within {self.answer_within:g} s") from None

    async def pushed(self, context: FeedContext) -> list[Any]:
        """Give the next thing that comes unasked; ask now and then whether anybody is there."""
        asked = False
        while True:
            with _explained(self._where):
                within = self.answer_within if asked else self.ping_every
                said = await self._connection.read_response(timeout=within, push_request=True)
            if isinstance(said, list):
                return said
            if said is None and asked:
                raise FeedBroken(f"{self._where} did not answer a ping within {within:g} s")
            if said is None:
                await self.send("PING")
                asked = True
            else:
                context.note("answers pings")
                asked = False


@asynccontextmanager
async def _connected(
    options: RedisOptions, address: Address, context: FeedContext
) -> AsyncIterator[AbstractConnection]:
    from redis.asyncio import Connection, SSLConnection, UnixDomainSocketConnection
    from redis.asyncio.retry import Retry
    from redis.backoff import NoBackoff

    common: dict[str, Any] = {
        "username": address.username,
        "password": address.password,
        "db": _database(address),
        "protocol": 3,
        "retry": Retry(NoBackoff(), 0),
        # We wait ourselves: the library's own way of it loses a cancellation now and then before Python 3.12.
        "socket_timeout": None,
        "socket_connect_timeout": None,
    }
    connection: AbstractConnection
    if address.scheme == "unix":
        connection = UnixDomainSocketConnection(path=address.path, **common)
    elif address.scheme == "rediss":
        connection = secure = SSLConnection(host=address.host, port=address.port, **common)
        secure.ssl_context.context = options.secure(context)
    else:
        connection = Connection(host=address.host, port=address.port, **common)
    try:
        with _explained(address.shown):
            async with asyncio.timeout(ANSWER_WITHIN):
                await connection.connect()  # type: ignore[no-untyped-call]  # the library says nothing of its types here
        yield connection
    finally:
        await connection.disconnect(nowait=True)


def _database(address: Address) -> int:
    text = "" if address.scheme == "unix" else address.path.strip("/")
    if text and not text.isdecimal():
        raise FeedFailed(f"{address.shown} names no database: {text!r:.40}", hint="write redis://HOST:PORT/0")
    return int(text or 0)


async def _messages(
    link: _Link, options: RedisOptions, payloads: Payloads, context: FeedContext
) -> AsyncGenerator[Event]:
    patterns = options.patterns or (() if options.channels else ("*",))
    for command, names in (("SUBSCRIBE", options.channels), ("PSUBSCRIBE", patterns)):
        if names:
            await link.send(command, *names)
    while True:
        kind, *said = await link.pushed(context)
        if kind == b"message" or kind == b"pmessage":
            channel, payload = said[-2:]
            for event in payloads.events(payload, key=channel.decode(errors="replace")):
                yield event
        elif kind in (b"subscribe", b"psubscribe"):
            context.note(f"subscriptions: {said[1]}")


async def _entries(
    link: _Link, options: RedisOptions, payloads: Payloads, context: FeedContext
) -> AsyncGenerator[Event]:
    streams = options.streams
    last = await _where_to_begin(link, options, context)
    wait = str(max(1, round(link.ping_every * 1000)))
    command = ("XREAD", "COUNT", str(_ENTRIES_AT_A_TIME), "BLOCK", wait, "STREAMS", *streams)
    while True:
        context.note(f"reads {', '.join(streams)}"[:60])
        await link.send(*command, *(last[name] for name in streams))
        found = await link.answer(link.ping_every)
        for name, entries in _pairs(found):
            stream = name.decode(errors="replace")
            for entry_id, fields in entries:
                last[stream] = entry_id.decode()
                values = {field.decode(errors="replace"): value for field, value in _pairs(fields)}
                events = payloads.entry(values, key=stream, time=int(entry_id.partition(b"-")[0]))
                for event in context.carry(events, msgspec.json.encode(last).decode()):
                    yield event


async def _where_to_begin(link: _Link, options: RedisOptions, context: FeedContext) -> dict[str, str]:
    """Give the entry of each stream after which to go on, and put it in the cursor."""
    known = _known(context.cursor)
    last = {}
    for name in options.streams:
        try:
            newest = dict(_pairs(await link.ask("XINFO", "STREAM", name)))[b"last-generated-id"].decode()
        except FeedFailed as error:
            if "no such key" not in str(error):
                raise
            last[name] = known.get(name, _START)
            continue
        last[name] = known.get(name, newest if options.from_ == "new" else _START)
        if _order(last[name]) > _order(newest):
            context.log.warning("%s: the stream %r was made anew; reading it from its start", context.name, name)
            last[name] = _START
    context.cursor = msgspec.json.encode(last).decode()
    return last


def _known(cursor: str | None) -> dict[str, str]:
    try:
        known = msgspec.json.decode(cursor or "{}", type=dict[str, str])
    except ValueError:
        return {}
    return {name: entry_id for name, entry_id in known.items() if _ENTRY_ID.fullmatch(entry_id)}


def _order(entry_id: str) -> tuple[int, int]:
    milliseconds, _, number = entry_id.partition("-")
    return int(milliseconds), int(number)


def _pairs(answer: Any) -> list[tuple[Any, Any]]:
    """Give the pairs of an answer that maps: RESP3 has a type for it, some answers are lists all the same."""
    if answer is None:
        return []
    return list(answer.items()) if isinstance(answer, dict) else list(zip(answer[::2], answer[1::2], strict=True))


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """
    Turn what the library raises in the block into words.

    Raises:
        FeedBroken: If trying again may help.
        FeedFailed: If it cannot.

    """
    from redis.exceptions import RedisError

    try:
        yield
    except FeedError:
        raise
    except (RedisError, OSError, EOFError) as error:
        raise _said(where, error) from error


def _said(where: str, error: Exception) -> FeedError:
    from redis import exceptions

    words = " ".join(str(error).split())[:300]
    if isinstance(error, exceptions.AuthenticationError | exceptions.AuthenticationWrongNumberOfArgsError):
        return FeedFailed(f"{where} does not know this user, or the password is wrong", hint=_HINT_USER)
    if isinstance(error, exceptions.NoPermissionError):
        return FeedFailed(
            f"{where} does not let this user read here: {words}", hint="check the user's ACL, or username"
        )
    if isinstance(error, exceptions.BusyLoadingError):
        return FeedBroken(f"{where} cannot serve us just now: {words}")
    if isinstance(error, exceptions.ResponseError):
        if "unknown command" in words.lower() and "HELLO" in words:
            return FeedFailed(f"{where} is older than Redis 6", hint="Redis 6 or later is needed")
        return FeedFailed(f"{where} refuses: {words}", hint="check url, channels and streams")
    if isinstance(error, exceptions.ConnectionError) and "closed by server" in words:
        return FeedBroken(f"{where} ended the connection")
    return broken_connection(where, error)
