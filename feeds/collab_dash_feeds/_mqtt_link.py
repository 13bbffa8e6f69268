"""One MQTT connection: the library's thread on one side, the event loop on the other."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.transports.http import CONNECT_TIMEOUT, broken_connection

from ._broker import Inbox

if TYPE_CHECKING:
    from paho.mqtt.reasoncodes import ReasonCode

_WAITING = 100
_LARGEST = 16 * 1024 * 1024
_REFUSAL = 128
_ENDING = 0.5
_HINTS = {
    "Bad user name or password": "check username and password, in the url or as options",
    "Not authorized": "check username and password, and what this user may do there",
    "Banned": "this user or machine is shut out there",
    "Bad authentication method": "the broker wants another way to sign in",
    "Client identifier not valid": "set client_id to a name that the broker takes",
    "Unsupported protocol version": 'set version to "3.1.1" or "5"',
}


class Received(NamedTuple):
    """
    A message.

    Args:
        topic: Where it was published, or None if that is no text.
        payload: As it came.
        qos: How surely it is delivered: 0, 1 or 2.
        retained: Whether the broker had kept it, and sends it because we subscribed.
        number: The number under which it is to be acknowledged.

    """

    topic: str | None
    payload: bytes
    qos: int
    retained: bool
    number: int


class Wanted(NamedTuple):
    """
    How to connect, and to what to subscribe.

    Args:
        where: The address as people may see it.
        host: The broker's.
        port: The broker's.
        path: Of a WebSocket, or empty for TCP.
        tls: For TLS, or None; it is this connection's own.
        version: 4 for MQTT 3.1.1, 5 for MQTT 5.
        username: Who we are, or None.
        password: Its secret, or None.
        client_id: Our name at the broker; empty for any.
        clean: Whether the broker is to forget us when we go.
        session_expiry: Seconds for which it is to remember us otherwise; MQTT 5 only.
        keepalive: Seconds of silence after which either side asks whether the other is there.
        topics: To subscribe to.
        qos: How surely messages are to be delivered, at most.
        retained: Whether to have what the broker has kept.

    """

    where: str
    host: str
    port: int
    path: str
    tls: ssl.SSLContext | None
    version: int
    username: str | None
    password: str | None
    client_id: str
    clean: bool
    session_expiry: int
    keepalive: int
    topics: Sequence[str]
    qos: int
    retained: bool


class _Socket(ssl.SSLSocket):
    """A socket that is closed where its handshake fails; the library forgets it open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class _Client(paho.Client):
    """The library's client, whose thread also connects, and reports whatever ends it."""

    link: Link
    opened: socket.socket | None = None

    def _create_socket_connection(self) -> socket.socket:
        # Where a WebSocket's handshake fails, the library forgets the socket open.
        self.opened = super()._create_socket_connection()
        return self.opened

    def loop_forever(self, timeout: float = 1.0, retry_first_connection: bool = False) -> MQTTErrorCode:
        result, error = MQTTErrorCode.MQTT_ERR_UNKNOWN, None
        try:
            self.reconnect()
            if self.link.ending:
                self.disconnect()
            result = super().loop_forever(timeout)
        except Exception as caught:  # noqa: BLE001 - a thread's exception reaches nobody
            error = caught
            if self.opened is not None:
                self.opened.close()
        self.link.over(error)
        return result


class Link:
    """
    Messages of a connection.

    Messages of QoS 1 are acknowledged when the caller says so, and the broker sends but so many that are not. The
    others are read no faster than they are taken.

    Args:
        wanted: How to connect.

    """

    def __init__(self, wanted: Wanted) -> None:
        self.ending = False
        self.resumed = False
        self._wanted = wanted
        self._loop = asyncio.get_running_loop()
        self._inbox: Inbox[Received] = Inbox(0)
        self._room = threading.Semaphore(_WAITING)
        self._subscribed: asyncio.Future[None] = self._loop.create_future()
        self._over = asyncio.Event()
        self._error: FeedError | None = None
        self._client = self._make_client()

    def _make_client(self) -> _Client:
        wanted, version_5 = self._wanted, self._wanted.version == paho.MQTTv5
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=wanted.client_id,
            clean_session=None if version_5 else wanted.clean,
            protocol=MQTTProtocolVersion(wanted.version),
            transport="websockets" if wanted.path else "tcp",
            reconnect_on_failure=False,
            manual_ack=wanted.qos == 1,
        )
        client.link = self
        client.connect_timeout = CONNECT_TIMEOUT
        client.on_connect = self._connected
        client.on_subscribe = self._accepted
        client.on_message = self._heard
        client.on_disconnect = self._disconnected
        client.on_socket_close = self._closing
        if wanted.username is not None:
            client.username_pw_set(wanted.username, wanted.password)
        if wanted.tls is not None:
            wanted.tls.sslsocket_class = _Socket
            client.tls_set_context(wanted.tls)
        if wanted.path:
            client.ws_set_options(wanted.path)
        return client

    async def open(self) -> None:
        """
        Connect and subscribe.

        Raises:
            FeedBroken: If trying again may help.
            FeedFailed: If it cannot.

        """
        wanted = self._wanted
        properties = None
        if wanted.version == paho.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # the library says no types
            properties.SessionExpiryInterval = 0 if wanted.clean else wanted.session_expiry
            properties.ReceiveMaximum = _WAITING
            properties.MaximumPacketSize = _LARGEST
            clean_start: Any = wanted.clean
        else:
            clean_start = paho.MQTT_CLEAN_START_FIRST_ONLY
        self._client.connect_async(
            wanted.host, wanted.port, wanted.keepalive, clean_start=clean_start, properties=properties
        )
        self._client.loop_start()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                await self._subscribed
        except TimeoutError:
            raise FeedBroken(
                f"{wanted.where} did not answer within {CONNECT_TIMEOUT:.0f} s", hint="check url and network"
            ) from None

    async def take(self) -> Received:
        """
        Give the next message.

        Raises:
            FeedBroken: If the connection has ended.

        """
        message = await self._inbox.take()
        self._room.release()
        assert message is not None  # noqa: S101 - for the type checker: without a time limit there is one
        return message

    def acknowledge(self, message: Received) -> None:
        """Let the broker forget a message of QoS 1."""
        self._client.ack(message.number, message.qos)

    async def close(self) -> None:
        """Say goodbye; a thread that still tries to connect ends by itself."""
        self.ending = True
        self._room.release()
        self._client.disconnect()
        if self._subscribed.done():
            if not self._subscribed.cancelled():
                self._subscribed.exception()
            with suppress(TimeoutError):
                async with asyncio.timeout(_ENDING):
                    await self._over.wait()
        else:
            self._subscribed.cancel()

    # What follows is called by the library's thread.

    def _connected(self, client: paho.Client, _: object, flags: Any, reason: ReasonCode, properties: object) -> None:
        if reason.is_failure:
            self._error = _refused(self._wanted.where, str(reason))
            return
        self.resumed = bool(flags.session_present)
        wanted = self._wanted
        if wanted.version == paho.MQTTv5:
            # Kept messages are sent if the subscription is a new one, or never.
            handling = (
                SubscribeOptions.RETAIN_SEND_IF_NEW_SUB if wanted.retained else SubscribeOptions.RETAIN_DO_NOT_SEND
            )
            options = SubscribeOptions(qos=wanted.qos, retainHandling=handling)
            client.subscribe([(topic, options) for topic in wanted.topics])
        else:
            client.subscribe([(topic, wanted.qos) for topic in wanted.topics])

    def _accepted(
        self, client: object, _: object, number: int, reasons: Sequence[ReasonCode], properties: object
    ) -> None:
        for topic, reason in zip(self._wanted.topics, reasons, strict=False):
            if reason.value >= _REFUSAL:
                words = f"{self._wanted.where} does not let us read {topic!r}: {reason}"
                error = FeedFailed(words, hint="check topics, and what this user may read")
                self._call(self._end, error)
                return
        self._call(self._open)

    def _heard(self, client: object, _: object, message: paho.MQTTMessage) -> None:
        if not self._wanted.retained and message.retain:
            if message.qos == 1:
                self._client.ack(message.mid, message.qos)
            return
        self._room.acquire()
        if self.ending:
            return
        try:
            topic: str | None = message.topic
        except UnicodeDecodeError:
            topic = None
        received = Received(topic, bytes(message.payload), message.qos, message.retain, message.mid)
        self._call(self._inbox.offer, received)

    def _disconnected(self, client: object, _: object, flags: Any, reason: ReasonCode, properties: object) -> None:
        where = self._wanted.where
        if self._error is not None:
            return
        if reason.getName() == "Keep alive timeout":
            self._error = FeedBroken(f"{where} did not answer within {self._wanted.keepalive} s")
        elif flags.is_disconnect_packet_from_server:
            hint = "does another program use this client_id?" if "taken over" in str(reason) else ""
            self._error = FeedBroken(f"{where} ended the connection: {reason}", hint=hint)

    def _closing(self, client: object, _: object, connected: Any) -> None:
        # To close what was not read to its end is to reset: the broker might never see the last acknowledgements.
        if not self.ending or not isinstance(connected, socket.socket):
            return
        due = time.monotonic() + _ENDING / 2
        with suppress(OSError):
            connected.settimeout(_ENDING / 2)
            connected.shutdown(socket.SHUT_WR)
            while connected.recv(65536) and time.monotonic() < due:
                pass

    def over(self, error: Exception | None) -> None:
        """Know that the connection has ended, with an error or after what was told before."""
        where = self._wanted.where
        if self._error is None and error is not None:
            self._error = broken_connection(where, error)
        self._call(self._end, self._error or FeedBroken(f"{where} ended the connection"))
        self._call(self._over.set)

    def _call(self, function: Any, *arguments: Any) -> None:
        with suppress(RuntimeError):  # the event loop is closed
            self._loop.call_soon_threadsafe(function, *arguments)

    # And what it calls, in the event loop.

    def _open(self) -> None:
        if not self._subscribed.done():
            self._subscribed.set_result(None)

    def _end(self, error: FeedError) -> None:
        if not self._subscribed.done():
            self._subscribed.set_exception(error)
        self._inbox.end(error)


def _refused(where: str, words: str) -> FeedError:
    hint = _HINTS.get(words)
    said = f"{where} refuses us: {words.lower()}"
    return FeedBroken(said) if hint is None else FeedFailed(said, hint=hint)


@asynccontextmanager
async def linked(wanted: Wanted) -> AsyncIterator[Link]:
    """
    Hold a connection open for as long as the block runs.

    Raises:
        FeedBroken: If trying again may help.
        FeedFailed: If it cannot.

    """
    link = Link(wanted)
    try:
        await link.open()
        yield link
    finally:
        await link.close()
