"""Messages of an MQTT broker."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from collab_dash.board import Pane
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, Overflow
from collab_dash.transports.address import expand

from ._broker import BrokerOptions, Payloads, url_of

if TYPE_CHECKING:
    from ._mqtt_link import Received, Wanted

_PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
_VERSIONS = {"3.1.1": 4, "5": 5}
_MOST_TOPICS = 1024


def _check_topic(topic: str) -> str:
    levels = topic.split("/")
    if not 0 < len(topic.encode()) <= 65535 or "\0" in topic:
        raise ValueError("a topic has 1 to 65535 bytes, none of them zero")
    if "#" in topic and (levels[-1] != "#" or "#" in topic[:-1]):
        raise ValueError("# stands at the end of a topic, for all levels that follow: home/#")
    if any("+" in level and level != "+" for level in levels):
        raise ValueError("+ stands for a whole level of a topic: home/+/temperature")
    return topic


Topic = Annotated[str, AfterValidator(_check_topic)]


class MqttOptions(BrokerOptions):
    """Options of the ``mqtt`` feed."""

    url: Annotated[str, AfterValidator(url_of("mqtt", "mqtts", "ws", "wss"))] = Field(
        "mqtt://localhost",
        repr=False,
        description="Where the broker is: mqtt://USER:PASSWORD@HOST:PORT, mqtts:// with TLS, ws:// and wss:// over "
        "WebSocket. ${NAME} comes from the environment.",
    )
    topics: tuple[Topic, ...] = Field(
        ("#",), min_length=1, description="Topics to subscribe to; + stands for one level, # at the end for the rest."
    )
    qos: Literal[0, 1, 2] = Field(1, description="How surely messages are to be delivered, at most: 0, 1 or 2.")
    version: Annotated[Literal["3.1.1", "5"], BeforeValidator(str)] = Field("3.1.1", description="MQTT 3.1.1 or 5.")
    retained: bool = Field(True, description="Whether to begin with what the broker has kept of each topic.")
    client_id: str | None = Field(None, min_length=1, description="Our name at the broker. ${NAME} as in url.")
    clean_start: bool = Field(
        True, description="Whether the broker forgets us when we go; if not, it keeps for us what comes meanwhile."
    )
    session_expiry: int = Field(
        86400, ge=1, lt=2**32, description="Seconds for which it remembers us if not clean_start; MQTT 5 only."
    )
    keepalive: int = Field(
        30, ge=1, le=65535, description="Seconds of silence after which the broker is asked whether it is there."
    )

    @model_validator(mode="after")
    def _check_named(self) -> Self:
        if not self.clean_start and self.client_id is None:
            raise ValueError("without clean_start, client_id is needed: the broker knows us by it")
        return self


class MqttFeed(Feed[MqttOptions]):
    """
    Messages of topics.

    What a broker kept of a topic comes again at each connection, and is told again only if it changed. A broker that
    does not forget us sends messages of QoS 1 until they are recorded.
    """

    summary = "Topics of an MQTT broker"
    transport = "mqtt"
    needs: ClassVar[Mapping[str, str]] = {"paho": "collab-dash[mqtt]"}
    overflow: Overflow = "conflate"
    pane = Pane(view="log")

    def __init__(self, options: MqttOptions) -> None:
        super().__init__(options)
        if options.qos == 1 and not options.clean_start:
            self.overflow = "wait"  # the broker keeps what is not acknowledged

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection."""
        from ._mqtt_link import linked

        payloads = Payloads(self.options, "mqtt")
        told = _Told(context.cursor)
        async with linked(self._wanted(context)) as link:
            context.note(f"subscribed to {', '.join(self.options.topics)}"[:60])
            told.connected(resumed=link.resumed)
            while True:
                message = await link.take()
                if told.is_new(message):
                    for event in context.carry(_events(message, payloads), told.cursor):
                        yield event
                if message.qos == 1:
                    link.acknowledge(message)
                    context.cursor = told.acknowledged()

    def _wanted(self, context: FeedContext) -> Wanted:
        from ._mqtt_link import Wanted

        options = self.options
        address = options.address(options.url, context.environ, _PORTS)
        return Wanted(
            where=address.shown,
            host=address.host,
            port=address.port,
            path=(address.path.rstrip("/") or "/mqtt") if address.scheme in ("ws", "wss") else "",
            tls=options.secure(context) if address.scheme in ("mqtts", "wss") else None,
            version=_VERSIONS[options.version],
            username=address.username,
            password=address.password,
            client_id=expand(options.client_id or "", context.environ),
            clean=options.clean_start,
            session_expiry=options.session_expiry,
            keepalive=options.keepalive,
            topics=options.topics,
            qos=options.qos,
            retained=options.retained,
        )


def _events(message: Received, payloads: Payloads) -> list[Event]:
    if message.topic is None:
        return [rejected("the topic is no text", message.payload)]
    events = payloads.events(message.payload, key=message.topic)
    if message.retained:
        for event in events:
            event.data.setdefault("retained", True)
    return events


class _Cursor(msgspec.Struct, omit_defaults=True):
    """
    What was told.

    Args:
        latest: For each topic, latest last, eight characters of its digest and eight of its message's.
        pending: The number and digest of a message that was told and not acknowledged, or None.

    """

    latest: str = ""
    pending: tuple[int, str] | None = None


class _Told:
    """
    Knows what was told before, from one connection to the next.

    Args:
        cursor: As it was left.

    """

    def __init__(self, cursor: str | None) -> None:
        try:
            known = msgspec.json.decode(cursor or "{}", type=_Cursor)
        except ValueError:
            known = _Cursor()
        texts = [known.latest[at : at + 16] for at in range(0, len(known.latest), 16)]
        self._latest = {text[:8]: text for text in texts}
        self._pending = known.pending
        self._before = known.pending

    def connected(self, *, resumed: bool) -> None:
        """Know whether the broker remembers us: only then it sends again what was not acknowledged."""
        if not resumed:
            self._before = None

    def is_new(self, message: Received) -> bool:
        """Tell whether a message is to be told, and remember that it was."""
        topic, content = _digest((message.topic or "").encode()), _digest(message.payload)
        text = topic + content
        repeated = message.retained and self._latest.get(topic) == text
        if message.qos == 1 and not message.retained:
            # What was not acknowledged comes first, under its old number [MQTT-4.4.0-1, MQTT-4.6.0-1].
            repeated = self._before == (message.number, text)
            self._before = None
        if message.qos == 1:
            self._pending = (message.number, text)
        if self._latest.get(topic) != text:
            self._latest.pop(topic, None)
            self._latest[topic] = text
            if len(self._latest) > _MOST_TOPICS:
                del self._latest[next(iter(self._latest))]
        return not repeated

    def acknowledged(self) -> str:
        """Know that the message was acknowledged; give the cursor after it."""
        self._pending = None
        return self.cursor

    @property
    def cursor(self) -> str:
        """Give what is to be known at the next connection."""
        return msgspec.json.encode(_Cursor("".join(self._latest.values()), self._pending)).decode()


def _digest(data: bytes) -> str:
    return urlsafe_b64encode(blake2b(data, digest_size=6).digest()).decode()
