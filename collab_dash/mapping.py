"""
From messages to events by options alone, for transports used without a plugin.

A path is JMESPath. Plain names, ``id`` or ``a.b``, which most paths are, do without its interpreter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
import pydantic

from .event import Event, as_payload, event_type, is_event_type, rejected
from .feed import FeedOptions
from .transports import Message

Picker = Callable[[Any], Any]
"""Picks a part of a decoded message; None where there is none. It never raises."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*")
_NUMBER = re.compile(r"[+-]?\d{1,19}(\.\d+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MAX_KEY = 512


def compile_path(path: str) -> Picker:
    """
    Make a picker of a JMESPath expression.

    Raises:
        ValueError: If `path` is not JMESPath; the text says where.

    """
    if _PLAIN.fullmatch(path):
        first, *rest = path.split(".")
        return _plain(first) if not rest else _plain_chain([first, *rest])
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled = jmespath.compile(path)
    except JMESPathError as error:
        where = getattr(error, "lex_position", None)
        place = "" if where is None else f" at character {where + 1}"
        raise ValueError(f"{path!r} is not JMESPath{place}: {_one_line(error)}") from None

    def pick(value: Any) -> Any:
        try:
            return compiled.search(value)
        except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
            return None  # a function met a value it cannot take: the same as nothing found

    return pick


def _one_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(":") if str(error) else type(error).__name__


def _plain(name: str) -> Picker:
    def pick(value: Any) -> Any:
        return value.get(name) if isinstance(value, dict) else None

    return pick


def _plain_chain(names: list[str]) -> Picker:
    def pick(value: Any) -> Any:
        for name in names:
            if not isinstance(value, dict):
                return None
            value = value.get(name)
        return value

    return pick


def as_unix_ms(value: Any) -> int | None:
    """
    Read a time.

    Args:
        value: RFC 3339 text, or a Unix time as number or text in seconds, milliseconds, microseconds or
            nanoseconds, told apart by magnitude; text without an offset is UTC.

    Returns:
        Unix milliseconds, or None if it is no time.

    """
    if isinstance(value, str):
        if _NUMBER.fullmatch(value) is None:
            return _from_text(value)
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    size = abs(value)
    if size < 1e11:  # seconds until the year 5138
        return int(value * 1000)
    if size < 1e14:
        return int(value)
    if size < 1e17:
        return int(value // 1000)
    return int(value // 1_000_000) if size < 1e20 else None


def _from_text(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND


def as_key(value: Any) -> str | None:
    """Give a picked value as an event's key: text as it is, other values as JSON, at most 512 characters."""
    if value is None or isinstance(value, str):
        return value if value is None else value[:_MAX_KEY]
    return msgspec.json.encode(value).decode()[:_MAX_KEY]


class TypeTemplate:
    """
    The `type` option: text with JMESPath in braces, such as ``order:{status}``.

    Args:
        template: As written.

    Raises:
        ValueError: If a path is not JMESPath, a brace is left open, or a name without braces is no event
        type.

    """

    def __init__(self, template: str) -> None:
        self._parts = [compile_path(part) if braced else part for braced, part in _split_braces(template) if part]
        self.constant = template if not any(callable(part) for part in self._parts) else None
        if self.constant is not None and not is_event_type(template):
            domain, colon, action = template.partition(":")
            nearest = event_type(domain, action) if colon else event_type("DOMAIN", domain)
            raise ValueError(f"{template!r} is not an event type; perhaps {nearest!r}")

    def render(self, value: Any, domain: str) -> str:
        """
        Give the event type for a decoded event, made legal.

        Args:
            value: The event.
            domain: Stands in where the result has no colon.

        """
        text = "".join([_word(part(value)) if callable(part) else part for part in self._parts])
        return legal_type(text, domain)


def _word(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()


def _split_braces(template: str) -> Iterator[tuple[bool, str]]:
    """Yield pairs of whether a part stood in braces, and the part; a path may hold braces of its own."""
    depth = start = 0
    for index, character in enumerate(template):
        if character == "{":
            if depth == 0:
                yield False, template[start:index]
                start = index + 1
            depth += 1
        elif character == "}" and depth:
            depth -= 1
            if depth == 0:
                if not template[start:index].strip():
                    raise ValueError(f"{template!r} has an empty pair of braces")
                yield True, template[start:index].strip()
                start = index + 1
    if depth:
        raise ValueError(f"{template!r} has a brace that is not closed")
    yield False, template[start:]


@lru_cache(maxsize=4096)
def legal_type(name: str, domain: str) -> str:
    """
    Make an event type of an upstream name.

    Args:
        name: ``domain:action``, or an action alone.
        domain: Stands before an action alone.

    """
    before, colon, after = name[:256].partition(":")
    return event_type(before, after) if colon else event_type(domain, before)


def _check_path(path: str) -> str:
    compile_path(path)
    return path


def _check_type(template: str) -> str:
    TypeTemplate(template)
    return template


JmesPath = Annotated[str, pydantic.Field(min_length=1), pydantic.AfterValidator(_check_path)]


class MappedOptions(FeedOptions):
    """Options that say how a message becomes events."""

    format: Literal["json", "text", "msgpack"] = pydantic.Field(
        "json", description="What a message is: json, msgpack, or text, which becomes {'value': text}."
    )
    items: JmesPath | None = pydantic.Field(
        None, description="JMESPath: which parts of a message are events. Without it, the message is one."
    )
    type: Annotated[str, pydantic.AfterValidator(_check_type)] | None = pydantic.Field(
        None,
        description="The events' type: order:update, or with JMESPath in braces, order:{status}.",
    )
    key: JmesPath | None = pydantic.Field(None, description="JMESPath: what an event is about.")
    time: JmesPath | None = pydantic.Field(
        None, description="JMESPath: the source's time, RFC 3339 or Unix s, ms, µs or ns."
    )

    def mapping(self, transport: str) -> EventMapping:
        """Give the mapping these options describe; events without a type of their own are of `transport`."""
        return EventMapping(self, transport)


def _extension(code: int, data: memoryview) -> dict[str, Any]:
    return {"ext": code, "data": bytes(data)}


_decode_msgpack = msgspec.msgpack.Decoder(ext_hook=_extension).decode


def decode_msgpack(data: str | bytes) -> Any:
    """
    Decode MessagePack into what JSON can hold.

    Bytes become Base64 text, timestamps RFC 3339, other extensions ``{"ext": CODE, "data": BASE64}``, and keys of
    objects text; of two keys that become the same text the last one counts, as in JSON.

    Raises:
        ValueError: If it is no MessagePack.
        TypeError: If it holds a key that cannot become text.

    """
    raw = data.encode() if isinstance(data, str) else data
    return msgspec.to_builtins(_decode_msgpack(raw), str_keys=True)


DECODERS: dict[str, tuple[str, Callable[[str | bytes], Any]]] = {
    "json": ("JSON", msgspec.json.Decoder().decode),
    "msgpack": ("MessagePack", decode_msgpack),
}
"""By format: its name for people, and what decodes it."""


class EventMapping:
    """
    Turns messages into events.

    Args:
        options: How.
        transport: The domain of event types that upstream did not name.

    """

    def __init__(self, options: MappedOptions, transport: str) -> None:
        self._transport = transport
        self._is_text = options.format == "text"
        self._format, self._decode = DECODERS.get(options.format, DECODERS["json"])
        self._items = None if options.items is None else compile_path(options.items)
        self._template = None if options.type is None else TypeTemplate(options.type)
        self._key = None if options.key is None else compile_path(options.key)
        self._time = None if options.time is None else compile_path(options.time)

    def events(self, message: Message) -> list[Event]:
        """
        Give the events of one message, in order.

        What cannot be decoded becomes one ``feed:rejected``; an empty message, a usual heartbeat, becomes nothing.
        """
        data = message.data
        if self._is_text:
            value: Any = data if isinstance(data, str) else data.decode(errors="replace")
        else:
            if not data or data.isspace():
                return []
            try:
                value = self._decode(data)
            except (ValueError, TypeError, RecursionError) as error:
                return [rejected(f"not {self._format}: {_one_line(error)}", data)]
        if self._items is None:
            return [self.event(value, message.event)]
        items = self._items(value)
        if not isinstance(items, list):
            items = [] if items is None else [items]
        return [self.event(item, message.event) for item in items]

    def event(self, value: Any, name: str = "") -> Event:
        """
        Give the event of one decoded part of a message.

        Args:
            value: The part.
            name: What upstream called it.

        """
        if self._template is None:
            kind = legal_type(name or "message", self._transport)
        else:
            kind = self._template.constant or self._template.render(value, self._transport)
        key = None if self._key is None else as_key(self._key(value))
        time = None if self._time is None else as_unix_ms(self._time(value))
        return Event(type=kind, key=key, time=time, data=as_payload(value))
