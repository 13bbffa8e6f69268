"""Any event stream, by options alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pydantic import Field

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports import sse

from ._fallback import FallbackOptions


class SseOptions(FallbackOptions):
    """Options of an event stream."""

    preferred = "sse"

    conduct: sse.Conduct = Field(
        "resilient",
        description="Whether a status such as 429 or 503 is tried again (resilient), or ends the feed (strict).",
    )
    silence: float | None = Field(
        None, gt=0, description="Seconds without any sign of life after which the connection counts as dead."
    )


class SseFeed(Feed[SseOptions]):
    """Events of a Server-Sent Events stream; it goes on after a break where it was."""

    summary = "Any Server-Sent Events stream"
    transport = "sse"
    pane = Pane(view="log")

    def __init__(self, options: SseOptions) -> None:
        super().__init__(options)
        self.silence = options.silence
        self.fallbacks = options.fallbacks()
        self._reconnection = sse.Reconnection()

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection; an id moves the cursor on without an event, too."""
        options = self.options
        url, headers = options.expanded(context.environ)
        mapping = options.mapping("sse")

        def move(cursor: str) -> None:
            context.cursor = cursor

        async with sse.connect(
            url,
            headers=headers,
            cursor=context.cursor,
            conduct=options.conduct,
            reconnection=self._reconnection,
            tls=options.tls(context),
            note=context.note,
            moved=move,
        ) as messages:
            async for message in messages:
                for event in context.carry(mapping.events(message), message.cursor):
                    yield event
