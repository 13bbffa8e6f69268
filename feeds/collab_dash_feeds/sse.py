"""Any event stream, by options alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

from pydantic import Field

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports import sse

from ._source import SourceOptions


class SseOptions(SourceOptions):
    """Options of an event stream."""

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

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection."""
        url, headers = self.options.expanded(context.environ)
        mapping = self.options.mapping("sse")
        async with sse.connect(url, headers=headers, cursor=context.cursor, note=context.note) as messages:
            async for message in messages:
                for event in context.carry(mapping.events(message), message.cursor):
                    yield event
