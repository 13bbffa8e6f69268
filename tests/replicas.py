"""What the transport and feed tests share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from typing import Any

import pytest

from collab_dash.errors import FeedError
from collab_dash.feed import Feed, FeedContext
from collab_dash.transports import Message


async def take(connection: AbstractAsyncContextManager[AsyncIterator[Message]], count: int) -> list[Message]:
    """Give the first messages of a connection and close it."""
    taken: list[Message] = []
    async with connection as messages:
        async for message in messages:
            taken.append(message)
            if len(taken) == count:
                break
    return taken


async def failure(
    connection: AbstractAsyncContextManager[AsyncIterator[Message]],
) -> tuple[list[Message], FeedError]:
    """Give all messages of a connection and the error that ended it."""
    taken: list[Message] = []
    try:
        async with connection as messages:
            async for message in messages:
                taken.append(message)
    except FeedError as error:
        return taken, error
    pytest.fail("it ended without an error")


async def until_noted(feed: Feed[Any], context: FeedContext) -> None:
    """Run a feed that has nothing to yield until it notes something; `context` then holds its cursor."""
    stream: Any = feed.events(context)
    async with asyncio.timeout(10), aclosing(stream):
        waiting = asyncio.ensure_future(anext(stream))
        context.note = lambda text: (waiting.cancel(), None)[1]
        with suppress(asyncio.CancelledError):
            pytest.fail(f"it yielded {await waiting}")
