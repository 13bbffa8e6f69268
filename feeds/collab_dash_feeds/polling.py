"""Any document that is fetched again and again, by options alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from pydantic import Field

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports import polling
from collab_dash.transports.seen import Listing

from ._source import SourceOptions


class PollingOptions(SourceOptions):
    """Options of a polled document."""

    interval: float = Field(30.0, ge=0.1, le=86400, description="Seconds between two requests.")


class PollingFeed(Feed[PollingOptions]):
    """Items of a document: new ones, and those that changed."""

    summary = "Any document over HTTP, fetched when it changed"
    transport = "polling"
    pane = Pane(view="log")

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection."""
        options = self.options
        url, headers = options.expanded(context.environ)
        mapping = options.mapping("polling")
        whole = options.items is None
        listing = Listing(context.cursor)
        async with polling.connect(
            url,
            headers=headers,
            cursor=context.cursor,
            interval=options.interval,
            html=options.format == "text",
            note=context.note,
        ) as messages:
            async for message in messages:
                events = mapping.events(message)
                items = [(event, _name(event, whole), _version(event)) for event in events]
                for event, cursor in listing.unseen(message, items):
                    context.cursor = cursor
                    yield event
                context.cursor = listing.cursor


def _name(event: Event, whole: bool) -> str | None:
    """Name an item; a document that is one event has one name, so that it may return to what it was."""
    return "" if whole else event.key


def _version(event: Event) -> bytes:
    return event.type.encode() + msgspec.json.encode(event.data)
