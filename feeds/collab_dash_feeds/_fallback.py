"""Other addresses of a source, for when the first does not work: WebSocket, then event stream, then document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import pydantic
from pydantic import Field, model_validator

from collab_dash.feed import Feed
from collab_dash.mapping import MappedOptions

from ._source import SourceOptions, TlsOptions

SILENCE = 60.0
"""Seconds without a sign of life after which an event stream that stands in for another transport is left."""

_INHERITED = (*MappedOptions.model_fields, *TlsOptions.model_fields, "headers")


class FallbackOptions(SourceOptions):
    """Options of a source that may have other addresses."""

    preferred: ClassVar[str] = ""
    """The transport that these options are of; subclasses name it."""

    fallback: tuple[str | dict[str, Any], ...] = Field(
        (),
        description="Other addresses with the same events, best first: ws is a WebSocket, the first http an event "
        "stream, the next a document to poll; or tables such as {use = 'polling', url = '…', interval = 5}.",
    )

    @model_validator(mode="after")
    def _check_fallback(self) -> Self:
        self.fallbacks()
        return self

    def fallbacks(self) -> list[Feed[Any]]:
        """
        Give the feeds behind the other addresses.

        Headers, certificates and the mapping to events are the same unless an address says otherwise.

        Raises:
            ValueError: If one cannot be used; the text says which and why.

        """
        feeds: list[Feed[Any]] = []
        for number, entry in enumerate(self.fallback, 1):
            try:
                feeds.append(self._feed(entry, {self.preferred, *(feed.transport for feed in feeds)}))
            except pydantic.ValidationError as error:
                first, *_ = error.errors(include_url=False)
                place = ".".join(str(step) for step in first["loc"])
                raise ValueError(f"address {number}: {place}: {first['msg'].removeprefix('Value error, ')}") from None
            except ValueError as error:
                raise ValueError(f"address {number}: {error}") from None
        return feeds

    def _feed(self, entry: str | Mapping[str, Any], taken: set[str]) -> Feed[Any]:
        table = {"url": entry} if isinstance(entry, str) else dict(entry)
        if "fallback" in table:
            raise ValueError("it cannot have a fallback of its own; list all addresses one after the other")
        use = table.pop("use", None) or _transport(str(table.get("url", "")), taken)
        kinds = _kinds()
        if use not in kinds:
            raise ValueError(f"there is no transport {use!r} to fall back to; there are {', '.join(kinds)}")
        inherited = {name: getattr(self, name) for name in _INHERITED if name in self.model_fields_set}
        named = {"type": self.type or f"{self.preferred}:message"}
        watched = {"silence": SILENCE} if use == "sse" else {}
        return kinds[use].configure(inherited | named | watched | table)


def _transport(url: str, taken: set[str]) -> str:
    scheme = url.partition("://")[0]
    if scheme in {"ws", "wss"}:
        return "websocket"
    if scheme in {"http", "https"}:
        return "polling" if "sse" in taken else "sse"
    raise ValueError(f"{url!r} should start with wss://, ws://, https:// or http://")


def _kinds() -> dict[str, type[Feed[Any]]]:
    from .json_lines import JsonLinesFeed
    from .long_polling import LongPollingFeed
    from .polling import PollingFeed
    from .sse import SseFeed
    from .websocket import WebSocketFeed

    return {
        "websocket": WebSocketFeed,
        "sse": SseFeed,
        "json-lines": JsonLinesFeed,
        "polling": PollingFeed,
        "long-polling": LongPollingFeed,
    }
