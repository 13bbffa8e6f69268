"""Any WebSocket source, by options alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pydantic import Field

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports import websocket
from collab_dash.transports.address import WebSocketUrl, expand

from ._source import SourceOptions


class WebSocketOptions(SourceOptions):
    """Options of a WebSocket."""

    url: WebSocketUrl = Field(description="Where the source is; ${NAME} comes from the environment.")
    send: list[str] = Field(
        default_factory=list,
        repr=False,
        description="Messages sent once connected; ${NAME} comes from the environment.",
    )
    subprotocols: list[str] = Field(default_factory=list, description="Subprotocols, most wanted first.")
    ping: str | None = Field(None, description="A message the source wants to be sent now and then.")
    ping_every: float = Field(20.0, ge=1, le=3600, description="Seconds between two pings.")
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

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection."""
        options = self.options
        url, headers = options.expanded(context.environ)
        mapping = options.mapping("websocket")
        async with websocket.connect(
            url,
            headers=headers,
            send=[expand(message, context.environ) for message in options.send],
            subprotocols=options.subprotocols,
            ping=options.ping,
            ping_every=options.ping_every,
            note=context.note,
        ) as messages:
            async for message in messages:
                for event in mapping.events(message):
                    yield event
