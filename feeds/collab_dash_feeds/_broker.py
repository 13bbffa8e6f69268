"""What the feeds of brokers and databases share: where one is, who we are there, and events out of payloads."""

from __future__ import annotations

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Generic, Literal, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec
from pydantic import Field

from collab_dash.errors import FeedError, FeedFailed
from collab_dash.event import REJECTED, Event, rejected
from collab_dash.feed import FeedContext
from collab_dash.mapping import MappedOptions
from collab_dash.transports import Message
from collab_dash.transports.address import expand
from collab_dash.transports.http import shown

from ._source import TlsOptions

ANSWER_WITHIN = 10.0
"""Seconds that a broker may take to answer: a connection, a request, a ping."""

_LIKE_JSON = re.compile(rb'\s*[{\["\d\-tfn]')
_HOSTLESS = ("unix", "postgres", "postgresql")
_decode_json = msgspec.json.Decoder().decode
T = TypeVar("T")


class Address(NamedTuple):
    """
    Where a broker is and who we are there, with the environment's values in place.

    Args:
        scheme: The url's.
        host: Empty for a socket in the file system.
        port: The port, or the scheme's usual one.
        username: Who we are, or None.
        password: The secret that shows it, or None.
        path: The url's path, unquoted, with its slash.
        bare: The url without user and password.
        shown: The url as people may see it.

    """

    scheme: str
    host: str
    port: int
    username: str | None
    password: str | None
    path: str
    bare: str
    shown: str


def url_of(*schemes: str) -> Callable[[str], str]:
    """Give a check of urls, for options: it should start with one of these schemes and name a host."""

    def check(url: str) -> str:
        scheme, mark, rest = url.partition("://")
        if not mark or scheme not in schemes:
            raise ValueError(f"should start with {' or '.join(f'{name}://' for name in schemes)}")
        if any(character.isspace() or not character.isprintable() for character in url):
            raise ValueError("holds a space or a control character")
        if not _place(rest) and scheme not in _HOSTLESS:
            raise ValueError(f"has no host name; write {scheme}://HOST")
        if "${" not in _place(rest):
            try:
                _ = urlsplit(f"//{_place(rest)}").port
            except ValueError as error:
                raise ValueError(f"not a usable address: {error}") from None
        return url

    return check


def _place(rest: str) -> str:
    """Give host and port: what stands before the path, without user and password."""
    return re.split(r"[/?#]", rest.rpartition("@")[2], maxsplit=1)[0]


class BrokerOptions(MappedOptions, TlsOptions):
    """Who we are at a broker, and what its payloads are."""

    format: Literal["auto", "json", "text"] = Field(  # type: ignore[assignment]  # payloads are told apart, too
        "auto", description="What a payload is: json, text, or whichever it looks like (auto)."
    )
    username: str | None = Field(
        None, min_length=1, repr=False, description="Who we are; by default as in url. ${NAME} as there."
    )
    password: str | None = Field(None, repr=False, description="The password of that user. ${NAME} as in url.")

    def address(self, url: str, environ: Mapping[str, str], ports: Mapping[str, int]) -> Address:
        """
        Take an url apart and put the environment's values in place.

        Each part is expanded by itself, so that a password from the environment may hold any character.

        Args:
            url: As checked by `url_of`.
            environ: The environment.
            ports: The usual port of each scheme.

        Raises:
            FeedFailed: If a variable is not set, or the result is no address.

        """
        scheme, _, rest = url.partition("://")
        user_info, at, rest = rest.rpartition("@")
        username, colon, password = user_info.partition(":")
        rest = expand(rest, environ)
        bare = f"{scheme}://{rest}"
        try:
            parts = urlsplit(bare)
            port = parts.port
        except ValueError as error:
            raise FeedFailed(f"{scheme}://… is not a usable address: {error}", hint="check the feed's url") from None
        return Address(
            scheme=scheme,
            host=parts.hostname or "",
            port=port or ports.get(scheme, 0),
            username=_secret(self.username, username if at else None, environ),
            password=_secret(self.password, password if colon else None, environ),
            path=unquote(parts.path),
            bare=bare,
            shown=shown(bare),
        )

    def secure(self, context: FeedContext) -> ssl.SSLContext:
        """
        Make what a connection over TLS needs.

        It offers no application protocol: what the web's connections offer, databases refuse.

        Raises:
            FeedFailed: If a file is missing, cannot be read or holds something else, or a variable is not set.

        """
        return self.own_tls(context, alpn=())


def _secret(option: str | None, in_url: str | None, environ: Mapping[str, str]) -> str | None:
    if option is not None:
        return expand(option, environ)
    return expand(unquote(in_url), environ) if in_url else None


class Payloads:
    """
    Turns payloads into events.

    A payload that is a JSON value is that value; other text becomes ``{"value": text}``, and bytes that are no text
    ``{"base64": …}``.

    Args:
        options: What a payload is.
        transport: The domain of event types that the options do not name.

    """

    def __init__(self, options: BrokerOptions, transport: str) -> None:
        self._mapping = options.mapping(transport)
        self._format = options.format

    def events(self, payload: bytes, *, key: str, time: int | None = None, name: str = "") -> list[Event]:
        """
        Give the events of a payload.

        Args:
            payload: As it came.
            key: What they are about, unless the options say otherwise.
            time: Their time in Unix milliseconds, unless the options say otherwise.
            name: What upstream called it.

        """
        return [_completed(event, key, time) for event in self._read(payload, name)]

    def _read(self, payload: bytes, name: str) -> list[Event]:
        if self._format == "json" or (self._format == "auto" and _LIKE_JSON.match(payload)):
            events = self._mapping.events(Message(payload, event=name))
            if self._format == "json" or not any(event.type == REJECTED for event in events):
                return events
        return [self._mapping.event(_text(payload), name)]

    def entry(self, fields: Mapping[str, bytes], *, key: str, time: int | None = None, name: str = "") -> list[Event]:
        """Give the events of an entry that has fields, each of which is read by itself."""
        values = {field: self._value(value) for field, value in fields.items()}
        if self._format == "text":
            return [_completed(self._mapping.event(values, name), key, time)]
        message = Message(msgspec.json.encode(values), event=name)
        return [_completed(event, key, time) for event in self._mapping.events(message)]

    def _value(self, value: bytes) -> Any:
        if self._format != "text" and _LIKE_JSON.match(value):
            with suppress(ValueError, RecursionError):
                return _decode_json(value)
        return _text(value)


def _text(payload: bytes) -> Any:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(payload).decode()}


def _completed(event: Event, key: str, time: int | None) -> Event:
    return msgspec.structs.replace(
        event, key=key if event.key is None else event.key, time=time if event.time is None else event.time
    )


def heed_cancellation() -> None:
    """
    Be cancelled if that was asked for: `asyncio.wait_for` in a library loses it now and then before Python 3.12.

    Raises:
        asyncio.CancelledError: If so.

    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class Inbox(Generic[T]):
    """
    What came and was not taken yet, at most `size` of it, and how the connection ended.

    Args:
        size: How much may wait.

    """

    def __init__(self, size: int) -> None:
        self._queue: asyncio.Queue[T | None] = asyncio.Queue(size)
        self._error: FeedError | None = None
        self._dropped = 0

    async def put(self, item: T) -> None:
        """Put in what came; wait while there is no room."""
        await self._queue.put(item)

    def offer(self, item: T) -> None:
        """Put in what came; where there is no room, drop and count it."""
        try:
            self._queue.put_nowait(item)
        except asyncio.QueueFull:
            self.drop()

    def drop(self) -> None:
        """Count something that came and had to be dropped."""
        self._dropped += 1

    def dropped(self, what: str) -> list[Event]:
        """Tell what was dropped since this was last asked, if anything, as an event."""
        count, self._dropped = self._dropped, 0
        reason = f"{count:,} {what} were dropped: they came faster than they could be recorded"
        return [rejected(reason, b"")] if count else []

    def end(self, error: FeedError) -> None:
        """Say why no more will come; the first reason counts."""
        if self._error is None:
            self._error = error
            with suppress(asyncio.QueueFull):  # whoever finds it full takes what there is first, and then looks
                self._queue.put_nowait(None)

    async def take(self, within: float | None = None) -> T | None:
        """
        Give what came next.

        Args:
            within: Seconds to wait for it.

        Returns:
            None if there was nothing in that time.

        Raises:
            FeedError: If no more will come.

        """
        if self._queue.empty() and self._error is not None:
            raise self._error
        try:
            async with asyncio.timeout(within if self._queue.empty() else None):
                item = await self._queue.get()
        except TimeoutError:
            return None
        if item is None and self._error is not None:
            raise self._error
        return item
