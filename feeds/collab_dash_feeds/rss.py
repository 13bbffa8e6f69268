"""Articles of RSS, Atom and JSON feeds."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, ClassVar

import msgspec
from pydantic import Field, model_validator

from collab_dash.board import Pane
from collab_dash.errors import FeedError
from collab_dash.event import Event, rejected
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports import Message, http, polling
from collab_dash.transports.address import HttpHeaders, HttpUrl, expand, expand_headers
from collab_dash.transports.seen import Listing

from ._merged import Put, merged
from ._source import TlsOptions
from ._syndication import Article, Document, articles

if TYPE_CHECKING:
    import httpx

_WAITING = 16
_MAX_SIZE = 16 * 1024 * 1024
_ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.9, application/json;q=0.9, */*;q=0.5"
)


class RssOptions(TlsOptions):
    """Options of the ``rss`` feed."""

    url: HttpUrl | None = Field(None, description="Where the feed is; ${NAME} comes from the environment.")
    urls: tuple[HttpUrl, ...] = Field((), max_length=50, description="Where more feeds are, to be read as one.")
    headers: HttpHeaders = Field(
        default_factory=dict, repr=False, description="Sent along; ${NAME} comes from the environment."
    )
    interval: float = Field(600.0, ge=5, le=86400, description="Seconds between two looks.")

    @model_validator(mode="after")
    def _some(self) -> RssOptions:
        if not self.all():
            raise ValueError("url is missing: where is the feed?")
        return self

    def all(self) -> list[str]:
        """Give every address once."""
        return list(dict.fromkeys([*([] if self.url is None else [self.url]), *self.urls]))


class RssFeed(Feed[RssOptions]):
    """
    Articles when they are first listed, and again when they are edited.

    Of one address, trouble is the hub's to handle; of several, the one in trouble says so and is asked again when it
    would have been, while the others go on.
    """

    summary = "News of web sites: RSS, Atom and JSON feeds"
    transport = "polling"
    needs: ClassVar[Mapping[str, str]] = {"feedparser": "collab-dash[rss]"}
    overflow = "wait"
    pane = Pane(view="log", columns=("time", "source", "title", "author"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Look again and again, and yield what is new, oldest first."""
        addresses = [expand(url, context.environ) for url in self.options.all()]
        headers = expand_headers({"Accept": _ACCEPT} | self.options.headers, context.environ)
        tls = self.options.tls(context)  # before anybody is asked: what is wrong with a file is wrong for all
        alone = len(addresses) == 1
        cursors = {"": context.cursor} if alone else _read_cursors(context.cursor)
        sites = [
            _Site(url, None if alone else http.shown(url), cursors.get("" if alone else _name(url)))
            for url in addresses
        ]

        async def look(put: Put[_Told]) -> None:
            async with asyncio.TaskGroup() as group:
                for site in sites:
                    group.create_task(self._look(site, headers, tls, context, put))

        async with merged(look, most=_WAITING) as told:
            async for site, event, cursor in told:
                if alone:
                    context.cursor = cursor
                else:
                    cursors[_name(site.url)] = cursor
                    context.cursor = msgspec.json.encode(cursors).decode()
                if event is not None:
                    yield event

    async def _look(
        self, site: _Site, headers: Mapping[str, str], tls: ssl.SSLContext | None, context: FeedContext, put: Put[_Told]
    ) -> None:
        while True:
            try:
                await self._follow(site, headers, tls, context, put)
            except FeedError as error:
                if site.label is None:
                    raise
                context.note(str(error))
                if (trouble := site.trouble(str(error))) is not None:
                    await put((site, trouble, site.listing.cursor))
                await asyncio.sleep(max(self.options.interval, getattr(error, "retry_after", None) or 0))

    async def _follow(
        self, site: _Site, headers: Mapping[str, str], tls: ssl.SSLContext | None, context: FeedContext, put: Put[_Told]
    ) -> None:
        async with http.opened(tls=tls) as client:
            client.event_hooks["response"].append(site.look)
            async with polling.connect(
                site.url,
                headers=headers,
                cursor=site.listing.cursor,
                interval=self.options.interval,
                max_size=_MAX_SIZE,
                client=client,
                note=context.note,
            ) as messages:
                async for message in messages:
                    found = await asyncio.to_thread(articles, _bytes(message), site.base, site.kind)
                    items = site.items(found, message)
                    for event, cursor in site.listing.unseen(message, items):
                        await put((site, event, cursor))
                    await put((site, None, site.listing.cursor))


class _Site:
    """
    One address and what was told of it.

    Args:
        url: The address.
        label: The address as people may see it, if there are several.
        cursor: Where it stands.

    """

    def __init__(self, url: str, label: str | None, cursor: str | None) -> None:
        self.url = url
        self.label = label
        self.listing = Listing(cursor)
        self.base, self.kind = url, ""
        self._trouble = ""

    async def look(self, response: httpx.Response) -> None:
        """Learn from an answer where the document is and how it is written."""
        if response.is_success:
            self.base = str(response.url)
            self.kind = response.headers.get("content-type", "")
            self._trouble = ""

    def trouble(self, reason: str) -> Event | None:
        """Give the event for a failure, once until it is over."""
        known, self._trouble = self._trouble, reason
        return None if known == reason else rejected(reason, b"", key=self.label)

    def items(self, found: Document | str, message: Message) -> list[tuple[Event, str | None, str | bytes]]:
        """Give what a document lists, each with its key and its version."""
        if isinstance(found, str):
            return [(rejected(found, message.data, key=self.label), None, message.data)]
        source = found.title or http.shown(self.base)
        bad = [(rejected("an entry of a JSON Feed is no object", raw, key=self.label), None, raw) for raw in found.bad]
        return [*bad, *((self._event(article, source), article.key, article.version) for article in found.articles)]

    def _event(self, article: Article, source: str) -> Event:
        known = article.key is not None and self.listing.knows(article.key)
        key = article.key or blake2b(article.version, digest_size=8).hexdigest()
        kind = "article:update" if known else "article:create"
        return Event(type=kind, key=key[:512], time=article.time, data={"source": source} | article.data)


_Told = tuple[_Site, Event | None, str | None]


def _bytes(message: Message) -> bytes:
    return message.data.encode() if isinstance(message.data, str) else message.data


def _name(url: str) -> str:
    """Name an address in the cursor, which must not hold what an address may."""
    return blake2b(url.encode(), digest_size=6).hexdigest()


def _read_cursors(cursor: str | None) -> dict[str, str | None]:
    try:
        return msgspec.json.decode(cursor or "{}", type=dict[str, str | None])
    except ValueError:
        return {}
