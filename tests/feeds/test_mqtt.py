from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brokers import MqttBroker, MqttDoor, mqtt_door
from collab_dash.errors import FeedBroken
from collab_dash.event import Event, record
from collab_dash.feed import FeedContext
from collab_dash.testing import FeedConformance, Relay, collect
from collab_dash.testing.upstream import NETWORK_FAULTS
from collab_dash_feeds.mqtt import MqttFeed
from taking import becomes, taking

MESSAGES = ('{"id":1,"price":7}', '{"id":2,"price":8}', '[1,"two"]')
_names = (f"name-{number}" for number in count())


@pytest.fixture(autouse=True)
def server(mqtt_broker: MqttBroker, request: pytest.FixtureRequest) -> MqttBroker:
    if request.cls is not None:
        request.cls.server = mqtt_broker
    return mqtt_broker


def feed(server: MqttBroker, *topics: str, **options: Any) -> MqttFeed:
    configured = MqttFeed.configure({"url": f"mqtt://localhost:{server.port}", "topics": list(topics), **options})
    assert isinstance(configured, MqttFeed)
    return configured


class _Conformance(FeedConformance):
    plugin = MqttFeed
    messages = MESSAGES
    faults = NETWORK_FAULTS
    notices_silence = "the library pings"
    server: MqttBroker

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Any]:
        self.name = next(_names)
        broker: MqttDoor
        relay: Relay
        begun: list[str] = []

        async def say(*messages: str) -> None:
            for message in messages:
                if not self.resumes or not begun:
                    await becomes(lambda: broker.listen(self.name, relay.ports))
                begun.append(message)
                await broker.publish(self.name, message)

        async with mqtt_door(self.server) as broker, Relay("127.0.0.1", self.server.port, play=say) as relay:
            yield relay

    def options(self, upstream: Relay) -> dict[str, Any]:
        return {"url": f"mqtt://localhost:{upstream.port}", "topics": [self.name], "format": "json"}

    def identity(self, event: Event) -> Any:
        return event.type, event.data  # the key is another each time


class TestMqtt(_Conformance):
    pass


class TestMqttSession(_Conformance):
    resumes = True

    def options(self, upstream: Relay) -> dict[str, Any]:
        return {**super().options(upstream), "client_id": self.name, "clean_start": False}


async def test_messages_have_their_topic_as_key(server: MqttBroker) -> None:
    async with mqtt_door(server) as broker, taking(feed(server, "home/+/temp", "log/#")) as taken:
        await taken.listens()
        await broker.publish("home/hall/temp", "21.5", qos=0)
        await broker.publish("home/hall/other", "no")
        await broker.publish("log/a/b", b"\xff\x00")
        await broker.publish("log", '{"x":1}', qos=2)
        await broker.publish("log/ü", "")
        events = await taken.has(4)
    assert {event.type for event in events} == {"mqtt:message"}
    assert {event.key: event.data for event in events} == {  # in no order: they are delivered in different ways
        "home/hall/temp": {"value": 21.5},
        "log/a/b": {"base64": "/wA="},
        "log": {"x": 1},
        "log/ü": {"value": ""},
    }


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_many_messages_come_in_order_and_once(server: MqttBroker, qos: int) -> None:
    topic = next(_names)
    async with mqtt_door(server) as broker, taking(feed(server, topic, qos=qos)) as taken:
        await taken.listens()
        for number in range(120):
            await broker.publish(topic, str(number), qos=2)
        events = await taken.has(120)
    assert [event.data["value"] for event in events] == list(range(120))


async def test_a_slow_hub_loses_nothing(server: MqttBroker) -> None:
    topic = next(_names)
    stream: Any = feed(server, topic, qos=0).events(FeedContext(name="m"))
    async with mqtt_door(server) as broker:
        waiting = asyncio.ensure_future(anext(stream))
        await becomes(lambda: broker.listen(topic))
        for number in range(400):  # four times what waits on our side
            await broker.publish(topic, str(number), qos=0)
        first = await waiting
        rest = [await anext(stream) for _ in range(399)]
    await stream.aclose()
    assert [event.data["value"] for event in [first, *rest]] == list(range(400))


async def test_what_the_broker_kept_is_marked_and_told_once(server: MqttBroker) -> None:
    topic = next(_names)
    async with mqtt_door(server) as broker:
        await broker.publish(f"{topic}/1", "one", retain=True)
        await broker.publish(f"{topic}/2", '{"a":1}', retain=True)
        async with taking(feed(server, f"{topic}/#")) as taken:
            first = list(await taken.has(2))
            await broker.publish(f"{topic}/1", "uno", retain=True)
            [*_, live] = await taken.has(3)
            cursor = taken.context.cursor
        await broker.publish(f"{topic}/2", '{"a":2}', retain=True)  # while nobody listens
        async with taking(feed(server, f"{topic}/#"), cursor) as taken:
            await taken.has(1)  # what was kept may come after what is published meanwhile
            await broker.publish(f"{topic}/1", "end")
            again = await taken.has(2)
    told = {event.key: event.data for event in first}
    assert told == {f"{topic}/1": {"value": "one", "retained": True}, f"{topic}/2": {"a": 1, "retained": True}}
    assert live.data == {"value": "uno"}
    assert [event.data for event in again] == [{"a": 2, "retained": True}, {"value": "end"}]


async def test_what_the_broker_kept_may_be_left_out(server: MqttBroker) -> None:
    topic = next(_names)
    async with mqtt_door(server) as broker:
        await broker.publish(topic, "kept", retain=True)
        async with taking(feed(server, topic, retained=False)) as taken:
            await taken.listens()
            await broker.publish(topic, "live")
            [event] = await taken.has(1)
    assert event.data == {"value": "live"}


async def test_the_same_live_message_is_told_each_time(server: MqttBroker) -> None:
    topic = next(_names)
    async with mqtt_door(server) as broker, taking(feed(server, topic)) as taken:
        await taken.listens()
        for _ in range(3):
            await broker.publish(topic, "on", retain=True)
        assert [event.data for event in await taken.has(3)] == [{"value": "on"}] * 3


async def test_what_is_known_of_topics_is_bounded(server: MqttBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collab_dash_feeds.mqtt._MOST_TOPICS", 3)
    topic = next(_names)
    async with mqtt_door(server) as broker, taking(feed(server, f"{topic}/#")) as taken:
        await taken.listens()
        for number in range(10):
            await broker.publish(f"{topic}/{number}", "x")
        await taken.has(10)
        await taken.until(lambda: "pending" not in (taken.context.cursor or "pending"))
    assert len(json.loads(taken.context.cursor or "")["latest"]) == 3 * 16


async def test_a_session_goes_on_after_its_link_was_cut(server: MqttBroker) -> None:
    topic = next(_names)
    options = {"client_id": topic, "clean_start": False}
    async with mqtt_door(server) as broker, Relay("127.0.0.1", server.port) as relay:
        url = f"mqtt://localhost:{relay.port}"
        async with taking(feed(server, topic, url=url, **options)) as taken:
            await taken.listens()
            await broker.publish(topic, "0")
            await taken.has(1)
            relay.cut_now()
            error = await taken.failure()
        assert isinstance(error, FeedBroken)
        for number in range(1, 6):
            await broker.publish(topic, str(number))
        async with taking(feed(server, topic, url=url, **options), taken.context.cursor) as taken:
            events = await taken.has(5)
    assert [event.data["value"] for event in events][-5:] == [1, 2, 3, 4, 5]


async def test_a_hub_that_ends_in_the_midst_is_sent_the_rest(server: MqttBroker) -> None:
    topic = next(_names)
    options = {"client_id": topic, "clean_start": False}
    async with mqtt_door(server) as broker:
        async with taking(feed(server, topic, **options)) as taken:
            await taken.listens()
        for number in range(20):
            await broker.publish(topic, "same" if number in (6, 7) else str(number))
        cursor, told = taken.context.cursor, []
        for taken_at_a_time in (1, 6, 1, 12):
            context = FeedContext(name="m", cursor=cursor)
            told += await collect(feed(server, topic, **options), context, taken_at_a_time)
            cursor = context.cursor
            await becomes(broker.nobody)
    values = [event.data["value"] for event in told]
    assert values == ["same" if number in (6, 7) else number for number in range(20)]


@pytest.mark.parametrize("cursor", ["", "no", "[]", '{"latest":5}', '{"latest":"short"}', '{"pending":[1]}'])
async def test_a_cursor_that_is_none_is_as_the_first_time(server: MqttBroker, cursor: str) -> None:
    topic = next(_names)
    async with mqtt_door(server) as broker:
        await broker.publish(topic, "kept", retain=True)
        [event] = await collect(feed(server, topic), FeedContext(name="m", cursor=cursor), 1)
    assert event.data == {"value": "kept", "retained": True}


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.binary(max_size=64), min_size=1, max_size=8))
async def test_whatever_is_published_can_be_recorded(server: MqttBroker, payloads: list[bytes]) -> None:
    topic = next(_names)
    async with mqtt_door(server) as broker, taking(feed(server, topic)) as taken:
        await taken.listens()
        for payload in payloads:
            await broker.publish(topic, payload)
        events = await taken.has(len(payloads))
    for event in events:
        record(event, feed="m", received=1)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"url": "http://x"}, "should start with mqtt://"),
        ({"topics": []}, "at least 1"),
        ({"topics": [""]}, "1 to 65535 bytes"),
        ({"topics": ["a\0"]}, "1 to 65535 bytes"),
        ({"topics": ["a/#/b"]}, "at the end of a topic"),
        ({"topics": ["a#"]}, "at the end of a topic"),
        ({"topics": ["a/b+"]}, "a whole level"),
        ({"qos": 3}, "0, 1 or 2"),
        ({"version": "4"}, "3.1.1"),
        ({"clean_start": False}, "client_id is needed"),
        ({"keepalive": 0}, "greater than or equal to 1"),
    ],
)
def test_options_are_checked(options: dict[str, Any], says: str) -> None:
    with pytest.raises(pydantic.ValidationError, match=says):
        MqttFeed.configure(options)


def test_only_what_the_broker_keeps_can_wait() -> None:
    assert MqttFeed.configure({"client_id": "me", "clean_start": False}).overflow == "wait"
    assert MqttFeed.configure({"client_id": "me", "clean_start": False, "qos": 0}).overflow == "conflate"
    assert MqttFeed.configure({}).overflow == "conflate"
