"""Services of a Feathers server, over its Socket.IO transport."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Annotated, Any, ClassVar, NamedTuple

import msgspec
from pydantic import Field

from collab_dash.board import Pane
from collab_dash.event import Event, as_payload, event_type, rejected
from collab_dash.feed import Feed, FeedContext
from collab_dash.mapping import JmesPath, as_key, as_unix_ms, compile_path
from collab_dash.transports import Message, socketio
from collab_dash.transports.address import HttpHeaders, HttpUrl, expand, expand_headers

from . import _feathers_memory as memory
from ._feathers_memory import Memory
from ._feathers_service import Listing, authenticate, find
from ._source import TlsOptions
from .socketio import expand_all

_ACTIONS = {"created": "create", "updated": "update", "patched": "patch", "removed": "remove"}
_CURSORS = 64

Service = Annotated[str, Field(min_length=1, pattern=r"^[^\s/]([^\s]*[^\s/])?$")]


class FeathersOptions(TlsOptions):
    """Options of the ``feathers`` feed."""

    url: HttpUrl = Field(description="Where the server is; ${NAME} comes from the environment.")
    services: list[Service] = Field(min_length=1, description="The services' paths, such as messages.")
    query: dict[str, Any] = Field(
        default_factory=dict, description="The query of the first find, as Feathers has it; not of the live events."
    )
    auth: dict[str, Any] = Field(
        default_factory=dict,
        repr=False,
        description="Data for the authentication service, such as accessToken; ${NAME} comes from the environment.",
    )
    key: JmesPath = Field("id || _id", description="JMESPath: an item's id.")
    time: JmesPath = Field(
        "updatedAt || updated_at || createdAt || created_at", description="JMESPath: an item's time."
    )
    max_items: int = Field(1000, ge=1, le=memory.LIMIT, description="How many items find fetches at most.")
    headers: HttpHeaders = Field(
        default_factory=dict, repr=False, description="Sent along; ${NAME} comes from the environment."
    )
    path: str = Field("socket.io", min_length=1, description="Where on the server Socket.IO answers.")
    transports: list[socketio.Way] = Field(
        ["polling", "websocket"],
        min_length=1,
        description="polling, websocket, or both: begin by polling and change to WebSocket if that works.",
    )
    silence: float = Field(
        120.0, gt=0, description="Seconds without any sign of life after which the connection counts as dead."
    )


class FeathersFeed(Feed[FeathersOptions]):
    """
    A service's items as they are, then what happens to them.

    The cursor holds a hash of each item. After a break the service is listed again, and what is new, changed or gone
    since is told as if it happened now; a removal only if the list could be read whole.
    """

    summary = "Services of a Feathers server: what there is, then created, updated, patched, removed"
    transport = "socketio"
    needs: ClassVar[Mapping[str, str]] = socketio.NEEDS
    overflow = "conflate"
    pane = Pane(view="log")

    def __init__(self, options: FeathersOptions) -> None:
        super().__init__(options)
        self.silence = options.silence

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """
        List the services, then yield their events.

        Raises:
            FeedFailed: If the server refuses the credentials or a service.

        """
        options = self.options
        teller = _Teller(options, context)
        async with socketio.connect(
            expand(options.url, context.environ),
            headers=expand_headers(options.headers, context.environ),
            path=options.path,
            transports=options.transports,
            tls=options.tls(context),
            note=context.note,
        ) as connection:
            if options.auth:
                await authenticate(connection, expand_all(options.auth, context.environ))
            # The server tells events from here on; what comes during the lists waits, and is compared with them.
            query = expand_all(options.query, context.environ)
            lists = {name: await find(connection, name, query, options.max_items) for name in options.services}
            context.note("listed")
            try:
                for event in teller.lists(lists, connection.arrived()):
                    yield event
                async for message in connection:
                    for event in teller.message(message):
                        yield event
            finally:
                teller.keep()


class _Change(NamedTuple):
    """A real-time event: which service, what happened, which item."""

    service: str
    action: str
    key: str | None
    item: Any


class _Teller:
    """What is told, and what is known."""

    def __init__(self, options: FeathersOptions, context: FeedContext) -> None:
        self._options = options
        self._context = context
        self._pick_key = compile_path(options.key)
        self._pick_time = compile_path(options.time)
        known = memory.read(context.cursor)
        self._memories = {name: Memory(known.get(name)) for name in options.services}
        self._since = 0

    def lists(self, lists: Mapping[str, Listing], early: list[Message]) -> Iterator[Event]:
        """Tell what the lists say, then what happened while they were read and they do not say."""
        changes = [self._change(message) for message in early]
        for service, listing in lists.items():
            yield from self._told(self._list(service, listing))
        latest = {(change.service, change.key): change for change in changes if isinstance(change, _Change)}
        for change in changes:
            if isinstance(change, Event):
                yield change
            elif change is not None and not self._is_listed(change, latest[change.service, change.key], lists):
                yield from self._told(self._changed(change))

    def message(self, message: Message) -> Iterator[Event]:
        """Tell a real-time event."""
        change = self._change(message)
        if isinstance(change, Event):
            yield change
        elif change is not None:
            yield from self._told(self._changed(change))

    def keep(self) -> None:
        """Have the cursor hold all that was told."""
        self._context.cursor = memory.write(self._memories)
        self._since = 0

    def _told(self, events: Iterator[Event]) -> Iterator[Event]:
        """Yield events, and move the cursor with each, or for a large memory with every few."""
        for event in events:
            self._since += 1
            if self._since * _CURSORS > sum(map(len, self._memories.values())):
                self.keep()
            yield event

    def _list(self, service: str, listing: Listing) -> Iterator[Event]:
        known = self._memories[service]
        first, listed = known.first, []
        known.first = False
        for item in listing.items:
            key = self._key(item)
            if key is None:
                yield rejected(f"an item of {service!r} without {self._options.key}", _raw(item))
                continue
            listed.append(key)
            try:
                state = known.list(key, item)
            except ValueError as error:
                yield rejected(f"an item of {service!r} that cannot be kept: {error}", _raw(item), key=key)
                continue
            if state != "same":
                action = "find" if first else "create" if state == "new" else "update"
                yield self._event(_Change(service, action, key, item))
        if listing.whole and len(listed) == len(listing.items):
            for key in known.gone(listed, filtered=bool(self._options.query)):
                yield self._event(_Change(service, "remove", key, {"id": key}))

    def _is_listed(self, change: _Change, latest: _Change, lists: Mapping[str, Listing]) -> bool:
        """Tell whether the list has told a change, or its outcome, already."""
        known = self._memories[change.service]
        if change.key is None or change.action not in _ACTIONS.values():
            return False
        if change.action == "remove":
            return change.key not in known
        item = next((item for item in lists[change.service].items if self._key(item) == change.key), None)
        return item is not None and (change.action == "create" or memory.digest(item) == memory.digest(latest.item))

    def _changed(self, change: _Change) -> Iterator[Event]:
        known = self._memories[change.service]
        if change.key is not None and change.action in _ACTIONS.values():
            if change.action == "remove":
                known.forget(change.key)
            elif known.is_echo(change.key, change.item):
                return
        yield self._event(change)

    def _change(self, message: Message) -> _Change | Event | None:
        """Read a real-time event; None for one of a service that nobody asked for."""
        service, _, name = message.event.rpartition(" ")
        if service not in self._memories:
            return None
        try:
            item = msgspec.json.decode(message.data)
            memory.digest(item)
        except (ValueError, RecursionError) as error:
            return rejected(f"{message.event!r} with what is no JSON: {error}", message.data)
        key = self._key(item)
        if name in _ACTIONS and key is None:
            return rejected(f"{message.event!r} of an item without {self._options.key}", message.data)
        return _Change(service, _ACTIONS.get(name, name), key, item)

    def _key(self, item: Any) -> str | None:
        return as_key(self._pick_key(item)) if isinstance(item, dict) else None

    def _event(self, change: _Change) -> Event:
        key = change.key
        if key is not None and len(self._memories) > 1:
            key = f"{change.service}/{key}"
        time = as_unix_ms(self._pick_time(change.item)) if isinstance(change.item, dict) else None
        kind = event_type(change.service, change.action)
        return Event(type=kind, key=key, time=time, data=as_payload(change.item))


def _raw(item: Any) -> bytes:
    try:
        return msgspec.json.encode(item)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return repr(item)[:4096].encode(errors="replace")
