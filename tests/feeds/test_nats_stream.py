from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from brokers import NatsServer, nats_client, nats_stream
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED
from collab_dash.feed import FeedContext
from collab_dash.testing import collect
from collab_dash_feeds._nats_stream import Reader
from collab_dash_feeds.nats import NatsFeed
from taking import taking

_names = (f"stream-{number}" for number in count())


@pytest.fixture(autouse=True)
def server(nats_server: NatsServer, request: pytest.FixtureRequest) -> NatsServer:
    if request.cls is not None:
        request.cls.server = nats_server
    return nats_server


def feed(server: NatsServer, **options: Any) -> NatsFeed:
    configured = NatsFeed.configure({"url": f"nats://localhost:{server.port}", **options})
    assert isinstance(configured, NatsFeed)
    return configured


async def test_a_stream_is_told_with_its_times_and_from_where_it_was(server: NatsServer) -> None:
    name = next(_names)
    async with nats_stream(server, name) as publish:
        await publish("0", "1", "2")
        options = {"stream": name, "from": "start", "subjects": [f"{name}.*"]}
        context = FeedContext(name="n")
        first = await collect(feed(server, **options), context, 2)
        await publish("3", "4")
        rest = await collect(feed(server, **options), context, 3)
    assert [event.data["value"] for event in first + rest] == [0, 1, 2, 3, 4]
    assert first[0].key == f"{name}.a"
    assert abs((first[0].time or 0) - context.clock()) < 60_000


async def test_a_stream_is_new_from_the_moment_it_is_first_read(server: NatsServer) -> None:
    name = next(_names)
    async with nats_stream(server, name) as publish:
        await publish("old")
        async with taking(feed(server, stream=name)) as taken:
            await taken.listens()
        await publish("meanwhile")
        async with taking(feed(server, stream=name), taken.context.cursor) as taken:
            [event] = await taken.has(1)
    assert event.data == {"value": "meanwhile"}


@pytest.mark.parametrize("subjects", [["{0}.b"], ["{0}.b", "{0}.c"]])
async def test_a_part_of_a_stream_is_read_in_order(server: NatsServer, subjects: list[str]) -> None:
    name = next(_names)
    async with nats_stream(server, name) as publish:
        for number in range(6):
            await publish(str(number), part="abc"[number % 3])
        options = {"stream": name, "from": "start", "subjects": [subject.format(name) for subject in subjects]}
        events = await collect(feed(server, **options), FeedContext(name="n"), 2 * len(subjects))
    assert [event.data["value"] for event in events] == ([1, 4] if len(subjects) == 1 else [1, 2, 4, 5])


async def test_more_than_the_server_sends_at_once_comes_in_order_and_once(server: NatsServer) -> None:
    name = next(_names)
    async with nats_client(server) as connection, nats_stream(server, name, storage="memory"):
        for number in range(5000):
            await connection.publish(f"{name}.a", b'{"n":%d,"fill":"%s"}' % (number, b"x" * 1500))
        await connection.flush()
        context = FeedContext(name="n")
        options = {"stream": name, "from": "start"}
        events = await collect(feed(server, **options), context, 3000)
        events += await collect(feed(server, **options), context, 2000)
    assert [event.data["n"] for event in events] == list(range(5000))


async def test_messages_that_were_removed_meanwhile_are_told(server: NatsServer) -> None:
    name = next(_names)
    async with nats_stream(server, name, max_msgs=2) as publish:
        await publish("1")
        context = FeedContext(name="n")
        await collect(feed(server, stream=name, **{"from": "start"}), context, 1)
        await publish("2", "3", "4", "5")
        gone, event = await collect(feed(server, stream=name), context, 2)
    assert (gone.type, gone.key) == (REJECTED, name)
    assert gone.data["reason"] == "messages 2 to 3 were removed from the stream before they were read"
    assert event.data == {"value": 4}


async def test_a_stream_that_was_made_anew_is_read_from_its_start(server: NatsServer) -> None:
    name = next(_names)
    async with nats_stream(server, name) as publish, nats_client(server) as connection:
        await publish("1", "2")
        context = FeedContext(name="n")
        options = {"stream": name, "from": "start"}
        await collect(feed(server, **options), context, 1)
        await connection.jetstream().delete_stream(name)
        await connection.jetstream().add_stream(name=name, subjects=[f"{name}.*"])
        await publish("3", "4")
        events = await collect(feed(server, **options), context, 2)
    assert [event.data["value"] for event in events] == [3, 4]


async def test_a_stream_that_goes_away_is_noticed(server: NatsServer) -> None:
    name = next(_names)
    async with nats_stream(server, name), nats_client(server) as connection:
        async with taking(feed(server, stream=name, ping_every=0.3)) as taken:
            await taken.until(lambda: len(taken.notes) > 1)  # heartbeats
            await connection.jetstream().delete_stream(name)
            error = await taken.failure()
        assert isinstance(error, FeedBroken)
        assert "said nothing of the stream" in str(error)
        async with taking(feed(server, stream=name)) as taken:
            error = await taken.failure()
    assert isinstance(error, FeedFailed)
    assert "no such stream" in str(error)


async def test_a_message_that_is_missing_breaks_the_stream(server: NatsServer) -> None:
    async with nats_client(server) as connection:
        reader = Reader(connection, "s", [">"], "nats://here")
        for delivered in (1, 2):
            assert await reader.place(_stored(connection, delivered)) == (10 + delivered, 1700000000000)
        with pytest.raises(FeedBroken, match="left out messages"):
            await reader.place(_stored(connection, 4))


def _stored(connection: Client, delivered: int) -> Msg:
    """Make a message of a stream, the so manieth that was delivered."""
    reply = f"$JS.ACK.s.c.1.{10 + delivered}.{delivered}.1700000000000000000.0"
    return Msg(_client=connection, subject="s.a", reply=reply, data=b"x")


@pytest.mark.parametrize("cursor", ["", "no", "[]", '{"stream":"x","created":"","sequence":1}', '{"stream":5}'])
async def test_a_cursor_that_is_none_is_as_the_first_time(server: NatsServer, cursor: str) -> None:
    name = next(_names)
    async with nats_stream(server, name) as publish:
        await publish("1")
        options = {"stream": name, "from": "start"}
        [event] = await collect(feed(server, **options), FeedContext(name="n", cursor=cursor), 1)
    assert event.data == {"value": 1}


async def test_a_killed_server_breaks_the_feed_and_loses_nothing_of_a_stream(server: NatsServer) -> None:
    name = next(_names)
    async with nats_stream(server, name) as publish:
        await publish("1")
        async with taking(feed(server, stream=name, **{"from": "start"})) as taken:
            await taken.has(1)
            await publish("2", "3")
            server.kill()
            error = await taken.failure()
            told = len(taken.events)
            cursor = taken.context.cursor
    assert isinstance(error, FeedBroken)
    assert str(error).endswith("ended the connection")
    server.start()
    async with taking(feed(server, stream=name), cursor) as taken:
        await taken.listens()
        async with nats_client(server) as connection:
            await connection.jetstream().publish(f"{name}.a", b"4")
        events = await taken.has(4 - told)
    assert [event.data["value"] for event in events] == [2, 3, 4][told - 1 :]
