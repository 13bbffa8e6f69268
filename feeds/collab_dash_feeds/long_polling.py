"""Any source that is asked by a hanging request, by options alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated

import msgspec
from pydantic import AfterValidator, Field

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.mapping import as_key, compile_path
from collab_dash.transports import long_polling

from ._source import SourceOptions

GRACE = 10.0
_HEADER = "header:"


def _next_cursor(source: str) -> long_polling.NextCursor:
    """Read the `cursor` option: ``etag``, ``header:NAME`` or JMESPath."""
    if source == "etag":
        return long_polling.from_header("ETag")
    if source.startswith(_HEADER):
        return long_polling.from_header(source.removeprefix(_HEADER).strip())
    pick = compile_path(source)

    def from_body(headers: Mapping[str, str], body: bytes) -> str | None:
        try:
            return as_key(pick(msgspec.json.decode(body)))
        except (ValueError, RecursionError):
            return None

    return from_body


def _check_cursor(source: str) -> str:
    _next_cursor(source)
    return source


class LongPollingOptions(SourceOptions):
    """Options of hanging requests."""

    cursor: Annotated[str, AfterValidator(_check_cursor)] = Field(
        "cursor",
        min_length=1,
        description="Where an answer holds the next cursor: JMESPath, header:NAME, or etag.",
    )
    parameter: str = Field(
        "cursor", min_length=1, description="The query parameter that carries the cursor; not used with etag."
    )
    hang: float = Field(90.0, ge=1, le=3600, description="Seconds after which to ask anew without an answer.")


class LongPollingFeed(Feed[LongPollingOptions]):
    """Answers to a hanging request; it goes on after a break where it was."""

    summary = "Any source of hanging requests"
    transport = "long-polling"
    overflow = "wait"
    pane = Pane(view="log")

    def __init__(self, options: LongPollingOptions) -> None:
        super().__init__(options)
        self.patience = options.hang + GRACE

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection."""
        options = self.options
        url, headers = options.expanded(context.environ)
        mapping = options.mapping("long-polling")
        events: list[Event] = []
        async with long_polling.connect(
            url,
            next_cursor=_next_cursor(options.cursor),
            parameter=None if options.cursor == "etag" else options.parameter,
            headers=headers,
            cursor=context.cursor,
            hang=options.hang,
            fruitful=lambda: bool(events),
            tls=options.tls(context),
            note=context.note,
        ) as messages:
            async for message in messages:
                events = mapping.events(message)
                for event in context.carry(events, message.cursor):
                    yield event
