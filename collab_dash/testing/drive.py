"""Running a feed without a hub."""

from __future__ import annotations

import asyncio
from typing import Any

from ..event import Event
from ..feed import Feed, FeedContext


async def collect(feed: Feed[Any], context: FeedContext, count: int, *, timeout: float = 10.0) -> list[Event]:
    """
    Run one connection of a feed until it has yielded `count` events, or has ended, and give them.

    `context` afterwards holds the cursor as the feed left it.

    Args:
        feed: The configured feed.
        context: What it is given.
        count: How many events to wait for.
        timeout: Seconds for all of them.

    Raises:
        TimeoutError: If there were fewer in that time.

    """
    events: list[Event] = []
    stream = feed.events(context)
    try:
        async with asyncio.timeout(timeout):
            async for event in stream:
                events.append(event)
                if len(events) >= count:
                    break
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
    return events
