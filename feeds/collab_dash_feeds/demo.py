"""An invented market, earthquakes, edits or log, without any network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Literal

from pydantic import Field

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext, FeedOptions

from ._invented import STREAMS

_HISTORY = 40
_RATES = {"market": 8.0, "quakes": 0.2, "edits": 4.0, "log": 5.0}
_HISTORY_SECONDS = {"market": 600, "quakes": 3600, "edits": 120, "log": 120}


class DemoOptions(FeedOptions):
    """Options of the ``demo`` feed."""

    stream: Literal["market", "quakes", "edits", "log"] = Field("market", description="What to invent.")
    rate: float | None = Field(
        None, gt=0, le=10_000, description="Events a second; a believable rate for the stream by default."
    )
    seed: int = Field(1, description="Another seed gives another world; the same one the same.")


class DemoFeed(Feed[DemoOptions]):
    """
    Invented events that look like the real feeds', labelled as a demo in all that they show.

    A new feed starts with some history, so that charts are not empty; one that comes back goes on.
    """

    summary = "DEMO: an invented market, earthquakes, edits or log, offline"
    transport = "local"
    overflow = "wait"
    pane = Pane(
        view="table",
        title="DEMO market",
        columns=("key", "price", "change_24h", "spark(price)", "volume_24h", "age"),
    )

    @classmethod
    def configure(cls, options: Mapping[str, Any]) -> DemoFeed:
        """Build the feed for one stream, with the pane that suits it."""
        valid = DemoOptions.model_validate(options)
        return _BY_STREAM[valid.stream](valid)

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Invent for ever."""
        stream, seed = self.options.stream, str(self.options.seed)
        invent = STREAMS[stream]
        cursor = context.cursor or ""
        number = int(cursor) if cursor.isdecimal() else 0
        if not number:
            step = _HISTORY_SECONDS[stream] * 1000 // _HISTORY
            now = context.clock()
            for number in range(1, _HISTORY + 1):
                context.cursor = str(number)
                yield invent(seed, number, now - (_HISTORY - number) * step)
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due = max(due + 1 / (self.options.rate or _RATES[stream]), loop.time() - 1)
            await asyncio.sleep(due - loop.time())
            number += 1
            context.cursor = str(number)
            yield invent(seed, number, context.clock())


class _DemoQuakes(DemoFeed):
    pane = Pane(view="table", title="DEMO quakes", columns=("time", "mag", "place", "depth"))


class _DemoEdits(DemoFeed):
    pane = Pane(
        view="log",
        title="DEMO edits",
        columns=("time", "wiki", "user", "delta", "title"),
    )


class _DemoLog(DemoFeed):
    pane = Pane(view="log", title="DEMO log", columns=("time", "level", "line"))


_BY_STREAM: dict[str, type[DemoFeed]] = {
    "market": DemoFeed,
    "quakes": _DemoQuakes,
    "edits": _DemoEdits,
    "log": _DemoLog,
}
