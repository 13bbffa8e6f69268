"""Any stream of JSON lines over HTTP, by options alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
from pydantic import Field

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext
from collab_dash.mapping import JmesPath, Picker, as_key, compile_path
from collab_dash.transports import Message, json_lines

from ._source import SourceOptions


class JsonLinesOptions(SourceOptions):
    """Options of a stream of JSON lines."""

    cursor: JmesPath | None = Field(
        None, description="JMESPath: where a line holds the source's position, from which to go on after a break."
    )
    parameter: str = Field("cursor", min_length=1, description="The query parameter that takes this position.")
    silence: float | None = Field(
        None, gt=0, description="Seconds without any sign of life after which the connection counts as dead."
    )


class JsonLinesFeed(Feed[JsonLinesOptions]):
    """Lines of an answer that does not end; it goes on after a break where it was, if the source has positions."""

    summary = "Any stream of JSON lines over HTTP"
    transport = "json-lines"
    pane = Pane(view="log")

    def __init__(self, options: JsonLinesOptions) -> None:
        super().__init__(options)
        self.silence = options.silence

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Yield the events of one connection."""
        options = self.options
        url, headers = options.expanded(context.environ)
        mapping = options.mapping("json-lines")
        position = None if options.cursor is None else compile_path(options.cursor)
        async with json_lines.connect(
            url,
            headers=headers,
            params={options.parameter: context.cursor} if position and context.cursor else None,
            tls=options.tls(context),
            note=context.note,
        ) as messages:
            async for message in messages:
                cursor = context.cursor if position is None else _position(position, message) or context.cursor
                for event in context.carry(mapping.events(message), cursor):
                    yield event


def _position(pick: Picker, message: Message) -> str | None:
    try:
        return as_key(pick(msgspec.json.decode(message.data)))
    except (ValueError, RecursionError):
        return None
