"""Edits of Wikipedia and its sisters as they happen, from Wikimedia's EventStreams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from pydantic import Field, StringConstraints

from collab_dash.board import Pane
from collab_dash.event import Event, event_type, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.mapping import as_unix_ms
from collab_dash.transports import http, sse
from collab_dash.transports.address import HttpUrl

URL = "https://stream.wikimedia.org/v2/stream"
_NOTE_EVERY = 5.0
Stream = Annotated[str, StringConstraints(pattern=r"^[a-z0-9._-]+$")]


class WikimediaOptions(FeedOptions):
    """Options of the ``wikimedia`` feed."""

    wikis: tuple[str, ...] = Field((), description="Only these wikis, such as enwiki; all by default.")
    bots: bool = Field(True, description="Whether edits by bots are wanted.")
    streams: tuple[Stream, ...] = Field(
        ("recentchange",), min_length=1, description="Which streams, such as recentchange or page-create."
    )
    since: str | None = Field(
        None, description="Where to begin the first time, RFC 3339, some days back at most; now by default."
    )
    contact: str = Field(
        "", description="An address for the operators of the stream, who ask for one; part of the User-Agent."
    )
    url: HttpUrl = Field(URL, description="Where the streams are.")


class WikimediaFeed(Feed[WikimediaOptions]):
    """
    Changes of all wikis, or of some.

    The stream ends every quarter of an hour and goes on at once after its last id, with nothing lost in between.
    """

    summary = "Edits of Wikipedia and its sisters, live"
    transport = "sse"
    silence = 60.0
    pane = Pane(view="log", columns=("time", "wiki", "user", "delta", "title"))

    def __init__(self, options: WikimediaOptions) -> None:
        super().__init__(options)
        self._reconnection = sse.Reconnection()

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Follow the streams; the cursor moves on with what is left out, too."""
        loop = asyncio.get_running_loop()
        left_out, noted = 0, loop.time()

        def move(cursor: str) -> None:
            context.cursor = cursor

        async with sse.connect(
            self._url(context.cursor),
            headers={"User-Agent": self._user_agent()},
            cursor=context.cursor,
            reconnection=self._reconnection,
            note=context.note,
            moved=move,
        ) as messages:
            async for message in messages:
                event = self._read(message.data)
                context.cursor = message.cursor
                if event is not None:
                    yield event
                    continue
                left_out += 1
                if loop.time() - noted > _NOTE_EVERY:
                    noted = loop.time()
                    context.note(f"{left_out:,} changes left out")

    def _url(self, cursor: str | None) -> str:
        url = f"{self.options.url.rstrip('/')}/{','.join(self.options.streams)}"
        return f"{url}?{urlencode({'since': self.options.since})}" if self.options.since and not cursor else url

    def _user_agent(self) -> str:
        about = "; ".join(part for part in ("live terminal dashboard", self.options.contact) if part)
        return f"{http.USER_AGENT} ({about})".encode("ascii", "replace").decode()

    def _read(self, raw: str | bytes) -> Event | None:
        """Give a change's event, or None for one that is not wanted."""
        try:
            change = msgspec.json.decode(raw)
            meta = change["meta"]
            if meta.get("domain") == "canary":
                return None
            event = _change(change, meta) if "type" in change else _page(change, meta)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return rejected(f"not a change of a wiki: {type(error).__name__}: {error}", raw)
        return event if self._wants(event.data) else None

    def _wants(self, data: dict[str, Any]) -> bool:
        wikis = self.options.wikis
        return (not wikis or data["wiki"] in wikis) and (self.options.bots or not data["bot"])


def _change(change: dict[str, Any], meta: dict[str, Any]) -> Event:
    """Read an event of ``recentchange``, whose edits and log entries differ in what they have."""
    kind = change["type"]
    length = change.get("length") or {}
    new, old = length.get("new"), length.get("old")
    data = {
        "wiki": change["wiki"],
        "title": change.get("title"),
        "user": change.get("user"),
        "bot": bool(change.get("bot")),
        "minor": bool(change.get("minor")),
        "delta": None if new is None else new - (old or 0),
        "comment": change.get("comment"),
        "url": change.get("notify_url") or change.get("title_url") or meta.get("uri"),
        "namespace": change.get("namespace"),
        "revision": (change.get("revision") or {}).get("new"),
    }
    name = "edit:create" if kind in {"edit", "new"} else event_type("edit", kind)
    return Event(type=name, key=change.get("title"), time=_time(change, meta), data=data)


def _page(change: dict[str, Any], meta: dict[str, Any]) -> Event:
    """Read an event of the streams about pages, such as ``page-create``."""
    performer = change.get("performer") or {}
    data = {
        "wiki": change["database"],
        "title": change.get("page_title"),
        "user": performer.get("user_text"),
        "bot": bool(performer.get("user_is_bot")),
        "minor": bool(change.get("rev_minor_edit")),
        "delta": None,
        "comment": change.get("comment"),
        "url": meta.get("uri"),
        "namespace": change.get("page_namespace"),
        "revision": change.get("rev_id"),
    }
    domain, _, action = meta["stream"].rpartition(".")[2].partition("-")
    return Event(type=event_type(domain, action), key=data["title"], time=_time(change, meta), data=data)


def _time(change: dict[str, Any], meta: dict[str, Any]) -> int | None:
    time = as_unix_ms(meta.get("dt"))
    return as_unix_ms(change.get("timestamp")) if time is None else time
