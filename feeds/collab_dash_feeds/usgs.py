"""Earthquakes, from the U.S. Geological Survey's GeoJSON summaries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from hashlib import blake2b
from typing import Annotated, Any, Literal, NamedTuple, cast

import msgspec
from pydantic import BeforeValidator, Field

from collab_dash.board import Pane
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.transports import polling
from collab_dash.transports.address import HttpUrl

URL = "https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary"
_CURSORS_A_LIST = 128
_UNLISTED = 256


class UsgsOptions(FeedOptions):
    """Options of the ``usgs`` feed."""

    feed: Annotated[Literal["all", "1.0", "2.5", "4.5", "significant"], BeforeValidator(str)] = Field(
        "all",
        description="Which earthquakes: all, significant ones, or those from a magnitude of 1.0, 2.5 or 4.5.",
    )
    window: Literal["hour", "day", "week", "month"] = Field("hour", description="How far back the first look goes.")
    interval: float = Field(60.0, ge=1, description="Seconds between two looks; the source changes every minute.")
    url: HttpUrl = Field(URL, description="Where the summaries are.")


class UsgsFeed(Feed[UsgsOptions]):
    """
    Earthquakes when they are first listed, and again when they are revised.

    The cursor holds what is listed, or was of late, and when it was last revised, so nothing is told twice.
    """

    summary = "Earthquakes worldwide, from the USGS"
    transport = "polling"
    overflow = "wait"
    pane = Pane(view="table", columns=("time", "mag", "place", "depth"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Look again and again, and yield what is new, oldest first."""
        cursor = polling.PollCursor.parse(context.cursor)
        told = _read_told(cursor.seen)
        url = f"{self.options.url.rstrip('/')}/{self.options.feed}_{self.options.window}.geojson"
        async with polling.connect(
            url, cursor=context.cursor, interval=self.options.interval, note=context.note
        ) as messages:
            async for message in messages:
                listed = _listed(message.data, told)
                news = [quake for quake in listed if quake.event is not None]
                # Until its last event was told a list counts as not fetched. Writing down what was told after
                # every event of a long list would cost more than the list.
                step = -(-len(news) // _CURSORS_A_LIST)
                for number, quake in enumerate(news[:-1], 1):
                    told[quake.key] = quake.updated
                    if number % step == 0:
                        context.cursor = _cursor(cursor, told)
                    yield cast("Event", quake.event)
                told = _remembered(told, {quake.key: quake.updated for quake in listed})
                cursor = polling.PollCursor.parse(message.cursor)
                context.cursor = _cursor(cursor, told)
                for quake in news[-1:]:
                    yield cast("Event", quake.event)


class _Quake(NamedTuple):
    """
    What a summary lists.

    Args:
        key: The id under which it was told first; the preferred id of a quake may change.
        updated: When it was last revised, Unix milliseconds.
        event: What is to be told of it, or None if that was told before.

    """

    key: str
    updated: int
    event: Event | None


def _listed(body: str | bytes, told: Mapping[str, int]) -> list[_Quake]:
    """Read a summary, oldest first; what cannot be read is told once as ``feed:rejected``."""
    try:
        features = msgspec.json.decode(body)["features"]
        features = sorted(features, key=_when)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = f"not a GeoJSON summary: {type(error).__name__}: {error}"
        return [*(_Quake(key, updated, None) for key, updated in told.items()), _rejected(reason, body, told)]
    return [_quake(feature, told) for feature in features]


def _when(feature: Any) -> int:
    properties = feature.get("properties") if isinstance(feature, dict) else None
    time = properties.get("time") if isinstance(properties, dict) else None
    return time if isinstance(time, int) else 0


def _quake(feature: Any, told: Mapping[str, int]) -> _Quake:
    try:
        properties, name = feature["properties"], feature["id"]
        updated = int(properties.get("updated") or 0)
        aliases = [name, *(properties.get("ids") or "").strip(",").split(",")]
        data = _data(feature)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raw = msgspec.json.encode(feature)
        return _rejected(f"not an earthquake: {type(error).__name__}: {error}", raw, told)
    key = next((alias for alias in aliases if alias in told), None)
    if key is not None and updated <= told[key]:
        return _Quake(key, told[key], None)
    kind = "quake:create" if key is None else "quake:update"
    key = key or str(name)
    return _Quake(key, updated, Event(type=kind, key=key, time=_when(feature) or None, data=data))


def _data(feature: dict[str, Any]) -> dict[str, Any]:
    properties = feature["properties"]
    lon, lat, depth = ((feature.get("geometry") or {}).get("coordinates") or (None, None, None))[:3]
    return {
        "mag": properties.get("mag"),
        "place": properties.get("place"),
        "depth": depth if depth is None else round(depth, 2),
        "lat": lat if lat is None else round(lat, 5),
        "lon": lon if lon is None else round(lon, 5),
        "mag_type": properties.get("magType"),
        "alert": properties.get("alert"),
        "tsunami": properties.get("tsunami"),
        "felt": properties.get("felt"),
        "status": properties.get("status"),
        "url": properties.get("url"),
        "title": properties.get("title"),
        "updated": properties.get("updated"),
    }


def _rejected(reason: str, raw: str | bytes, told: Mapping[str, int]) -> _Quake:
    digest = blake2b(raw.encode() if isinstance(raw, str) else raw, digest_size=8).hexdigest()
    key = f"rejected {digest}"
    return _Quake(key, 0, None if key in told else rejected(reason, raw))


def _remembered(told: Mapping[str, int], listed: dict[str, int]) -> dict[str, int]:
    """Give what is listed, after the latest of what no longer is: a list that is short once tells nothing anew."""
    unlisted = [key for key in told if key not in listed]
    return {key: told[key] for key in unlisted[-_UNLISTED:]} | listed


def _read_told(seen: str) -> dict[str, int]:
    try:
        return msgspec.json.decode(seen or "{}", type=dict[str, int])
    except ValueError:
        return {}


def _cursor(cursor: polling.PollCursor, told: Mapping[str, int]) -> str:
    return str(msgspec.structs.replace(cursor, seen=msgspec.json.encode(told).decode()))
