"""Any document that is fetched again and again, by options alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Self

import msgspec
from pydantic import AfterValidator, Field, model_validator

from collab_dash.board import Pane
from collab_dash.event import REJECTED, Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.mapping import JmesPath, TypeTemplate, as_key, compile_path
from collab_dash.transports import Message, polling
from collab_dash.transports.paging import MAX_PAGES, NextPage, Paging, from_link, with_parameter
from collab_dash.transports.seen import Listing

from ._source import SourceOptions

_LINK = "link"


def _check_type(template: str) -> str:
    TypeTemplate(template)
    return template


EventType = Annotated[str, AfterValidator(_check_type)]


class PollingOptions(SourceOptions):
    """Options of a polled document."""

    interval: float = Field(30.0, ge=0.1, le=86400, description="Seconds between two requests.")
    version: JmesPath | None = Field(
        None, description="JMESPath: what changes when an item is edited; by default everything in it counts."
    )
    edited: EventType | None = Field(
        None, description="The type of an item that was shown before and has changed; by default as of a new one."
    )
    next: JmesPath | None = Field(
        None, description="Where a page tells the next one: link, the header, or JMESPath to its address or cursor."
    )
    page_parameter: str | None = Field(
        None, min_length=1, description="The query parameter that takes what next finds, where that is a cursor."
    )
    max_pages: int = Field(MAX_PAGES, ge=1, le=1000, description="How many pages one look goes through at most.")

    @model_validator(mode="after")
    def _check_items(self) -> Self:
        whole = self.items is None
        if self.next is not None and whole:
            raise ValueError("next needs items: pages list something")
        if self.version is not None and self.key is None and not whole:
            raise ValueError("version needs key: versions of what?")
        if self.edited is not None and self.key is None and not whole:
            raise ValueError("edited needs key: an item without one is always a new one")
        if self.page_parameter is not None and self.next in {None, _LINK}:
            raise ValueError("page_parameter needs next, a JMESPath to the cursor")
        return self


class PollingFeed(Feed[PollingOptions]):
    """Items of a document: new ones, and those that changed."""

    summary = "Any document over HTTP, fetched when it changed"
    transport = "polling"
    overflow = "wait"
    pane = Pane(view="log")

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection."""
        options = self.options
        url, headers = options.expanded(context.environ)
        reading = _Reading(options)
        listing = Listing(context.cursor)
        async with polling.connect(
            url,
            headers=headers,
            cursor=context.cursor,
            interval=options.interval,
            html=options.format == "text",
            paging=_paging(options, url, listing),
            tls=options.tls(context),
            note=context.note,
        ) as messages:
            async for message in messages:
                for event, cursor in listing.unseen(message, reading.items(message, listing)):
                    context.cursor = cursor
                    yield event
                context.cursor = listing.cursor


class _Reading:
    """How a body becomes items that are told apart."""

    def __init__(self, options: PollingOptions) -> None:
        self._mapping = options.mapping("polling")
        self._whole = options.items is None
        self._version = None if options.version is None else compile_path(options.version)
        self._edited = None if options.edited is None else TypeTemplate(options.edited)

    def items(self, message: Message, listing: Listing) -> list[tuple[Event, str | None, bytes]]:
        events = self._mapping.events(message)
        times = [event.time for event in events if event.time is not None]
        if len(times) == len(events):  # many sources list the latest first
            events.sort(key=lambda event: event.time or 0)
        return [self._item(event, listing) for event in events]

    def _item(self, event: Event, listing: Listing) -> tuple[Event, str | None, bytes]:
        # A document that is one event has one name, so that it may return to what it was.
        name = "" if self._whole else event.key
        version = event.type.encode() + msgspec.json.encode(event.data)
        if event.type == REJECTED:
            return event, name, version
        told = None if self._version is None or name is None else as_key(self._version(event.data))
        if self._edited is not None and name is not None and listing.knows(name):
            event = msgspec.structs.replace(event, type=self._edited.render(event.data, "polling"))
        return event, name, version if told is None else told.encode(errors="replace")


def _paging(options: PollingOptions, url: str, listing: Listing) -> Paging | None:
    if options.next is None:
        return None
    return Paging(_next_page(options.next, url, options.page_parameter), listing.wants_more, options.max_pages)


def _next_page(where: str, url: str, parameter: str | None) -> NextPage:
    if where == _LINK:
        return from_link
    pick = compile_path(where)

    def from_body(headers: Mapping[str, str], body: bytes) -> str | None:
        try:
            found = pick(msgspec.json.decode(body))
        except (ValueError, RecursionError):
            return None
        if found in (None, False, ""):
            return None
        return as_key(found) if parameter is None else with_parameter(url, parameter, as_key(found) or "")

    return from_body
