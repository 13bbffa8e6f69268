"""The peer link, ``GET /ws``."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from functools import partial
from time import monotonic

from starlette.websockets import WebSocket, WebSocketDisconnect

from ..doc.sync import Kind
from ..doc.sync import read as read_message
from ..doc.sync import write as write_message
from ..errors import BadFrame, RequestRefused
from ..hub.attendance import weight_of
from ..hub.bucket import Bucket, turn
from ..hub.fanout import Format
from ..hub.handlers import answer, fault_of
from ..hub.hub import Hub
from ..hub.joining import welcomed
from ..hub.replica import Replica
from ..hub.subscriber import Subscriber
from ..wire import (
    DOC_REFUSED,
    DOC_SAVED,
    HELLO,
    HELLO_TIMEOUT,
    PROTOCOL,
    TOKEN,
    WAITING,
    Close,
    Code,
    Fault,
    Hello,
    Knock,
    Request,
    Saved,
    decode_hello,
    decode_request,
    encode_fault,
    encode_ok,
    encode_push,
    person_id,
    shown_name,
)
from .credentials import Credentials
from .frames import EXTENSION, PreparedFrames, WebSocketFormat, text_frame

CLOSE_TIMEOUT = 2.0
PRESENCE_RATE = 100.0
MAX_REASON = 123  # bytes, RFC 6455 section 5.5

_log = logging.getLogger("collab_dash.server")
_format = WebSocketFormat()
_AWARENESS = write_message(Kind.AWARENESS)[:1]


class Refused(Exception):
    """This link ends with a code."""

    def __init__(self, code: Close, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class WebSocketLink:
    """One peer's connection, as the hub sees it."""

    format: Format = _format

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._frames: PreparedFrames = socket.scope["extensions"][EXTENSION]
        self._closing = False

    def write(self, data: bytes) -> None:
        """Write frames made by `format`, now; nothing happens on a closed link."""
        self._frames.write_prepared(data)

    def push(self, payload: bytes) -> None:
        """Write one message."""
        self._frames.write_prepared(text_frame(payload))

    def backlog(self) -> int:
        """Give the bytes that were written but not yet taken by the network."""
        return self._frames.backlog()

    async def drained(self) -> None:
        """Wait until the backlog is small, or the link is gone."""
        await self._frames.drained()

    @property
    def address(self) -> str:
        """Where the peer connects from."""
        return self._socket.client.host if self._socket.client else ""

    def take_at_once(self, take: Callable[[bytes], bool]) -> None:
        """Offer each binary message to `take` as it comes; those that it takes are not received."""
        self._frames.at_once = take

    async def receive(self) -> str | bytes:
        """
        Wait for a message; on a link that was told to close, what came before counts no more.

        Raises:
            WebSocketDisconnect: If the peer is gone, or has to go.

        """
        message = await self._socket.receive()
        if self._closing or message["type"] != "websocket.receive":
            raise WebSocketDisconnect(message.get("code", 1006), message.get("reason"))
        text: str | None = message.get("text")
        content: bytes = message.get("bytes") or b""
        return content if text is None else text

    async def close(self, code: int, reason: str) -> None:
        """Close with a code of the protocol; a peer that takes nothing is cut off after two seconds."""
        self._closing = True
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._socket.close(code, reason.encode()[:MAX_REASON].decode(errors="ignore"))
        except TimeoutError:
            self._frames.abort()
        except (RuntimeError, WebSocketDisconnect):
            pass  # it was closed already


async def serve_peer(socket: WebSocket, hub: Hub, credentials: Credentials, *, read_only: bool) -> None:
    """Serve one peer from its hello to its end."""
    await socket.accept()
    link = WebSocketLink(socket)
    try:
        subscriber = await _greet(link, hub, credentials, read_only=read_only)
        try:
            await _serve(link, hub, subscriber)
        finally:
            hub.leave(subscriber)
    except* Refused as refusals:
        for refusal in _flat(refusals):
            await link.close(refusal.code, str(refusal))
    except* WebSocketDisconnect:
        pass


def _flat(group: BaseExceptionGroup[Refused]) -> list[Refused]:
    return [
        found
        for item in group.exceptions
        for found in (_flat(item) if isinstance(item, BaseExceptionGroup) else [item])
    ]


async def _greet(link: WebSocketLink, hub: Hub, credentials: Credentials, *, read_only: bool) -> Subscriber:
    request = await _first_request(link)
    hello = _hello(request)
    if hello.protocol != PROTOCOL:
        message = f"this hub speaks protocol {PROTOCOL}, you speak {hello.protocol}; update the older of the two"
        raise Refused(Close.OTHER_PROTOCOL, message)
    role = credentials.role(hello.token, read_only=read_only)
    if role is None:
        message = "wrong token; ask for a new link"
        link.push(encode_fault(request.id, Fault(code=Code.UNAUTHORIZED, message=message)))
        raise Refused(Close.BAD_TOKEN, message)
    client = secrets.token_hex(4)
    if hub.peers.admission.must_ask(role, person := person_id(hello.person) or client):
        knock = Knock(client=client, name=shown_name(hello.name), role=role, address=link.address)
        await _let_in(link, hub, request, knock, person)
    subscriber, welcome = welcomed(hub, link, hello, role=role, client=client)
    link.push(encode_ok(request.id or 0, welcome))
    hub.enter(subscriber)
    if hub.links is not None and credentials.role(hello.token, read_only=read_only) is None:
        subscriber.push(TOKEN, {"token": hub.links.token(role)}, lasting=True)  # the links were renewed meanwhile
    return subscriber


async def _let_in(link: WebSocketLink, hub: Hub, request: Request, knock: Knock, person: str) -> None:
    """Wait until a host lets somebody in."""
    try:
        with hub.peers.admission.waiting(knock, person, link) as answer:
            link.push(encode_push(WAITING, {}))
            async with asyncio.TaskGroup() as tasks:
                listening = tasks.create_task(_stay_silent(link), name=f"waiting {knock.client}")
                yes = await answer
                listening.cancel()
    except RequestRefused as error:
        link.push(encode_fault(request.id, Fault(code=error.code, message=str(error), retry=error.retry)))
        raise Refused(Close.TOO_MANY, str(error)) from None
    if not yes:
        message = "the host did not let you in"
        link.push(encode_fault(request.id, Fault(code=Code.FORBIDDEN, message=message)))
        raise Refused(Close.REMOVED, message)


async def _stay_silent(link: WebSocketLink) -> None:
    """Notice if somebody who waits goes away, or speaks before they are welcome."""
    await link.receive()
    raise Refused(Close.BAD_FRAME, "a frame before the welcome")


async def _first_request(link: WebSocketLink) -> Request:
    try:
        async with asyncio.timeout(HELLO_TIMEOUT):
            frame = await link.receive()
    except TimeoutError:
        raise Refused(Close.HELLO_MISSING, f"no {HELLO} within {HELLO_TIMEOUT:g} s") from None
    request = _request(frame)
    if request.event != HELLO:
        raise Refused(Close.HELLO_MISSING, f"the first frame must be {HELLO}")
    return request


def _request(frame: str | bytes) -> Request:
    if isinstance(frame, bytes):
        raise Refused(Close.HELLO_MISSING, f"the first frame must be {HELLO}, in text")
    try:
        return decode_request(frame)
    except BadFrame as error:
        raise Refused(Close.BAD_FRAME, str(error)) from None


def _hello(request: Request) -> Hello:
    try:
        return decode_hello(request.data)
    except BadFrame as error:
        raise Refused(Close.BAD_FRAME, f"a {HELLO} that cannot be read: {error}") from None


async def _serve(link: WebSocketLink, hub: Hub, subscriber: Subscriber) -> None:
    def saved(updates: int) -> None:
        link.push(encode_push(DOC_SAVED, Saved(updates=updates)))

    pace = Bucket(PRESENCE_RATE, monotonic())
    link.take_at_once(partial(_take_presence, hub, subscriber, pace))
    replica = Replica(
        link,
        hub.shared,
        role=subscriber.role,
        person=subscriber.person,
        address=link.address,
        bucket=subscriber.edits,
        saved=saved,
    )
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(subscriber.run(), name=f"peer {subscriber.client}"),
                tasks.create_task(replica.run(), name=f"replica {subscriber.client}"),
            ]
            try:
                await _serve_frames(link, hub, subscriber, replica, pace)
            finally:
                for task in running:
                    task.cancel()
    finally:
        replica.end()


async def _serve_frames(link: WebSocketLink, hub: Hub, subscriber: Subscriber, replica: Replica, pace: Bucket) -> None:
    while True:
        frame = await link.receive()
        if isinstance(frame, bytes):
            reply = await _take(hub, subscriber, replica, pace, frame)
        else:
            reply = await answer(hub, subscriber, _request(frame))
        if reply is not None:
            link.push(reply)
            await link.drained()


def _take_presence(hub: Hub, subscriber: Subscriber, pace: Bucket, frame: bytes) -> bool:
    """Take where somebody says that they look; what cannot be read, or is too much, has to wait its turn."""
    if frame[:1] != _AWARENESS:
        return False
    try:
        payload = read_message(frame).payload
        if not pace.take(monotonic(), weight_of(payload)):
            return False
        hub.presence.take(subscriber, payload)
    except BadFrame:
        return False
    return True


async def _take(hub: Hub, subscriber: Subscriber, replica: Replica, pace: Bucket, frame: bytes) -> bytes | None:
    """Take a message of the y-protocols; give what is to be said where an edit may not stand."""
    try:
        message = read_message(frame)
        if message.kind is Kind.AWARENESS:
            await turn(pace, weight_of(message.payload))
            hub.presence.take(subscriber, message.payload)
            return None
        if message.kind in (Kind.STEP1, Kind.ASK_AWARENESS):
            hub.presence.attend(subscriber, replica.link)
        await replica.take(message)
    except BadFrame as error:
        raise Refused(Close.BAD_FRAME, str(error)) from None
    except RequestRefused as error:
        return encode_push(DOC_REFUSED, fault_of(error))
    return None
