from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import trustme

from brokers import PASSWORD, MqttBroker, free_port, mqtt_door, short_folder
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED
from collab_dash.testing import Relay
from collab_dash_feeds.mqtt import MqttFeed
from taking import Taking, becomes, taking

_names = (f"link-{number}" for number in count())


@pytest.fixture(autouse=True)
def server(mqtt_broker: MqttBroker, request: pytest.FixtureRequest) -> MqttBroker:
    if request.cls is not None:
        request.cls.server = mqtt_broker
    return mqtt_broker


def feed(server: MqttBroker, *topics: str, **options: Any) -> MqttFeed:
    configured = MqttFeed.configure({"url": f"mqtt://localhost:{server.port}", "topics": list(topics), **options})
    assert isinstance(configured, MqttFeed)
    return configured


async def test_a_killed_broker_breaks_the_feed_and_it_works_again(server: MqttBroker) -> None:
    async with taking(feed(server, "k")) as taken:
        await taken.listens()
        server.kill()
        error = await taken.failure()
    assert isinstance(error, FeedBroken)
    assert str(error).endswith("ended the connection")
    server.start()
    async with mqtt_door(server) as broker, taking(feed(server, "k")) as taken:
        await taken.listens()
        await broker.publish("k", "back")
        assert (await taken.has(1))[0].data == {"value": "back"}


async def test_a_broker_that_stands_still_is_noticed(server: MqttBroker) -> None:
    async with taking(feed(server, "s", keepalive=1)) as taken:
        await taken.listens()
        server.pause()
        try:
            error = await taken.failure()
        finally:
            server.resume()
    assert isinstance(error, FeedBroken)
    assert "did not answer within 1 s" in str(error)


async def test_a_broker_that_stands_still_from_the_start_can_be_left(server: MqttBroker) -> None:
    server.pause()
    try:
        async with taking(feed(server, "s")):
            await asyncio.sleep(0)
        async with Relay("127.0.0.1", server.port) as relay, _taking_from(relay.port):
            await becomes(lambda: _connected(relay))
    finally:
        server.resume()


def _taking_from(port: int) -> AbstractAsyncContextManager[Taking]:
    return taking(MqttFeed.configure({"url": f"mqtt://localhost:{port}", "topics": ["x"]}))


async def _connected(relay: Relay) -> bool:
    return relay.connections > 0


async def test_no_thread_is_left(server: MqttBroker) -> None:
    async with taking(feed(server, "s")) as taken:
        await taken.listens()
    await becomes(_no_threads)


async def _no_threads() -> bool:
    return not [thread for thread in threading.enumerate() if "paho" in thread.name]


async def test_over_websocket_too(server: MqttBroker) -> None:
    async with (
        mqtt_door(server) as broker,
        taking(feed(server, "w", url=f"ws://localhost:{server.ws_port}/mqtt")) as taken,
    ):
        await taken.listens()
        await broker.publish("w", "hello")
        assert (await taken.has(1))[0].data == {"value": "hello"}


async def test_over_tls_it_trusts_whom_it_is_told_to(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    folder = short_folder()
    server = MqttBroker(folder, cert=str(tmp_path / "server.pem"), key=str(tmp_path / "server.pem"))
    try:
        server.start()
        url = f"mqtts://localhost:{server.port}"
        async with mqtt_door(server) as broker, taking(feed(server, "t", url=url, ca="ca.pem")) as taken:
            await taken.listens()
            await broker.publish("t", "sealed")
            assert (await taken.has(1))[0].data == {"value": "sealed"}
        async with taking(feed(server, "t", url=url)) as taken:
            error = await taken.failure()
    finally:
        server.stop()
        shutil.rmtree(folder)
    assert isinstance(error, FeedBroken)
    assert "a certificate that is not trusted" in str(error)


@pytest.mark.parametrize(
    ("url", "options", "says"),
    [
        ("mqtt://ana:ajar@{place}", {}, "bad user name or password"),
        ("mqtt://{place}", {"username": "ana", "password": "ajar"}, "bad user name or password"),
        ("mqtt://{place}", {"topics": ["open", "private/x"]}, "does not let us read 'private/x'"),
        ("mqtt://{place}", {"version": 5}, "unsupported protocol version"),
    ],
)
async def test_what_nobody_but_a_person_can_mend_fails(
    server: MqttBroker, url: str, options: dict[str, Any], says: str
) -> None:
    place = {"url": url.format(place=f"localhost:{server.port}"), "topics": ["open"]}
    async with taking(MqttFeed.configure(place | options)) as taken:
        error = await taken.failure()
    assert isinstance(error, FeedFailed)
    assert says in str(error)
    assert error.hint
    assert not any(secret in f"{error} {error.hint}" for secret in ("ajar", "ana:"))


async def test_a_password_opens(server: MqttBroker) -> None:
    for options in ({"url": f"mqtt://ana:${{PW}}@localhost:{server.port}"}, {"username": "ana", "password": "${PW}"}):
        async with taking(feed(server, "a", **options), PW=PASSWORD) as taken:
            await taken.listens()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("mqtt://localhost:{free}", "refuses connections"),
        ("mqtt://none.invalid", "no such host"),
        ("mqtts://localhost:{port}", "cannot agree on TLS"),
        ("ws://localhost:{port}", ""),
    ],
)
async def test_what_may_mend_itself_is_broken(server: MqttBroker, url: str, says: str) -> None:
    async with taking(feed(server, "x", url=url.format(free=free_port(), port=server.port))) as taken:
        error = await taken.failure()
    assert isinstance(error, FeedBroken)
    assert says in str(error)


@asynccontextmanager
async def scripted(*answers: bytes) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answer each packet of a client with the next of these; give the port and what came."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            heard.append(await reader.read(4096))
            writer.write(answer)
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as listening:
        yield listening.sockets[0].getsockname()[1], heard


CONNACK_5 = bytes.fromhex("2003000000")
SUBACK_5 = bytes.fromhex("9004 0001 00 01")


async def test_mqtt_5_asks_for_a_session_and_is_told_why_it_ends(server: MqttBroker) -> None:
    publish = bytes.fromhex("320b 0003 612f62 0007 00") + b"on!"
    taken_over = bytes.fromhex("e0028e00")
    async with scripted(CONNACK_5, SUBACK_5 + publish, taken_over) as (port, heard):
        options = {"version": "5", "client_id": "me", "clean_start": False, "session_expiry": 3600}
        async with taking(feed(server, "a/b", url=f"mqtt://localhost:{port}", **options)) as taken:
            [event] = await taken.has(1)
            error = await taken.failure()
    assert (event.key, event.data) == ("a/b", {"value": "on!"})
    connect, subscribe, acknowledged = heard
    assert connect[4:8] == b"MQTT"
    assert connect[8:10] == b"\x05\x00"  # the version; no clean start
    assert bytes.fromhex("1100000e10") in connect  # the session's expiry
    assert subscribe[-6:] == b"\x00\x03a/b\x11"  # QoS 1; kept messages for a new subscription only
    assert acknowledged[:4] == bytes.fromhex("40020007")
    assert isinstance(error, FeedBroken)
    assert "another program" in error.hint


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ((b"HTTP/1.1 400 Bad Request\r\n" + b"x" * 200,), ""),
        ((bytes.fromhex("20020003"),), "refuses us: server unavailable"),
        ((bytes.fromhex("20020000"), bytes.fromhex("f0ffffffffff")), ""),
        ((bytes.fromhex("20020000"), bytes.fromhex("9003000101") + bytes.fromhex("3001ff")), ""),
    ],
)
async def test_an_odd_broker_is_broken_and_nothing_worse(answers: tuple[bytes, ...], says: str) -> None:
    async with scripted(*answers) as (port, _), _taking_from(port) as taken:
        error = await taken.failure()
    assert isinstance(error, FeedBroken)
    assert says in str(error)


async def test_a_topic_that_is_no_text_is_kept() -> None:
    answers = bytes.fromhex("20020000"), bytes.fromhex("9003000101") + bytes.fromhex("3005 0002 ffff 21")
    async with scripted(*answers) as (port, _), _taking_from(port) as taken:
        [event] = await taken.has(1)
    assert (event.type, event.key, event.data["raw"]) == (REJECTED, None, "!")
