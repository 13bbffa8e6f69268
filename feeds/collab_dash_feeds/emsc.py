"""Earthquakes, from the European-Mediterranean Seismological Centre."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct
from pydantic import Field

from collab_dash.board import Pane
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.mapping import as_unix_ms
from collab_dash.transports import websocket
from collab_dash.transports.address import WebSocketUrl

URL = "wss://www.seismicportal.eu/standing_order/websocket"
_PAGE = "https://www.seismicportal.eu/eventdetails.html?unid="
_PING_EVERY = 15.0

_Word = Annotated[str, Meta(max_length=500)]


class EmscOptions(FeedOptions):
    """Options of the ``emsc`` feed."""

    url: WebSocketUrl = Field(URL, description="Where the source is.")


class EmscFeed(Feed[EmscOptions]):
    """Earthquakes when they are first known, and again when they are revised; minutes may pass between two."""

    summary = "Earthquakes worldwide, from the EMSC, within minutes"
    transport = "websocket"
    silence = 60.0
    pane = Pane(view="table", columns=("time", "mag", "place", "depth", "agency"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Listen; the source wants no subscription."""
        async with websocket.connect(self.options.url, ping_every=_PING_EVERY, note=context.note) as messages:
            async for message in messages:
                yield _event(message.data)


class _Quake(Struct):
    unid: Annotated[str, Meta(min_length=1, max_length=100)]
    time: _Word | None = None
    lastupdate: _Word | None = None
    flynn_region: _Word | None = None
    mag: float | None = None
    magtype: _Word | None = None
    depth: float | None = None
    lat: float | None = None
    lon: float | None = None
    auth: _Word | None = None
    evtype: _Word | None = None


class _Feature(Struct):
    properties: _Quake


class _Message(Struct):
    action: Literal["create", "update", "delete"]
    data: _Feature


_decode = msgspec.json.Decoder(_Message).decode


def _event(raw: str | bytes) -> Event:
    try:
        message = _decode(raw)
    except (ValueError, RecursionError) as error:
        return rejected(f"not an earthquake: {error!s:.200}", raw)
    quake = message.data.properties
    return Event(type=f"quake:{message.action}", key=quake.unid, time=as_unix_ms(quake.time), data=_data(quake))


def _data(quake: _Quake) -> dict[str, object]:
    place = quake.flynn_region
    return {
        "mag": quake.mag,
        "place": place,
        # The geometry's third coordinate is a height; this is a depth, as others tell it.
        "depth": None if quake.depth is None else round(quake.depth, 2),
        "lat": None if quake.lat is None else round(quake.lat, 5),
        "lon": None if quake.lon is None else round(quake.lon, 5),
        "mag_type": quake.magtype,
        "agency": quake.auth,
        "kind": quake.evtype,
        "url": _PAGE + quote(quake.unid, safe=""),
        "title": place if quake.mag is None else f"M {quake.mag:.1f} - {place or 'unknown place'}",
        "updated": as_unix_ms(quake.lastupdate),
    }
