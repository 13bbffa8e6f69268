"""
New topics and posts of a NodeBB forum.

The shapes are those of NodeBB 3 and 4: ``GET /api/config`` and ``GET /api/recent`` of its read API, and the messages
``event:new_topic``, ``event:new_post``, ``checkSession`` and ``event:invalid_session`` of ``src/socket.io``. The
sockets want the session's ``_csrf`` token, which ``public/src/sockets.js`` sends along.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

import msgspec
from pydantic import Field

from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED, Event, rejected
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports import Message, http, polling, socketio
from collab_dash.transports.address import HttpHeaders, HttpUrl, expand, expand_headers

from ._merged import Put, merged
from ._nodebb_shapes import Item, listed, new_posts, topics
from ._source import TlsOptions

_EVENTS = ("event:new_topic", "event:new_post", "event:invalid_session", "checkSession")
_REMEMBERED = 512
_LARGEST = 4 * 1024 * 1024
_SESSION_HINT = "log in with a browser and put its cookie into headers: Cookie = 'express.sid=…'"


class NodebbOptions(TlsOptions):
    """Options of the ``nodebb`` feed."""

    url: HttpUrl = Field(description="The forum's address; ${NAME} comes from the environment.")
    categories: list[int] = Field(
        default_factory=list, description="The ids of the categories to tell; all without it."
    )
    interval: float = Field(
        60.0, ge=1, le=86400, description="Seconds between two looks at the list of recent topics, beside what is live."
    )
    headers: HttpHeaders = Field(
        default_factory=dict,
        repr=False,
        description="Sent along, such as Cookie with a session; ${NAME} comes from the environment.",
    )
    transports: list[socketio.Way] = Field(
        ["polling", "websocket"],
        min_length=1,
        description="polling, websocket, or both: begin by polling and change to WebSocket if that works.",
    )
    silence: float = Field(
        120.0, gt=0, description="Seconds without any sign of life after which the connection counts as dead."
    )


class NodebbFeed(Feed[NodebbOptions]):
    """
    Topics and posts: those listed as recent, then live.

    A forum tells its live events to those who are logged in; a guest learns of new posts from the list alone. The
    cursor holds what was told of late, so nothing is told twice whichever way it comes.
    """

    summary = "New topics and posts of a NodeBB forum"
    transport = "socketio"
    needs: ClassVar[Mapping[str, str]] = socketio.NEEDS
    pane = Pane(view="table", columns=("time", "user", "title", "text"))

    def __init__(self, options: NodebbOptions) -> None:
        super().__init__(options)
        self.silence = options.silence

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        Yield what is recent, then what is new.

        Raises:
            FeedFailed: If the forum does not know the session, or may not be read.

        """
        options, told = self.options, _Told(context)
        base = expand(options.url, context.environ).split("?")[0].rstrip("/")
        headers = expand_headers(options.headers, context.environ)
        tls = options.tls(context)
        async with http.opened(tls=tls) as client:
            token, cookies = await _session(client, base, headers)
            parts = urlsplit(base)
            query = urlencode({"_csrf": token}) if token else ""
            async with (
                socketio.connect(
                    f"{parts.scheme}://{parts.netloc}/?{query}",
                    headers=headers | cookies,
                    path=f"{parts.path}/socket.io",
                    transports=options.transports,
                    events=_EVENTS,
                    tls=tls,
                    note=context.note,
                ) as live,
                polling.connect(
                    f"{base}/api/recent",
                    headers=headers,
                    interval=options.interval,
                    max_size=_LARGEST,
                    client=client,
                    note=context.note,
                ) as recent,
                merged(_both(recent, live)) as messages,
            ):
                async for message in messages:
                    for event in self._read(message, base, told):
                        yield event

    def _read(self, message: Message, base: str, told: _Told) -> Iterator[Event]:
        try:
            items = self._items(message, base)
        except (ValueError, TypeError, RecursionError) as error:
            yield rejected(f"not as NodeBB says it: {error}", message.data)
            return
        wanted = set(self.options.categories)
        for item in items:
            is_wanted = not wanted or item.cid in wanted or item.event.type == REJECTED
            if is_wanted and told.is_new(item.event):
                yield item.event

    def _items(self, message: Message, base: str) -> list[Item]:
        if not message.event:
            return listed(message.data, base)
        said = msgspec.json.decode(message.data)
        if message.event == "event:new_topic":
            return list(topics(said, base))
        if message.event == "event:new_post":
            return list(new_posts(said, base))
        if message.event == "event:invalid_session" or (said == 0 and self._is_logged_in()):
            raise FeedFailed(f"{http.shown(base)} does not know this session any more", hint=_SESSION_HINT)
        return []

    def _is_logged_in(self) -> bool:
        return any(name.lower() == "cookie" for name in self.options.headers)


def _both(*sources: AsyncIterator[Message]) -> Callable[[Put[Message]], Awaitable[None]]:
    """Give what takes from all sources at once."""

    async def pump(source: AsyncIterator[Message], put: Put[Message]) -> None:
        async for message in source:
            await put(message)

    async def work(put: Put[Message]) -> None:
        async with asyncio.TaskGroup() as group:
            for source in sources:
                group.create_task(pump(source, put))

    return work


class _Told:
    """What was told of late, in the cursor: the keys, apart by spaces."""

    def __init__(self, context: FeedContext) -> None:
        self._context = context
        self._keys = dict.fromkeys((context.cursor or "").split())

    def is_new(self, event: Event) -> bool:
        """Tell whether an event was not told yet, and count it as told."""
        key = event.key or ""
        if key in self._keys:
            return False
        self._keys[key] = None
        if len(self._keys) > _REMEMBERED:
            del self._keys[next(iter(self._keys))]
        self._context.cursor = " ".join(self._keys)
        return True


async def _session(client: Any, base: str, headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """
    Ask for the token that the sockets want, and for the session it belongs to.

    Returns:
        The token, and the header with the session's cookies.

    """
    url = f"{base}/api/config"
    with http.explained(url):
        response = await client.get(url, headers=dict(headers), timeout=http.CONNECT_TIMEOUT)
    http.check_status(url, response)
    http.check_data(url, response)
    try:
        config = response.json()
        token = config.get("csrf_token") or ""
    except (ValueError, AttributeError, RecursionError):
        raise FeedBroken(f"{http.shown(url)} answers with what is no NodeBB's", hint="check the feed's url") from None
    ours = next((value for name, value in headers.items() if name.lower() == "cookie"), "")
    named = {pair.partition("=")[0].strip() for pair in ours.split(";")}
    given = [f"{name}={value}" for name, value in client.cookies.items() if name not in named]
    cookies = "; ".join([*([ours] if ours else []), *given])
    return str(token), dict.fromkeys(_cookie_names(headers), cookies) if cookies else {}


def _cookie_names(headers: Mapping[str, str]) -> list[str]:
    return [name for name in headers if name.lower() == "cookie"] or ["Cookie"]
