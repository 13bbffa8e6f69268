"""A feed as it should be."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from pydantic import Field

from collab_dash import Event, Feed, FeedContext, FeedOptions
from collab_dash.board import Pane
from collab_dash.event import rejected
from collab_dash.testing import FeedConformance, ReplicaServer
from collab_dash.transports import Message, sse


class TicksOptions(FeedOptions):
    url: str = Field(description="Where the ticks are.")


class TicksFeed(Feed[TicksOptions]):
    summary = "Ticks"
    transport = "sse"
    silence: float | None = 10.0
    pane = Pane(view="table", columns=("key", "n"), types=("tick:*",))

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        async with sse.connect(self.options.url, cursor=self.cursor(context), note=context.note) as messages:
            async for message in messages:
                for event in context.carry(self.read(message), message.cursor):
                    yield event

    def cursor(self, context: FeedContext) -> str | None:
        return context.cursor

    def read(self, message: Message) -> list[Event]:
        try:
            return [self.event(tick) for tick in json.loads(message.data)]
        except (ValueError, TypeError, KeyError) as error:
            return [rejected(f"not ticks: {error}", message.data)]

    def event(self, tick: dict[str, Any]) -> Event:
        return Event(type="tick:create", key=tick["id"], time=tick["time"], data={"n": tick["n"]})


def ticks(*numbers: int) -> list[dict[str, Any]]:
    return [{"id": str(number), "n": number, "time": 1_791_061_111_000 + number} for number in numbers]


class TicksConformance(FeedConformance):
    plugin: ClassVar[type[Feed[Any]]] = TicksFeed
    messages = (ticks(1), ticks(2, 3, 4), ticks(5))
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.sse_url}
