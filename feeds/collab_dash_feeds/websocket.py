"""Any WebSocket source, by options alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from pydantic import Field

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.mapping import DECODERS, JmesPath, as_key, compile_path
from collab_dash.transports import Message, websocket
from collab_dash.transports.address import WebSocketUrl, expand
from collab_dash.transports.paging import with_parameter

from ._fallback import FallbackOptions

CloseCode = Annotated[int, Field(ge=1000, le=4999)]


class WebSocketOptions(FallbackOptions):
    """Options of a WebSocket."""

    preferred = "websocket"

    url: WebSocketUrl = Field(description="Where the source is; ${NAME} comes from the environment.")
    send: list[str] = Field(
        default_factory=list,
        repr=False,
        description="Messages sent once connected; ${NAME} comes from the environment.",
    )
    subprotocols: list[str] = Field(
        default_factory=list, description="Subprotocols, most wanted first; the source has to agree to one."
    )
    ping: str | None = Field(None, description="A message the source wants to be sent now and then.")
    ping_every: float = Field(20.0, ge=1, le=3600, description="Seconds between two pings.")
    final_codes: list[CloseCode] = Field(
        default_factory=list, description="Close codes of the source after which trying again cannot help."
    )
    compression: bool = Field(True, description="Whether to offer compression.")
    cursor: JmesPath | None = Field(
        None, description="JMESPath: a message's position, for sources that go on after it when they are asked to."
    )
    parameter: str = Field(
        "cursor", min_length=1, description="The query parameter that asks the source to go on after a position."
    )
    silence: float = Field(
        60.0, gt=0, description="Seconds without any sign of life after which the connection counts as dead."
    )


class WebSocketFeed(Feed[WebSocketOptions]):
    """Messages of a WebSocket; a connection whose pings stay unanswered counts as dead."""

    summary = "Any WebSocket"
    transport = "websocket"
    pane = Pane(view="log")

    def __init__(self, options: WebSocketOptions) -> None:
        super().__init__(options)
        self.silence = options.silence
        self.fallbacks = options.fallbacks()

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection."""
        options = self.options
        url, headers = options.expanded(context.environ)
        mapping = options.mapping("websocket")
        position = _position(options)
        if options.cursor is not None and context.cursor is not None:
            url = with_parameter(url, options.parameter, context.cursor)
        async with websocket.connect(
            url,
            headers=headers,
            send=[expand(message, context.environ) for message in options.send],
            subprotocols=options.subprotocols,
            ping=options.ping,
            ping_every=options.ping_every,
            final_codes=options.final_codes,
            compression=options.compression,
            tls=options.tls(context),
            note=context.note,
        ) as messages:
            async for message in messages:
                if position is not None:
                    for event in context.carry(mapping.events(message), position(message) or context.cursor):
                        yield event
                    continue
                for event in mapping.events(message):
                    yield event


def _position(options: WebSocketOptions) -> Callable[[Message], str | None] | None:
    """Make what finds a message's position, if the source has such."""
    if options.cursor is None:
        return None
    pick = compile_path(options.cursor)
    _, decode = DECODERS.get(options.format, DECODERS["json"])

    def position(message: Message) -> str | None:
        try:
            return as_key(pick(decode(message.data)))
        except (ValueError, RecursionError):
            return None

    return position
