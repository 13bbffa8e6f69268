"""Posts, likes, follows and all else that happens on Bluesky, from Jetstream."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from hashlib import blake2b
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Meta, Struct
from pydantic import Field, StringConstraints

from collab_dash.board import Pane
from collab_dash.event import Event, event_type, rejected
from collab_dash.feed import Feed, FeedContext, FeedOptions
from collab_dash.mapping import as_unix_ms
from collab_dash.transports import websocket
from collab_dash.transports.address import WebSocketUrl

URL = "wss://jetstream1.us-east.bsky.network/subscribe"
POST = "app.bsky.feed.post"
_PAGE = "https://bsky.app/profile"
_DIDS_IN_URL = 40
_MOST_TOLD = 256
_NAMESPACE = "app.bsky."
_EARLIEST = 10**15  # below, newer servers take a cursor for something else
_LATEST = 10**16
_LONG_AGO = 86_400_000_000  # far more than a server goes back before a cursor

Collection = Annotated[
    str, StringConstraints(max_length=317, pattern=r"^[a-zA-Z][a-zA-Z0-9-]*(\.[a-zA-Z][a-zA-Z0-9-]*)+(\.\*)?$")
]
Did = Annotated[str, StringConstraints(max_length=2048, pattern=r"^did:[a-z]+:[a-zA-Z0-9._:%-]+$")]
Language = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$")]


class BlueskyOptions(FeedOptions):
    """Options of the ``bluesky`` feed."""

    collections: tuple[Collection, ...] = Field(
        (POST,),
        max_length=100,
        description="Which records, such as app.bsky.feed.like or app.bsky.graph.*; none for all of the network.",
    )
    dids: tuple[Did, ...] = Field(
        (), max_length=10_000, description="Only these accounts, such as did:plc:abc; all by default."
    )
    langs: tuple[Language, ...] = Field(
        (), description="Only posts in one of these languages, such as en; all by default."
    )
    accounts: bool = Field(
        False, description="Whether to tell also of handles that change and of accounts that come and go."
    )
    url: WebSocketUrl = Field(URL, description="Where Jetstream, version 1, is.")


class BlueskyFeed(Feed[BlueskyOptions]):
    """
    What people write into their repositories, as it is written, and after a break from where it was.

    The cursor is the source's time of the last message in microseconds, which the source takes as inclusive,
    followed by names of what was told of that microsecond, so that nothing is told twice.
    """

    summary = "Posts, likes and follows on Bluesky, live"
    transport = "websocket"
    silence = 60.0
    pane = Pane(view="log", columns=("time", "type", "langs", "text"))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Follow the stream; the cursor moves on with what is left out, too."""
        position = _Position(context.cursor)
        url, send = self._request(position.since)
        async with websocket.connect(url, send=send, note=context.note) as messages:
            async for message in messages:
                try:
                    said = _decode(message.data)
                except (ValueError, RecursionError) as error:
                    yield rejected(f"not a message of Jetstream: {error!s:.200}", message.data)
                    continue
                if not position.move(said.time_us, _name(said)):
                    continue
                context.cursor = position.cursor
                if self._wants(said):
                    yield _event(said)

    def _request(self, cursor: int) -> tuple[str, list[str]]:
        """Give the address, and the message that says what does not fit into an address."""
        options = self.options
        query: list[tuple[str, Any]] = [("wantedCollections", name) for name in options.collections]
        send = []
        if len(options.dids) > _DIDS_IN_URL:
            query.append(("requireHello", "true"))
            wanted = {"wantedCollections": options.collections, "wantedDids": options.dids, "maxMessageSizeBytes": 0}
            send.append(msgspec.json.encode({"type": "options_update", "payload": wanted}).decode())
        else:
            query += [("wantedDids", did) for did in options.dids]
        if cursor:
            query.append(("cursor", cursor))
        mark = "&" if "?" in options.url else "?"
        return f"{options.url}{mark}{urlencode(query, safe=':*')}" if query else options.url, send

    def _wants(self, message: _Message) -> bool:
        if not isinstance(message, _Commit):
            return self.options.accounts
        change, wanted = message.commit, self.options.langs
        if not wanted or change.collection != POST or change.record is None:
            return True
        spoken = [language.lower() for language in _languages(change.record)]
        return any(language == name or language.startswith(f"{name}-") for language in spoken for name in wanted)


class _Position:
    """
    How far the stream was told.

    Args:
        cursor: As it was kept, or None.

    Attributes:
        since: The microsecond to ask for, or 0.

    """

    def __init__(self, cursor: str | None) -> None:
        digits, _, names = (cursor or "").partition(" ")
        self.since = self._latest = int(digits) if re.fullmatch("[0-9]{16}", digits) else 0
        self._told = dict.fromkeys(names.split(",") if names else ())
        self._told_before = frozenset(self._told)

    @property
    def cursor(self) -> str | None:
        """The cursor that stands for it."""
        return f"{self._latest} {','.join([*self._told][-_MOST_TOLD:])}" if self._latest else None

    def move(self, time_us: int, name: str) -> bool:
        """Move on to a message; False if it was told on an earlier connection."""
        if not _EARLIEST <= time_us < _LATEST:
            return True
        if time_us < self.since - _LONG_AGO:
            self.since = self._latest = 0  # it was of a clock that is not the source's
        if time_us < self.since or (time_us == self.since and name in self._told_before):
            return False
        if time_us > self._latest:
            self._latest = time_us
            self._told.clear()
        if time_us == self._latest:
            self._told[name] = None
        return True


class _Change(Struct):
    operation: Annotated[str, Meta(min_length=1, max_length=32)]
    collection: Annotated[str, Meta(min_length=1, max_length=400)]
    rkey: Annotated[str, Meta(min_length=1, max_length=600)]
    record: dict[str, Any] | None = None
    rev: Annotated[str, Meta(max_length=100)] = ""
    cid: Annotated[str, Meta(max_length=200)] | None = None


class _Who(Struct):
    handle: Annotated[str, Meta(max_length=300)] | None = None
    seq: int | None = None
    active: bool | None = None
    status: Annotated[str, Meta(max_length=100)] | None = None


class _Message(Struct, tag_field="kind"):
    did: Annotated[str, Meta(min_length=1, max_length=2048)]
    time_us: Annotated[int, Meta(ge=0)]


class _Commit(_Message, tag="commit"):
    commit: _Change


class _Identity(_Message, tag="identity"):
    identity: _Who


class _Account(_Message, tag="account"):
    account: _Who


_decode = msgspec.json.Decoder(_Commit | _Identity | _Account).decode


def _name(message: _Message) -> str:
    """Name a message, shortly, among those of one microsecond."""
    if isinstance(message, _Commit):
        change = message.commit
        words: tuple[object, ...] = (message.did, change.rev, change.collection, change.rkey)
    else:
        words = (message.did, msgspec.json.encode(message))
    return blake2b(repr(words).encode(errors="replace"), digest_size=6).hexdigest()


def _event(message: _Commit | _Identity | _Account) -> Event:
    if isinstance(message, _Commit):
        return _commit(message)
    who = message.identity if isinstance(message, _Identity) else message.account
    domain = "identity" if isinstance(message, _Identity) else "account"
    data = {
        "user": message.did,
        "text": who.handle or who.status or ("active" if who.active else None),
        "handle": who.handle,
        "active": who.active,
        "status": who.status,
        "seq": who.seq,
        "url": _profile(message.did),
    }
    return Event(type=f"{domain}:update", key=message.did, time=message.time_us // 1000, data=_without_none(data))


def _commit(message: _Commit) -> Event:
    change = message.commit
    record = change.record or {}
    subject = _subject(record.get("subject"))
    data = {
        "user": message.did,
        "text": _text(record, "text") or _text(record, "description"),
        "name": _text(record, "displayName") or _text(record, "name"),
        "langs": ",".join(_languages(record)[:10]) or None,
        "subject": subject,
        "reply": _reply(record.get("reply")),
        "url": _link(message.did, change, subject),
        "collection": change.collection,
        "rkey": change.rkey,
        "cid": change.cid,
        "rev": change.rev,
        "created": as_unix_ms(_text(record, "createdAt")),
        "record": change.record if not change.collection.startswith(_NAMESPACE) else None,
    }
    return Event(
        type=event_type(change.collection.rpartition(".")[2], change.operation),
        key=f"at://{message.did}/{change.collection}/{change.rkey}",
        time=message.time_us // 1000,
        data=_without_none(data),
    )


def _without_none(data: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if value is not None}


def _text(record: dict[str, Any], name: str) -> str | None:
    value = record.get(name)
    return value if isinstance(value, str) else None


def _languages(record: dict[str, Any]) -> list[str]:
    languages = record.get("langs")
    return [name for name in languages if isinstance(name, str)] if isinstance(languages, list) else []


def _subject(subject: Any) -> str | None:
    """Give what a like, repost, follow or block is about: the URI of a record, or an account."""
    if isinstance(subject, dict):
        subject = subject.get("uri")
    return subject if isinstance(subject, str) else None


def _reply(reply: Any) -> str | None:
    return _subject(reply.get("parent")) if isinstance(reply, dict) else None


def _link(did: str, change: _Change, subject: str | None) -> str:
    """Give a page for people: of the post that it is or is about, otherwise of the account."""
    if change.collection == POST and change.operation != "delete":
        return _post(did, change.rkey)
    if subject is None:
        return _profile(did)
    owner, _, rest = subject.removeprefix("at://").partition("/")
    collection, _, rkey = rest.partition("/")
    return _post(owner, rkey) if collection == POST else _profile(owner)


def _profile(did: str) -> str:
    return f"{_PAGE}/{quote(did, safe=':')}"


def _post(did: str, rkey: str) -> str:
    return f"{_profile(did)}/post/{quote(rkey, safe='')}"
