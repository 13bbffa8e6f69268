from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Set
from contextlib import aclosing, asynccontextmanager
from itertools import count
from typing import Any, cast

import asyncpg  # type: ignore[import-untyped]  # the library says nothing of its types
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokers import PASSWORD, PostgresServer, free_port
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED, Event, record
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, Relay, collect
from collab_dash.testing.upstream import NETWORK_FAULTS
from collab_dash_feeds.postgres import PostgresFeed
from taking import becomes, taking

MESSAGES = ('{"id":1,"price":7}', '{"id":2,"price":8}', '[1,"two"]')
_names = (f"name-{number}" for number in count())


@pytest.fixture(autouse=True)
def server(postgres_server: PostgresServer, request: pytest.FixtureRequest) -> PostgresServer:
    if request.cls is not None:
        request.cls.server = postgres_server
    return postgres_server


@asynccontextmanager
async def client(server: PostgresServer, user: str = "postgres") -> AsyncIterator[Any]:
    """Connect by the socket, where no password is asked for."""
    connection = await asyncpg.connect(host=str(server.socket_folder), port=server.port, user=user, database="postgres")
    try:
        yield connection
    finally:
        connection.terminate()


async def notify(connection: Any, channel: str, payload: str) -> None:
    await connection.execute("SELECT pg_notify($1, $2)", channel, payload)


async def listen(connection: Any, ports: Set[int] | None = None) -> bool:
    """Tell whether some feed is done with its LISTEN; whoever comes from those ports, and somebody does."""
    done = "application_name = 'collab-dash' AND state = 'idle' AND query <> ''"
    found = {
        row["client_port"] for row in await connection.fetch(f"SELECT client_port FROM pg_stat_activity WHERE {done}")
    }
    return set() < (found if ports is None else ports) <= found


def feed(server: PostgresServer, *channels: str, **options: Any) -> PostgresFeed:
    url = f"postgresql://postgres:${{PW}}@localhost:{server.port}/postgres"
    configured = PostgresFeed.configure({"url": url, "channels": list(channels), **options})
    assert isinstance(configured, PostgresFeed)
    return configured


class TestPostgres(FeedConformance):
    plugin = PostgresFeed
    messages = MESSAGES
    faults = NETWORK_FAULTS
    notices_silence = "it asks"
    server: PostgresServer

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Any]:
        self.name = next(_names)
        relay: Relay

        async def say(*messages: str) -> None:
            for message in messages:
                await becomes(lambda: listen(connection, relay.ports))
                await notify(connection, self.name, message)

        async with client(self.server) as connection, Relay("127.0.0.1", self.server.port, play=say) as relay:
            yield relay

    def options(self, upstream: Relay) -> dict[str, Any]:
        url = f"postgresql://postgres:{PASSWORD}@localhost:{upstream.port}/postgres?sslmode=disable"
        return {"url": url, "channels": [self.name], "format": "json"}

    def identity(self, event: Event) -> Any:
        return event.type, {name: value for name, value in event.data.items() if name != "pid"}


async def test_payloads_have_their_channel_as_key_and_who_notified(server: PostgresServer) -> None:
    channels = ("orders", 'Od"d; DROP TABLE x; --', "Ünïcode", "LISTEN")
    async with client(server) as connection, taking(feed(server, *channels), PW=PASSWORD) as taken:
        await taken.listens()
        for channel, payload in zip(channels, ('{"x":1}', "", "hello", "21.5"), strict=True):
            await notify(connection, channel, payload)
        await notify(connection, "listen", "another channel")
        await connection.execute("NOTIFY orders, 'by command'")
        events = await taken.has(5)
        pid = connection.get_server_pid()
    assert [(event.type, event.key, event.data) for event in events] == [
        ("postgres:message", channels[0], {"x": 1, "pid": pid}),
        ("postgres:message", channels[1], {"value": "", "pid": pid}),
        ("postgres:message", channels[2], {"value": "hello", "pid": pid}),
        ("postgres:message", channels[3], {"value": 21.5, "pid": pid}),
        ("postgres:message", channels[0], {"value": "by command", "pid": pid}),
    ]


async def test_a_pid_of_the_payload_stays(server: PostgresServer) -> None:
    async with client(server) as connection, taking(feed(server, "c"), PW=PASSWORD) as taken:
        await taken.listens()
        await notify(connection, "c", '{"pid":"mine"}')
        assert (await taken.has(1))[0].data == {"pid": "mine"}


async def test_what_comes_too_fast_is_counted_and_told(server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab_dash_feeds.postgres._WAITING", 5)
    context = FeedContext(name="p", environ={"PW": PASSWORD})
    source = cast("AsyncGenerator[Event]", feed(server, "flood", ping_every=3600).events(context))
    async with client(server) as connection, aclosing(source) as events:
        waiting = asyncio.ensure_future(anext(events))
        await becomes(lambda: listen(connection))
        await connection.execute("SELECT pg_notify('flood', n::text) FROM generate_series(0, 99) AS n")
        told = [await waiting]
        told += [await anext(events) for _ in range(5)]
    assert {event.type for event in told} == {"postgres:message", REJECTED}
    values = [event.data["value"] for event in told if event.type != REJECTED]
    assert values == list(range(len(values)))
    [dropped] = [event.data["reason"] for event in told if event.type == REJECTED]
    assert dropped == "95 notifications were dropped: they came faster than they could be recorded"


async def test_a_killed_server_breaks_the_feed_and_it_works_again(server: PostgresServer) -> None:
    async with taking(feed(server, "k"), PW=PASSWORD) as taken:
        await taken.listens()
        server.kill()
        error = await taken.failure()
    assert isinstance(error, FeedBroken)
    assert str(error).endswith("ended the connection")
    server.start()
    async with client(server) as connection, taking(feed(server, "k"), PW=PASSWORD) as taken:
        await taken.listens()
        await notify(connection, "k", "back")
        assert (await taken.has(1))[0].data["value"] == "back"


async def test_a_connection_that_the_server_ends_is_broken(server: PostgresServer) -> None:
    async with client(server) as connection, taking(feed(server, "k"), PW=PASSWORD) as taken:
        await taken.listens()
        await becomes(lambda: listen(connection))
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'collab-dash'"
        )
        error = await taken.failure()
    assert isinstance(error, FeedBroken)
    assert "ended the connection" in str(error)


async def test_a_server_that_stands_still_is_noticed(server: PostgresServer) -> None:
    async with taking(feed(server, "s", ping_every=0.2), PW=PASSWORD) as taken:
        await taken.until(lambda: "answers queries" in taken.notes)
        server.pause()
        try:
            error = await taken.failure()
        finally:
            server.resume()
    assert isinstance(error, FeedBroken)
    assert "did not answer within 0.2 s" in str(error)


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        ("postgresql://postgres:ajar@{place}/postgres", {}, "does not let us in"),
        ("postgresql://nobody-here:ajar@{place}/postgres", {}, "does not let us in"),
        ("postgresql://{place}/postgres", {"username": "postgres", "password": "ajar"}, "does not let us in"),
        ("postgresql://postgres:${{PW}}@{place}/none", {}, 'database "none" does not exist'),
        ("postgresql://postgres:${{PW}}@{place}/postgres?sslmode=maybe", {}, "sslmode"),
        ("postgresql://postgres:${{PW}}@{place}/postgres", {"ca": "none.pem"}, "there is no file"),
    ],
)
async def test_what_nobody_but_a_person_can_mend_fails(
    server: PostgresServer, url: str, options: dict[str, Any], says: str
) -> None:
    place = f"localhost:{server.port}"
    async with taking(feed(server, "c", url=url.format(place=place), **options), PW=PASSWORD) as taken:
        error = await taken.failure()
    assert isinstance(error, FeedFailed)
    assert says in str(error)
    assert error.hint
    assert not any(secret in f"{error} {error.hint}" for secret in (PASSWORD, "ajar", "postgres:a", "postgres:$"))


async def test_a_server_that_starts_or_is_full_is_broken(server: PostgresServer) -> None:
    async with client(server) as connection:
        await connection.execute("CREATE ROLE busy LOGIN CONNECTION LIMIT 0")
        url = f"postgresql:///postgres?host={server.socket_folder}&port={server.port}"
        async with taking(feed(server, "c", url=url, username="busy")) as taken:
            error = await taken.failure()
        await connection.execute("DROP ROLE busy")
    assert isinstance(error, FeedBroken)
    assert "too many connections" in str(error)


async def test_a_socket_in_the_file_system_will_do(server: PostgresServer) -> None:
    url = f"postgresql:///postgres?host={server.socket_folder}&port={server.port}"
    async with taking(feed(server, "c", url=url, username="postgres")) as taken:
        await taken.listens()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://localhost:{free}/x", "refuses connections"),
        ("postgres://none.invalid", "no such host"),
        ("postgresql://localhost:{port}/x?sslmode=require", "offers no TLS"),
    ],
)
async def test_what_may_mend_itself_is_broken(server: PostgresServer, url: str, says: str) -> None:
    async with taking(feed(server, "c", url=url.format(free=free_port(), port=server.port))) as taken:
        error = await taken.failure()
    assert isinstance(error, FeedBroken)
    assert says in str(error)


async def test_something_that_is_no_database_is_broken(server: PostgresServer) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with taking(feed(server, "c", url=f"postgresql://localhost:{port}/x")) as taken:
            assert isinstance(await taken.failure(), FeedBroken)


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=64)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=8, unique=True), TEXT.filter(lambda name: 0 < len(name.encode()) < 64))
async def test_whatever_is_notified_can_be_recorded(server: PostgresServer, texts: list[str], channel: str) -> None:
    async with client(server) as connection, taking(feed(server, channel), PW=PASSWORD) as taken:
        await taken.listens()
        for text in texts:
            await notify(connection, channel, text)
        events = await taken.has(len(texts))
    for event in events:
        record(event, feed="p", received=1)
        assert event.key == channel


async def test_the_longest_payload_comes_whole(server: PostgresServer) -> None:
    async with client(server) as connection, taking(feed(server, "long"), PW=PASSWORD) as taken:
        await taken.listens()
        await notify(connection, "long", "x" * 7999)
        assert len((await taken.has(1))[0].data["value"]) == 7999


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"url": "http://x", "channels": ["c"]}, "should start with postgresql://"),
        ({"channels": []}, "at least 1"),
        ({"channels": [""]}, "1 to 63 bytes"),
        ({"channels": ["ü" * 32]}, "1 to 63 bytes"),
        ({"channels": ["a\0b"]}, "1 to 63 bytes"),
        ({"channels": ["c"], "ping_every": 0}, "greater than 0"),
    ],
)
def test_options_are_checked(options: dict[str, Any], says: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=says):
        PostgresFeed.configure(options)


async def test_collect_needs_no_more_than_the_url(server: PostgresServer) -> None:
    with pytest.raises(FeedFailed, match="PW is not set"):
        await collect(feed(server, "c"), FeedContext(name="p"), 1)
