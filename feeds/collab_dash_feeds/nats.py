"""Messages of NATS: as they are published, or from a JetStream stream."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, model_validator

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports.address import expand
from collab_dash.transports.http import CONNECT_TIMEOUT

from ._broker import ANSWER_WITHIN, Address, BrokerOptions, Inbox, Payloads, heed_cancellation, url_of
from ._nats_faults import explained, fault, sign_in, usable
from ._nats_stream import Reader

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

_PORTS = {"nats": 4222, "tls": 4222, "ws": 80, "wss": 443}
_WAITING = 64
_WAITING_IN_LIBRARY = 65_536
_BYTES_WAITING = 32 * 1024 * 1024

Subject = Annotated[str, StringConstraints(pattern=r"^([^\s.*>]+|\*)(\.([^\s.*>]+|\*))*(\.>)?$|^>$")]
Stream = Annotated[str, StringConstraints(pattern=r"^[^\s.*>/\\]+$")]


class NatsOptions(BrokerOptions):
    """Options of the ``nats`` feed."""

    model_config = ConfigDict(validate_by_alias=True, validate_by_name=True)

    url: Annotated[str, AfterValidator(url_of("nats", "tls", "ws", "wss"))] = Field(
        "nats://localhost:4222",
        repr=False,
        description="Where NATS is: nats://USER:PASSWORD@HOST:PORT or nats://TOKEN@HOST, tls:// with TLS, ws:// and "
        "wss:// over WebSocket. ${NAME} comes from the environment.",
    )
    subjects: tuple[Subject, ...] = Field(
        (">",),
        min_length=1,
        description="What to listen to; * stands for one part of a subject, a > at its end for the rest.",
    )
    stream: Stream | None = Field(
        None, description="A JetStream stream to read, of which subjects are a part; it goes on where the log ends."
    )
    from_: Literal["new", "start"] = Field(
        "new",
        alias="from",
        description="Where to begin with a stream the first time: with new messages, or at its start.",
    )
    token: str | None = Field(None, min_length=1, repr=False, description="A token to sign in with. ${NAME} as in url.")
    credentials: str | None = Field(
        None, min_length=1, repr=False, description="A .creds file to sign in with, relative to the workspace's folder."
    )
    nkey: str | None = Field(
        None,
        min_length=1,
        repr=False,
        description="A file with an nkey seed to sign in with, relative to the workspace's folder.",
    )
    ping_every: float = Field(
        20.0, gt=0, le=3600, description="Seconds of silence after which NATS is asked whether it is there."
    )

    @model_validator(mode="after")
    def _check_one_way_in(self) -> Self:
        if sum(way is not None for way in (self.token, self.credentials, self.nkey, self.username)) > 1:
            raise ValueError("take one of username, token, credentials and nkey")
        return self


class NatsFeed(Feed[NatsOptions]):
    """
    Messages of subjects.

    Those of a stream go on after the last recorded one; what was published otherwise while nobody listened is lost.
    """

    summary = "Subjects of NATS, and JetStream streams"
    transport = "nats"
    needs: ClassVar[Mapping[str, str]] = {"nats": "collab-dash[nats]"}
    pane = Pane(view="log")

    def __init__(self, options: NatsOptions) -> None:
        super().__init__(options)
        if options.stream is not None:
            self.overflow = "wait"  # a stream can be read slower, a subject cannot

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection."""
        options = self.options
        address = options.address(options.url, context.environ, _PORTS)
        inbox: Inbox[Msg] = Inbox(_WAITING)
        async with _connected(options, address, context, inbox) as client:
            source = _published if options.stream is None else _stored
            async with aclosing(source(client, options, address.shown, inbox, context)) as events:
                async for event in events:
                    yield event


@asynccontextmanager
async def _connected(
    options: NatsOptions, address: Address, context: FeedContext, inbox: Inbox[Msg]
) -> AsyncIterator[Client]:
    from nats.aio.client import Client

    where = address.shown
    client = Client()
    troubles: list[Exception] = []

    async def hear(error: Exception) -> None:
        troubles.append(error)
        del troubles[:-4]
        if type(error).__name__ == "SlowConsumerError":
            inbox.drop()
        elif client.is_connected and "permissions violation" in str(error).lower():
            inbox.end(fault(where, error))

    async def closed() -> None:
        inbox.end(fault(where, *troubles, client.last_error))

    def sealed() -> None:
        # The library connects in the clear where the server asks for no TLS, and does not say so.
        info = client._server_info  # noqa: SLF001
        if address.scheme == "tls" and not info.get("tls_required"):
            raise FeedFailed(f"{where} does not ask for TLS", hint="write nats:// if it is to be without TLS")

    logging.getLogger("nats").setLevel(logging.CRITICAL)  # what it logs it tells us, too
    try:
        with explained(where, troubles), usable(credentials=options.credentials, nkey=options.nkey):
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await client.connect(
                    _server(address),
                    name="collab-dash",
                    error_cb=hear,
                    closed_cb=closed,
                    allow_reconnect=False,
                    max_reconnect_attempts=1,  # 0 would be without end
                    reconnect_time_wait=0,
                    connect_timeout=int(CONNECT_TIMEOUT),
                    ping_interval=3600,  # we ask ourselves, when it is silent
                    tls=options.secure(context) if address.scheme in ("tls", "wss") or options.ca else None,
                    **_who(options, address, context, before=sealed),
                )
            sealed()
        heed_cancellation()
        yield client
    finally:
        await _close(client)


def _server(address: Address) -> str:
    scheme = "nats" if address.scheme == "tls" else address.scheme
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{scheme}://{host}:{address.port}{address.path if scheme in ('ws', 'wss') else ''}"


def _who(options: NatsOptions, address: Address, context: FeedContext, *, before: Callable[[], None]) -> dict[str, Any]:
    """Give what the library signs in with; `before` is called before a secret leaves us."""
    if options.credentials is not None or options.nkey is not None:
        return sign_in(context.folder, credentials=options.credentials, nkey=options.nkey)
    if options.token is not None:
        secrets = {"token": expand(options.token, context.environ)}
    elif address.password is not None:
        secrets = {"user": address.username or "", "password": address.password}
    elif address.username is not None:
        secrets = {"token": address.username}
    else:
        secrets = {}

    def telling(secret: str) -> Callable[[], str]:
        def tell() -> str:
            before()
            return secret

        return tell

    return {name: telling(secret) for name, secret in secrets.items()}


async def _close(client: Client) -> None:
    with suppress(Exception):  # it is over, whatever the library says to it
        async with asyncio.timeout(0.5):
            await client.close()


async def _ping(client: Client, where: str, options: NatsOptions) -> None:
    within = min(ANSWER_WITHIN, options.ping_every)
    try:
        async with asyncio.timeout(within):
            with explained(where):
                await client.flush(timeout=3600)
    except TimeoutError:
        raise FeedBroken(f"{where} did not answer a ping within {within:g} s") from None
    heed_cancellation()


async def _published(
    client: Client, options: NatsOptions, where: str, inbox: Inbox[Msg], context: FeedContext
) -> AsyncGenerator[Event]:
    payloads = Payloads(options, "nats")
    with explained(where):
        for subject in options.subjects:
            await client.subscribe(
                subject, cb=inbox.put, pending_msgs_limit=_WAITING_IN_LIBRARY, pending_bytes_limit=_BYTES_WAITING
            )
    for _ in range(2):  # the library's pings may overtake what was sent before; the second cannot
        await _ping(client, where, options)
    context.note(f"subjects: {len(options.subjects)}")
    while True:
        message = await inbox.take(options.ping_every)
        for event in inbox.dropped("messages"):
            yield event
        if message is None:
            await _ping(client, where, options)
            context.note("answers pings")
            continue
        for event in payloads.events(message.data, key=message.subject):
            yield event


async def _stored(
    client: Client, options: NatsOptions, where: str, inbox: Inbox[Msg], context: FeedContext
) -> AsyncGenerator[Event]:
    payloads = Payloads(options, "nats")
    reader = Reader(client, options.stream or "", options.subjects, where)
    with explained(where):
        gone = await reader.begin(context, inbox.put, new=options.from_ == "new", heartbeat=options.ping_every / 2)
    heed_cancellation()
    for event in gone:
        yield event
    while True:
        message = await inbox.take(options.ping_every)
        if message is None:
            silence = f"for {options.ping_every:g} s, not even that there is nothing"
            raise FeedBroken(f"{where} said nothing of the stream {silence}")
        with explained(where):
            place = await reader.place(message)
        if place is None:
            context.note(f"reads stream {options.stream}")
            continue
        events = payloads.events(message.data, key=message.subject, time=place.time)
        for event in context.carry(events, reader.cursor(place.number)):
            yield event
