"""What PostgreSQL notifies of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports.http import CONNECT_TIMEOUT, broken_connection

from ._broker import ANSWER_WITHIN, Address, BrokerOptions, Inbox, Payloads, url_of

if TYPE_CHECKING:
    from asyncpg import Connection  # type: ignore[import-untyped]  # the library says nothing of its types

_PORTS = {"postgresql": 5432, "postgres": 5432}
_WAITING = 5000
_LONGEST_NAME = 63


def _check_channel(name: str) -> str:
    # PostgreSQL cuts a longer name off, and then listens to another channel.
    if not 0 < len(name.encode()) <= _LONGEST_NAME or "\0" in name:
        raise ValueError(f"a channel's name has 1 to {_LONGEST_NAME} bytes, none of them zero")
    return name


Channel = Annotated[str, AfterValidator(_check_channel)]


class PostgresOptions(BrokerOptions):
    """Options of the ``postgres`` feed."""

    url: Annotated[str, AfterValidator(url_of("postgresql", "postgres"))] = Field(
        "postgresql://localhost/postgres",
        repr=False,
        description="Where the database is: postgresql://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require. "
        "${NAME} comes from the environment.",
    )
    channels: tuple[Channel, ...] = Field(
        min_length=1,
        description="Channels to LISTEN to, spelt as NOTIFY has them once unquoted names are in lower case.",
    )
    ping_every: float = Field(
        20.0, gt=0, le=3600, description="Seconds of silence after which the database is asked whether it is there."
    )


class PostgresFeed(Feed[PostgresOptions]):
    """Payloads of NOTIFY; what is notified while nobody listens is lost."""

    summary = "What PostgreSQL notifies of, by LISTEN and NOTIFY"
    transport = "postgres"
    needs: ClassVar[Mapping[str, str]] = {"asyncpg": "collab-dash[postgres]"}
    pane = Pane(view="log")

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection."""
        options = self.options
        address = options.address(options.url, context.environ, _PORTS)
        where = address.shown
        payloads = Payloads(options, "postgres")
        inbox: Inbox[tuple[int, str, str]] = Inbox(_WAITING)

        def hear(connection: object, pid: int, channel: str, payload: str) -> None:
            inbox.offer((pid, channel, payload))

        async with _connected(options, address, context) as connection:
            connection.add_termination_listener(lambda _: inbox.end(FeedBroken(f"{where} ended the connection")))
            with _explained(where):
                for channel in options.channels:
                    await connection.add_listener(channel, hear)  # it quotes the name
            context.note(f"listens to {', '.join(options.channels)}"[:60])
            while True:
                notice = await inbox.take(options.ping_every)
                for event in inbox.dropped("notifications"):
                    yield event
                if notice is None:
                    await _ping(connection, where, options, context)
                    continue
                pid, channel, payload = notice
                for event in payloads.events(payload.encode(), key=channel):
                    event.data.setdefault("pid", pid)
                    yield event


@asynccontextmanager
async def _connected(options: PostgresOptions, address: Address, context: FeedContext) -> AsyncIterator[Connection]:
    import asyncpg

    secure = options.secure(context) if options.ca or options.client_cert else None
    with _explained(address.shown):
        connection = await asyncpg.connect(
            address.bare,
            user=address.username,
            password=address.password,
            ssl=secure,
            timeout=CONNECT_TIMEOUT,
            server_settings={"application_name": "collab-dash"},
        )
    try:
        yield connection
    finally:
        connection.terminate()


async def _ping(connection: Connection, where: str, options: PostgresOptions, context: FeedContext) -> None:
    within = min(ANSWER_WITHIN, options.ping_every)
    try:
        async with asyncio.timeout(within):
            with _explained(where):
                await connection.execute("SELECT 1")
    except TimeoutError:
        raise FeedBroken(f"{where} did not answer within {within:g} s") from None
    context.note("answers queries")


@contextmanager
def _explained(where: str) -> Iterator[None]:
    """
    Turn what the library raises in the block into words.

    Raises:
        FeedBroken: If trying again may help.
        FeedFailed: If it cannot.

    """
    import asyncpg

    try:
        yield
    except FeedError:
        raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, ValueError) as error:
        raise _said(where, error) from error


def _said(where: str, error: Exception) -> FeedError:
    import asyncpg

    words = " ".join(str(error).split())[:300]
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):  # a wrong password is one of them
        hint = "check username and password, in the url or as options, and pg_hba.conf"
        return FeedFailed(f"{where} does not let us in: {words}", hint=hint)
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return FeedFailed(f"{where}: {words}", hint="check the database's name, at the end of the url")
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return FeedFailed(f"{where} does not let this user listen: {words}", hint="check the user's rights")
    if isinstance(error, asyncpg.ReadOnlySQLTransactionError):
        return FeedFailed(f"{where} is a replica, where nobody can listen", hint="take the primary's address")
    if isinstance(error, _lasting()):
        return FeedFailed(f"{where}: {words}", hint="check the feed's url and channels")
    if isinstance(error, asyncpg.PostgresError):
        return FeedBroken(f"{where}: {words}")
    if isinstance(error, asyncpg.InterfaceError):
        return FeedBroken(f"{where} ended the connection")
    if "rejected SSL" in words:
        return FeedBroken(f"{where} offers no TLS, or is no PostgreSQL", hint="check the url, and its sslmode")
    return broken_connection(where, error)


def _lasting() -> tuple[type[Any], ...]:
    import asyncpg

    return (
        asyncpg.ClientConfigurationError,
        asyncpg.SyntaxOrAccessError,
        asyncpg.FeatureNotSupportedError,
        asyncpg.DataError,
    )
