"""Requests of the domain ``feed``: what to receive, the past and its density, publishing, trying again."""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import Field, field_validator, model_validator

from ...errors import RequestRefused
from ...event import MAX_EVENT_BYTES, Event, Unencodable, is_event_type, is_feed_name, record, unix_ms
from ...store.log import Buckets, Entries
from ...type_globs import check_type_glob
from ...wire import DENSITY, FEED_STATUS, HISTORY, PUBLISH, RECONNECT, SUBSCRIBE, Code
from ..hub import Hub
from ..subscriber import Subscriber
from . import CALL, Empty, Payload, bind

Names = list[str]
LATEST = 253_402_300_799_999  # the last millisecond of the year 9999


class Subscribe(Payload):
    """Which feeds to receive from now on; ``*`` for all."""

    feeds: Names = Field(max_length=1000)


class PageOfHistory(Payload):
    """Which page of the log; without `before` and `after`, the latest."""

    feed: str | None = None
    feeds: Names | None = Field(None, max_length=1000)
    types: Names = Field([], max_length=100)
    before: int | None = Field(None, ge=0)
    after: int | None = Field(None, ge=0)
    limit: int = Field(500, ge=1, le=5000)

    @field_validator("types")
    @classmethod
    def _types(cls, types: Names) -> Names:
        return [check_type_glob(name) for name in types]

    @model_validator(mode="after")
    def _one_side(self) -> PageOfHistory:
        if self.before is not None and self.after is not None:
            raise ValueError("give before or after, not both")
        return self


class TimesOfDensity(Payload):
    """Between which times to count events, in how many parts; times are Unix milliseconds."""

    since: int = Field(ge=0, le=LATEST)
    until: int = Field(ge=0, le=LATEST)
    buckets: int = Field(ge=1, le=500)
    feeds: Names | None = Field(None, max_length=100)

    @model_validator(mode="after")
    def _forward(self) -> TimesOfDensity:
        if self.until <= self.since:
            raise ValueError("until must be later than since")
        return self


class Publish(Payload):
    """An event to record."""

    feed: str
    type: str
    key: str | None = Field(None, max_length=1000)
    time: int | None = None
    data: dict[str, Any]

    @field_validator("feed")
    @classmethod
    def _feed(cls, feed: str) -> str:
        if not is_feed_name(feed):
            raise ValueError("a feed's name is lower-case letters, digits, _ . -, and not hub or alerts")
        return feed

    @field_validator("type")
    @classmethod
    def _type(cls, type_: str) -> str:
        if not is_event_type(type_):
            raise ValueError("an event type is domain:action, each lower-case letters, digits, _ -")
        return type_


class OneFeed(Payload):
    """A feed's name."""

    feed: str


@bind(SUBSCRIBE, Subscribe)
async def subscribe(hub: Hub, subscriber: Subscriber, payload: Subscribe) -> None:
    """Receive other feeds from now on."""
    subscriber.want(None if "*" in payload.feeds else frozenset(payload.feeds))


@bind(HISTORY, PageOfHistory)
async def history(hub: Hub, subscriber: Subscriber, payload: PageOfHistory) -> dict[str, Any]:
    """Give a page of the log, oldest first."""
    feeds = [payload.feed] if payload.feed is not None else payload.feeds
    last = hub.fanout.last
    page: Entries
    if payload.after is not None:
        page = await hub.log.read(after=payload.after, upto=last, limit=payload.limit, feeds=feeds, types=payload.types)
    else:
        before = last + 1 if payload.before is None else payload.before
        page = await hub.log.read_back(before=before, limit=payload.limit, feeds=feeds, types=payload.types)
    return {"events": [msgspec.Raw(event) for event in page.events], "more": page.more, "last": page.last}


@bind(DENSITY, TimesOfDensity)
async def density(hub: Hub, subscriber: Subscriber, payload: TimesOfDensity) -> dict[str, Any]:
    """Count events by time of receipt, and tell which offset belongs to which time."""
    buckets = Buckets(payload.since, payload.until, payload.buckets)
    counted = await hub.log.density(buckets, upto=hub.fanout.last, feeds=payload.feeds)
    return counted._asdict()


@bind(PUBLISH, Publish, role="editor")
async def publish(hub: Hub, subscriber: Subscriber, payload: Publish) -> dict[str, int]:
    """Record an event; the answer, its offset, comes once it is on disk."""
    event = Event(type=payload.type, key=payload.key, time=payload.time, data=payload.data)
    try:
        entry = record(event, feed=payload.feed, received=unix_ms())
    except Unencodable as error:
        code = Code.TOO_LARGE if len(error.raw) > MAX_EVENT_BYTES else Code.INVALID_PAYLOAD
        raise RequestRefused(str(error), code=code, path=("data", "data")) from None
    return {"offset": await hub.recorder.publish(entry)}


@bind(RECONNECT, OneFeed, role="editor", edits=CALL)
async def reconnect(hub: Hub, subscriber: Subscriber, payload: OneFeed) -> None:
    """Let a feed that waits, failed or ended try again now."""
    runner = hub.status.runners.get(payload.feed)
    if runner is None:
        raise RequestRefused(f"there is no feed {payload.feed!r}", code=Code.NOT_FOUND, path=("data", "feed"))
    runner.reconnect()


@bind(FEED_STATUS, Empty)
async def status(hub: Hub, subscriber: Subscriber, payload: Empty) -> list[Any]:
    """Give how every feed is doing."""
    return hub.status.feeds
