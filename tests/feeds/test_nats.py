from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Set
from contextlib import aclosing, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, cast

import httpx
import pydantic
import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokers import PASSWORD, NatsServer, free_port, nats_client, nats_stream, short_folder
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED, Event, record
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, Relay, collect
from collab_dash.testing.upstream import NETWORK_FAULTS
from collab_dash_feeds.nats import NatsFeed
from taking import becomes, taking

MESSAGES = ('{"id":1,"price":7}', '{"id":2,"price":8}', '[1,"two"]')
_names = (f"name-{number}" for number in count())

USERS = f"""
authorization {{ users = [
  {{ user: ana, password: "{PASSWORD}", permissions: {{ subscribe: ["ok.>", "_INBOX.>"], publish: ["_INBOX.>"] }} }}
  {{ user: bo, password: "{PASSWORD}" }}
] }}
"""
TOKEN = f'authorization {{ token: "{PASSWORD}" }}\n'


@pytest.fixture(autouse=True)
def server(nats_server: NatsServer, request: pytest.FixtureRequest) -> NatsServer:
    if request.cls is not None:
        request.cls.server = nats_server
    return nats_server


def _configured(config: str) -> Iterator[NatsServer]:
    folder = short_folder()
    server = NatsServer(folder, config)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def users() -> Iterator[NatsServer]:
    yield from _configured(USERS)


@pytest.fixture(scope="module")
def token() -> Iterator[NatsServer]:
    yield from _configured(TOKEN)


def feed(server: NatsServer, **options: Any) -> NatsFeed:
    configured = NatsFeed.configure({"url": f"nats://localhost:{server.port}", **options})
    assert isinstance(configured, NatsFeed)
    return configured


class _Conformance(FeedConformance):
    plugin = NatsFeed
    messages = MESSAGES
    faults = NETWORK_FAULTS
    notices_silence = "it pings"
    server: NatsServer

    def identity(self, event: Any) -> Any:
        return event.type, event.data  # the key is another each time


class TestNatsSubjects(_Conformance):
    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Any]:
        self.name = next(_names)
        relay: Relay

        async def say(*messages: str) -> None:
            for message in messages:
                await becomes(lambda: _listen(self.server, self.name, relay.ports))
                await connection.publish(self.name, message.encode())

        async with nats_client(self.server) as connection, Relay("127.0.0.1", self.server.port, play=say) as relay:
            yield relay

    def options(self, upstream: Relay) -> dict[str, Any]:
        return {"url": f"nats://localhost:{upstream.port}", "subjects": [self.name], "format": "json"}


class TestNatsStream(_Conformance):
    resumes = True

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Any]:
        self.name = next(_names)
        async with nats_stream(self.server, self.name) as say, Relay("127.0.0.1", self.server.port, play=say) as relay:
            yield relay

    def options(self, upstream: Relay) -> dict[str, Any]:
        url = f"nats://localhost:{upstream.port}"
        return {"url": url, "stream": self.name, "from": "start", "format": "json"}


async def test_messages_have_their_subject_as_key(server: NatsServer) -> None:
    async with nats_client(server) as connection, taking(feed(server, subjects=["a.*", "t.>"])) as taken:
        await taken.listens()
        assert taken.notes == ["subjects: 2"]  # nothing is said before the server knows of all of them
        await connection.publish("a.b", b'{"x":1}', headers={"Trace": "1"})
        await connection.publish("a.b.c", b"no")
        await connection.publish("t.a.b", b"\xff\x00")
        await connection.publish("a.c", b"21.5")
        await connection.flush()
        events = await taken.has(3)
    assert sorted((event.type, event.key or "", str(event.data)) for event in events) == [
        ("nats:message", "a.b", "{'x': 1}"),
        ("nats:message", "a.c", "{'value': 21.5}"),
        ("nats:message", "t.a.b", "{'base64': '/wA='}"),
    ]


async def _listen(server: NatsServer, subject: str, ports: Set[int] | None = None) -> bool:
    """Tell whether somebody is subscribed to a subject; whoever comes from those ports, and somebody does."""
    async with httpx.AsyncClient() as http:
        answer = await http.get(f"http://127.0.0.1:{server.monitor_port}/connz?subs=1")
    subscribed = {
        each["port"] for each in answer.json()["connections"] if subject in each.get("subscriptions_list", ())
    }
    return set() < (subscribed if ports is None else ports) <= subscribed


async def test_what_comes_too_fast_is_counted_and_told(server: NatsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab_dash_feeds.nats._WAITING_IN_LIBRARY", 10)
    name = next(_names)
    async with nats_client(server) as connection, aclosing(_stream_of(server, subjects=[name])) as events:
        waiting = asyncio.ensure_future(anext(events))
        await becomes(lambda: _listen(server, name))
        for number in range(1001):
            await connection.publish(name, str(number).encode())
        told = [await waiting]
        await connection.flush()
        await connection.flush()
        told += [await anext(events) for _ in range(10)]  # as many as had room, and that the rest had none
    assert [event.data["value"] for event in told if event.type != REJECTED][:8] == list(range(8))
    dropped = [event.data["reason"] for event in told if event.type == REJECTED]
    assert dropped[0].endswith("messages were dropped: they came faster than they could be recorded")


def _stream_of(server: NatsServer, **options: Any) -> AsyncGenerator[Event]:
    return cast("AsyncGenerator[Event]", feed(server, **options).events(FeedContext(name="n")))


@pytest.mark.parametrize("stored", [False, True])
async def test_a_server_that_stands_still_is_noticed(server: NatsServer, stored: bool) -> None:
    name = next(_names)
    async with nats_stream(server, name):
        options = {"stream": name} if stored else {}
        async with taking(feed(server, ping_every=0.2, **options)) as taken:
            await taken.until(lambda: len(taken.notes) >= 2)
            server.pause()
            try:
                error = await taken.failure()
            finally:
                server.resume()
    assert isinstance(error, FeedBroken)
    assert "did not answer a ping" in str(error) or "said nothing of the stream" in str(error)


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        ("nats://{place}", {}, "does not know this user"),
        ("nats://ana:ajar@{place}", {}, "does not know this user"),
        ("nats://ana:${{PW}}@{place}", {}, "does not let this user read here"),
        ("nats://{place}", {"token": "ajar"}, "does not know this user"),
        ("nats://bo:${{PW}}@{place}", {"stream": "none"}, "no such stream"),
        ("tls://bo:${{PW}}@{place}", {}, "does not ask for TLS"),
        ("tls://{place}", {"token": "x"}, "does not ask for TLS"),
        ("nats://{place}", {"credentials": "none.creds"}, "none.creds cannot be read: no such file"),
        ("nats://{place}", {"nkey": "."}, "cannot be read: is a directory"),
        ("nats://{place}", {"nkey": "seed.nk"}, "nkey"),
    ],
)
async def test_what_nobody_but_a_person_can_mend_fails(
    users: NatsServer, url: str, options: dict[str, Any], says: str
) -> None:
    Path("seed.nk").write_text("not a seed")
    async with taking(feed(users, url=url.format(place=f"localhost:{users.port}"), **options), PW=PASSWORD) as taken:
        error = await taken.failure()
    assert isinstance(error, FeedFailed)
    assert says in str(error)
    assert error.hint
    assert not any(secret in f"{error} {error.hint}" for secret in (PASSWORD, "ajar", "ana:"))


async def test_a_user_may_read_what_is_allowed(users: NatsServer) -> None:
    for options in ({"url": f"nats://ana:${{PW}}@localhost:{users.port}"}, {"username": "ana", "password": "${PW}"}):
        async with taking(feed(users, subjects=["ok.>"], **options), PW=PASSWORD) as taken:
            await taken.listens()


async def test_a_token_opens_too(token: NatsServer) -> None:
    for options in ({"url": f"nats://${{PW}}@localhost:{token.port}"}, {"token": "${PW}"}):
        async with taking(feed(token, **options), PW=PASSWORD) as taken:
            await taken.listens()


async def test_without_jetstream_a_stream_is_tried_again() -> None:
    folder = short_folder()
    bare = NatsServer(folder, jetstream=False)
    try:
        bare.start()
        async with taking(feed(bare, stream="s")) as taken:
            error = await taken.failure()
    finally:
        bare.stop()
        shutil.rmtree(folder)
    assert isinstance(error, FeedBroken)
    assert "JetStream" in f"{error} {error.hint}"


@pytest.mark.parametrize(
    ("url", "says"), [("nats://localhost:{free}", "refuses connections"), ("nats://none.invalid", "no such host")]
)
async def test_what_may_mend_itself_is_broken(server: NatsServer, url: str, says: str) -> None:
    async with taking(feed(server, url=url.format(free=free_port()))) as taken:
        error = await taken.failure()
    assert isinstance(error, FeedBroken)
    assert says in str(error)


async def test_something_that_is_no_nats_is_broken(server: NatsServer) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        async with taking(feed(server, url=f"nats://localhost:{port}")) as taken:
            assert isinstance(await taken.failure(), FeedBroken)


async def test_over_tls_it_trusts_whom_it_is_told_to(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    pem = tmp_path / "server.pem"
    config = f'tls {{ cert_file: "{pem}", key_file: "{pem}" }}\nauthorization {{ user: ana, password: "{PASSWORD}" }}\n'
    for server in _configured(config):
        options = {"url": f"tls://localhost:{server.port}", "username": "ana", "password": PASSWORD}
        async with taking(feed(server, ca="ca.pem", **options)) as taken:
            await taken.listens()
        async with taking(feed(server, **options)) as taken:
            error = await taken.failure()
    assert "a certificate that is not trusted" in str(error)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=64), min_size=1, max_size=8))
async def test_whatever_is_published_can_be_recorded(server: NatsServer, payloads: list[bytes]) -> None:
    name = next(_names)
    async with nats_stream(server, name, storage="memory") as publish:
        await publish(*payloads)
        options = {"stream": name, "from": "start"}
        events = await collect(feed(server, **options), FeedContext(name="n"), len(payloads))
    for event in events:
        record(event, feed="n", received=1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"url": "http://x"}, "should start with nats://"),
        ({"subjects": []}, "at least 1"),
        ({"subjects": ["a b"]}, "pattern"),
        ({"subjects": ["a.>.b"]}, "pattern"),
        ({"subjects": ["a*"]}, "pattern"),
        ({"subjects": ["a..b"]}, "pattern"),
        ({"stream": "a.b"}, "pattern"),
        ({"token": "t", "nkey": "n"}, "take one of"),
        ({"from": "end"}, "new"),
        ({"ping_every": 0}, "greater than 0"),
    ],
)
def test_options_are_checked(options: dict[str, Any], says: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=says):
        NatsFeed.configure(options)


def test_a_stream_can_wait_and_a_subject_cannot() -> None:
    assert NatsFeed.configure({"stream": "s"}).overflow == "wait"
    assert NatsFeed.configure({}).overflow == "sample"
