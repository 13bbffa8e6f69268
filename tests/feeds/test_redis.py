from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from brokers import PASSWORD, RedisServer, free_port
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import record
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, Relay, collect
from collab_dash.testing.upstream import NETWORK_FAULTS
from collab_dash_feeds.redis import RedisFeed
from taking import becomes, taking, tls_front

MESSAGES = ('{"id":1,"price":7}', '{"id":2,"price":8}', '[1,"two"]')
_names = (f"name-{number}" for number in count())


@pytest.fixture(autouse=True)
def server(redis_server: RedisServer, request: pytest.FixtureRequest) -> RedisServer:
    if request.cls is not None:
        request.cls.server = redis_server
    return redis_server


@asynccontextmanager
async def client(server: RedisServer) -> AsyncIterator[Any]:
    async with Redis(port=server.port) as redis:
        yield redis


def feed(server: RedisServer, **options: Any) -> RedisFeed:
    configured = RedisFeed.configure({"url": f"redis://localhost:{server.port}", **options})
    assert isinstance(configured, RedisFeed)
    return configured


class _Conformance(FeedConformance):
    plugin = RedisFeed
    messages = MESSAGES
    faults = NETWORK_FAULTS
    notices_silence = "it pings"
    server: RedisServer
    relay: Relay

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Any]:
        self.name = next(_names)
        async with client(self.server) as redis, Relay("127.0.0.1", self.server.port, play=self.say(redis)) as relay:
            self.relay = relay
            yield relay

    def say(self, redis: Any) -> Callable[..., Awaitable[None]]:
        raise NotImplementedError

    def identity(self, event: Any) -> Any:
        return event.type, event.data  # the key is another each time


class TestRedisChannels(_Conformance):
    async def listens(self, redis: Any) -> bool:
        clients = await redis.client_list(_type="pubsub")
        return set() < self.relay.ports <= {int(client["addr"].rpartition(":")[2]) for client in clients}

    def say(self, redis: Any) -> Callable[..., Awaitable[None]]:
        async def say(*messages: str) -> None:
            for message in messages:
                await becomes(partial(self.listens, redis))
                await redis.publish(self.name, message)

        return say

    def options(self, upstream: Relay) -> dict[str, Any]:
        return {"url": f"redis://localhost:{upstream.port}", "channels": [self.name], "format": "json"}


class TestRedisStreams(_Conformance):
    malformed = ()
    resumes = True

    def say(self, redis: Any) -> Callable[..., Awaitable[None]]:
        async def say(*messages: str) -> None:
            for message in messages:
                await redis.xadd(self.name, {"message": message})

        return say

    def options(self, upstream: Relay) -> dict[str, Any]:
        return {"url": f"redis://localhost:{upstream.port}", "streams": [self.name], "from": "start"}


async def test_messages_of_channels_and_patterns_have_their_channel_as_key(server: RedisServer) -> None:
    async with client(server) as redis, taking(feed(server, channels=["a b"], patterns=["news.*"])) as taken:
        await taken.until(lambda: "subscriptions: 2" in taken.notes)
        await redis.publish("a b", '{"x":1}')
        await redis.publish("other", "no")
        await redis.publish("news.sport", b"\xff\x00")
        await redis.publish("a b", "21.5")
        events = await taken.has(3)
    assert [(event.type, event.key, event.data) for event in events] == [
        ("redis:message", "a b", {"x": 1}),
        ("redis:message", "news.sport", {"base64": "/wA="}),
        ("redis:message", "a b", {"value": 21.5}),
    ]


async def test_without_options_it_hears_all_channels(server: RedisServer) -> None:
    async with client(server) as redis, taking(feed(server)) as taken:
        await taken.listens()
        await redis.publish("anything", "hello")
        [event] = await taken.has(1)
    assert (event.key, event.data) == ("anything", {"value": "hello"})


async def test_changes_of_keys_are_a_pattern_like_any_other(server: RedisServer) -> None:
    async with client(server) as redis, taking(feed(server, patterns=["__keyspace@0__:watched*"])) as taken:
        await redis.config_set("notify-keyspace-events", "KEA")
        await taken.listens()
        await redis.set("watched:1", "x")
        [event] = await taken.has(1)
    assert (event.key, event.data) == ("__keyspace@0__:watched:1", {"value": "set"})


async def test_entries_of_streams_are_their_fields_and_time(server: RedisServer) -> None:
    one, other = next(_names), next(_names)
    async with client(server) as redis:
        first = await redis.xadd(one, {"price": "1.5", "who": "ana"})
        options = {"streams": [one, other], "from": "start"}
        async with taking(feed(server, **options)) as taken:
            await taken.has(1)
            await redis.xadd(other, {"n": "1", "m": b"\xff"})
            events = await taken.has(2)
    assert [(event.key, event.data) for event in events] == [
        (one, {"price": 1.5, "who": "ana"}),
        (other, {"n": 1, "m": {"base64": "/w=="}}),
    ]
    assert events[0].time == int(first.partition(b"-")[0])


async def test_a_stream_is_new_from_the_moment_it_is_first_read(server: RedisServer) -> None:
    name = next(_names)
    async with client(server) as redis:
        await redis.xadd(name, {"n": "old"})
        async with taking(feed(server, streams=[name, "not-there-yet"])) as taken:
            await taken.listens()
            cursor = taken.context.cursor
        await redis.xadd(name, {"n": "meanwhile"})
        async with taking(feed(server, streams=[name]), cursor) as taken:
            [event] = await taken.has(1)
    assert event.data == {"n": "meanwhile"}


async def test_more_entries_than_one_answer_holds_come_in_order_and_once(server: RedisServer) -> None:
    name = next(_names)
    async with client(server) as redis:
        async with redis.pipeline() as pipeline:
            for number in range(350):
                pipeline.xadd(name, {"n": number})
            await pipeline.execute()
        cursor: str | None = None
        numbers: list[int] = []
        for _ in range(7):
            context = FeedContext(name="r", cursor=cursor)
            events = await collect(feed(server, streams=[name], **{"from": "start"}), context, 50)
            cursor = context.cursor
            numbers += [event.data["n"] for event in events]
    assert numbers == list(range(350))


async def test_a_stream_that_was_made_anew_is_read_from_its_start(server: RedisServer) -> None:
    name = next(_names)
    async with client(server) as redis:
        await redis.xadd(name, {"n": 1}, id="5-1")
        context = FeedContext(name="r")
        await collect(feed(server, streams=[name], **{"from": "start"}), context, 1)
        await redis.delete(name)
        await redis.xadd(name, {"n": 2}, id="3-1")
        [event] = await collect(feed(server, streams=[name]), context, 1)
    assert event.data == {"n": 2}


@pytest.mark.parametrize("cursor", ["", "no", "[]", '{"x":1}', '{"x":"$; DROP"}', '{"x":"99999999999999999999999-1"}'])
async def test_a_cursor_that_is_none_is_as_the_first_time(server: RedisServer, cursor: str) -> None:
    name = next(_names)
    cursor = cursor.replace("x", name)
    async with client(server) as redis:
        await redis.xadd(name, {"n": 1})
        options = {"streams": [name], "from": "start"}
        [event] = await collect(feed(server, **options), FeedContext(name="r", cursor=cursor), 1)
    assert event.data == {"n": 1}


async def test_a_killed_server_breaks_the_feed_and_loses_no_entry(server: RedisServer) -> None:
    name = next(_names)
    async with client(server) as redis:
        await redis.xadd(name, {"n": 1})
    options = {"streams": [name], "from": "start"}
    async with taking(feed(server, **options)) as taken:
        await taken.has(1)
        server.kill()
        error = await taken.failure()
        cursor = taken.context.cursor
    assert isinstance(error, FeedBroken)
    assert str(error).endswith("ended the connection")
    server.start()
    async with client(server) as redis:
        await redis.xadd(name, {"n": 2})
    async with taking(feed(server, **options), cursor) as taken:
        [event] = await taken.has(1)
    assert event.data == {"n": 2}


@pytest.mark.parametrize("options", [{"channels": ["c"]}, {"streams": ["s"]}])
async def test_a_server_that_stands_still_is_noticed(server: RedisServer, options: dict[str, Any]) -> None:
    async with taking(feed(server, ping_every=0.1, **options)) as taken:
        await taken.until(lambda: len(taken.notes) >= 2)  # it lives, and says so while it is silent
        server.pause()
        try:
            error = await taken.failure()
        finally:
            server.resume()
    assert isinstance(error, FeedBroken)
    assert "did not answer" in str(error)


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        ("redis://ana:ajar@localhost:{port}", {}, "does not know this user, or the password is wrong"),
        ("redis://ana@localhost:{port}", {}, "does not know this user"),
        ("redis://ana:${{PW}}@localhost:{port}", {"channels": ["c"]}, "does not let this user read here"),
        ("redis://localhost:{port}", {"username": "ana", "password": "${PW}", "streams": ["s"]}, "does not let this"),
        ("redis://localhost:{port}/99", {}, "DB index is out of range"),
        ("redis://localhost:{port}/zero", {}, "names no database"),
        ("redis://localhost:{port}", {"streams": ["text"]}, "WRONGTYPE"),
    ],
)
async def test_what_nobody_but_a_person_can_mend_fails(
    server: RedisServer, url: str, options: dict[str, Any], says: str
) -> None:
    async with client(server) as redis:
        await redis.set("text", "x")
    async with taking(feed(server, url=url.format(port=server.port), **options), PW=PASSWORD) as taken:
        error = await taken.failure()
    assert isinstance(error, FeedFailed)
    assert says in str(error)
    assert error.hint
    assert not any(secret in f"{error} {error.hint}" for secret in (PASSWORD, "ajar", "ana:"))


async def test_a_server_without_a_password_of_its_own_can_be_read_with_one(server: RedisServer) -> None:
    async with taking(feed(server, username="ana", password="${PW}", patterns=["p"]), PW=PASSWORD) as taken:
        await taken.listens()


@pytest.mark.parametrize(
    ("url", "says"),
    [("redis://localhost:{free}", "refuses connections"), ("redis://none.invalid", "no such host"), ("unix:///no", "")],
)
async def test_what_may_mend_itself_is_broken(server: RedisServer, url: str, says: str) -> None:
    async with taking(feed(server, url=url.format(free=free_port()))) as taken:
        error = await taken.failure()
    assert isinstance(error, FeedBroken)
    assert says in str(error)


async def test_something_that_is_no_redis_is_broken(server: RedisServer) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with taking(feed(server, url=f"redis://localhost:{port}")) as taken:
            assert isinstance(await taken.failure(), FeedBroken)


async def test_over_tls_it_trusts_whom_it_is_told_to(server: RedisServer, tmp_path: Path) -> None:
    async with client(server) as redis, tls_front(server.port, tmp_path) as port:
        url = f"rediss://localhost:{port}"
        async with taking(feed(server, url=url, ca="ca.pem", channels=["tls"])) as taken:
            await taken.listens()
            await redis.publish("tls", "sealed")
            assert (await taken.has(1))[0].data == {"value": "sealed"}
        async with taking(feed(server, url=url)) as taken:
            error = await taken.failure()
    assert "a certificate that is not trusted" in str(error)


async def test_a_socket_in_the_file_system_will_do(server: RedisServer) -> None:
    async with client(server) as redis, taking(feed(server, url=f"unix://{server.folder}/redis.sock")) as taken:
        await taken.listens()
        await redis.publish("near", "1")
        assert (await taken.has(1))[0].key == "near"


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=64), min_size=1, max_size=8))
async def test_whatever_is_published_can_be_recorded(server: RedisServer, payloads: list[bytes]) -> None:
    name = next(_names)
    async with client(server) as redis:
        async with redis.pipeline() as pipeline:
            for payload in payloads:
                pipeline.xadd(name, {"f": payload, payload: "v"})
            await pipeline.execute()
        options = {"streams": [name], "from": "start"}
        events = await collect(feed(server, **options), FeedContext(name="r"), len(payloads))
    for event in events:
        record(event, feed="r", received=1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"url": "http://x"}, "should start with redis://"),
        ({"channels": [""]}, "at least 1"),
        ({"streams": ["s"], "channels": ["c"]}, "a feed each"),
        ({"from": "end"}, "new"),
        ({"ping_every": 0}, "greater than 0"),
    ],
)
def test_options_are_checked(options: dict[str, Any], says: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=says):
        RedisFeed.configure(options)


def test_a_stream_can_wait_and_a_channel_cannot() -> None:
    assert RedisFeed.configure({"streams": ["s"]}).overflow == "wait"
    assert RedisFeed.configure({}).overflow == "sample"
