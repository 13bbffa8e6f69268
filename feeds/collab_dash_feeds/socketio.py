"""Any Socket.IO server, by options alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import pydantic
from pydantic import Field

from collab_dash.board import Pane
from collab_dash.errors import FeedError, FeedFailed
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.mapping import EventMapping
from collab_dash.transports import Message, socketio
from collab_dash.transports.address import expand

from ._source import SourceOptions

_RESERVED = frozenset({"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"})


def _check_event(name: str) -> str:
    if name in _RESERVED:
        raise ValueError(f"{name!r} is a name that Socket.IO keeps for itself")
    return name


def _check_namespace(name: str) -> str:
    return name if name.startswith("/") else f"/{name}"


EventName = Annotated[str, Field(min_length=1), pydantic.AfterValidator(_check_event)]
Namespace = Annotated[str, Field(pattern=r"^[^,?\s]*$"), pydantic.AfterValidator(_check_namespace)]


class Emission(FeedOptions):
    """What to say once connected."""

    event: EventName = Field(description="The event's name.")
    args: list[Any] = Field(
        default_factory=list, repr=False, description="Its arguments; ${NAME} comes from the environment."
    )
    ack: bool = Field(
        False, description="Whether to wait for an acknowledgement; what it holds is an event of the same name."
    )


class SocketioOptions(SourceOptions):
    """Options of a Socket.IO server."""

    format: Literal["json", "text"] = Field(
        "json", description="What a message is: json, or text, which becomes {'value': text}."
    )
    namespace: Namespace = Field("/", description="The namespace.")
    auth: dict[str, Any] = Field(
        default_factory=dict,
        repr=False,
        description="Sent when connecting to the namespace; ${NAME} comes from the environment.",
    )
    path: str = Field("socket.io", min_length=1, description="Where on the server Socket.IO answers.")
    events: list[EventName] = Field(default_factory=list, description="The events to take; all without it.")
    emit: list[Emission] = Field(
        default_factory=list,
        description="What to say once connected, in order: tables of event, args and ack.",
    )
    transports: list[socketio.Way] = Field(
        ["polling", "websocket"],
        min_length=1,
        description="polling, websocket, or both: begin by polling and change to WebSocket if that works.",
    )
    silence: float = Field(
        120.0, gt=0, description="Seconds without any sign of life after which the connection counts as dead."
    )


class SocketioFeed(Feed[SocketioOptions]):
    """Events of a Socket.IO namespace; goes on after a break where the server keeps the connection's state."""

    summary = "Any Socket.IO server of version 3 or 4"
    transport = "socketio"
    needs: ClassVar[Mapping[str, str]] = socketio.NEEDS
    pane = Pane(view="log")

    def __init__(self, options: SocketioOptions) -> None:
        super().__init__(options)
        self.silence = options.silence

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Yield the events of one connection.

        Raises:
            FeedFailed: If the server refuses the connection or what was to be said.

        """
        options = self.options
        url, headers = options.expanded(context.environ)
        mapping = options.mapping("socketio")
        async with socketio.connect(
            url,
            namespace=options.namespace,
            auth=expand_all(options.auth, context.environ),
            headers=headers,
            path=options.path,
            transports=options.transports,
            events=options.events,
            cursor=context.cursor,
            tls=options.tls(context),
            note=context.note,
        ) as connection:
            context.note("connected")
            for emission in options.emit:
                for event in await self._say(connection, emission, mapping, context):
                    yield event
            async for message in connection:
                for event in context.carry(self._read(message, mapping), message.cursor or context.cursor):
                    yield event

    async def _say(
        self, connection: socketio.Connection, emission: Emission, mapping: EventMapping, context: FeedContext
    ) -> list[Event]:
        args = expand_all(emission.args, context.environ)
        if not emission.ack:
            await connection.emit(emission.event, *args)
            return []
        answer = await connection.call(emission.event, *args)
        if (refusal := _refusal(connection.where, emission.event, answer)) is not None:
            raise refusal
        if len(answer) > 1 and answer[0] is None:  # Node's way: first the error, then the result
            answer = answer[1:]
        if not answer:
            return []
        return self._read(socketio.as_message(emission.event, answer), mapping)

    def _read(self, message: Message, mapping: EventMapping) -> list[Event]:
        if self.options.format == "text":
            text = msgspec.json.decode(message.data)
            if isinstance(text, str):
                message = msgspec.structs.replace(message, data=text)
        return mapping.events(message)


def expand_all(value: Any, environ: Mapping[str, str]) -> Any:
    """
    Expand every text inside an option's value.

    Raises:
        FeedFailed: If a variable is not set.

    """
    if isinstance(value, str):
        return expand(value, environ)
    if isinstance(value, dict):
        return {name: expand_all(item, environ) for name, item in value.items()}
    if isinstance(value, list):
        return [expand_all(item, environ) for item in value]
    return value


def _refusal(where: str, event: str, answer: list[Any]) -> FeedError | None:
    """Tell whether an answer is one of the usual ways to say no."""
    if not answer or not isinstance(answer[0], dict | str):
        return None
    first = answer[0]
    error_first = len(answer) > 1 and all(item is None for item in answer[1:])
    if not error_first:
        if not isinstance(first, dict):
            return None
        status = first.get("status")
        refused = first.get("error") or status in {"error", "fail", "failed"}
        if not refused and first.get("ok") is not False and first.get("success") is not False:
            return None
    said = socketio.words(_message(first)) or "no reason given"
    return FeedFailed(f"{where} refuses {event!r}: {said}", hint="check the feed's emit")


def _message(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    for name in ("message", "error", "reason"):
        if value.get(name):
            return _message(value[name])
    return ""
