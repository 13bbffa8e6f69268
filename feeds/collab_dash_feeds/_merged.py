"""Several sources of one feed told as one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

from collab_dash.errors import FeedError

ItemT = TypeVar("ItemT")
Put = Callable[[ItemT], Awaitable[None]]


@asynccontextmanager
async def merged(
    work: Callable[[Put[ItemT]], Awaitable[None]], *, most: int = 256
) -> AsyncIterator[AsyncIterator[ItemT]]:
    """
    Run `work` in a task of its own, and give what it puts.

    Putting waits while `most` items have not been taken. The items end when `work` does, and raise what it raised; of
    several failures in a task group, a feed's error. `work` is cancelled and awaited when the block ends.

    Args:
        work: Given what to put items with.
        most: How many may wait.

    """
    items: deque[ItemT] = deque()
    changed, space = asyncio.Event(), asyncio.Event()

    async def put(item: ItemT) -> None:
        while len(items) >= most:
            space.clear()
            await space.wait()
        items.append(item)
        changed.set()

    async def run() -> None:
        try:
            await work(put)
        finally:
            changed.set()

    async def taken() -> AsyncGenerator[ItemT]:
        while items or not task.done():
            while items:
                yield items.popleft()
                space.set()
            if not task.done():
                changed.clear()
                await changed.wait()
        try:
            await task
        except BaseExceptionGroup as group:
            raise _first(group) from group

    task = asyncio.get_running_loop().create_task(run())
    try:
        async with aclosing(taken()) as given:
            yield given
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # it was raised above, or nobody waits for it any longer


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Give the error that ended a group: a feed's, where there is one."""
    flat = list(_flat(group))
    return next((error for error in flat if isinstance(error, FeedError)), flat[0])


def _flat(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    return [
        inner
        for error in group.exceptions
        for inner in (_flat(error) if isinstance(error, BaseExceptionGroup) else [error])
    ]
