"""Several streams as one: bounded, errors last, nothing left running."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from collab_dash.errors import FeedBroken
from collab_dash_feeds._merged import merged


async def test_what_is_put_waits_until_it_is_taken_and_errors_come_last() -> None:
    done: list[int] = []

    async def work(put: Any) -> None:
        async with asyncio.TaskGroup() as group:
            for start in (0, 100):
                group.create_task(many(put, start))

    async def many(put: Any, start: int) -> None:
        for number in range(start, start + 50):
            await put(number)
            done.append(number)
        if start:
            raise FeedBroken("enough")

    taken: list[int] = []

    async def take() -> None:
        async with merged(work, most=4) as items:
            async for item in items:
                taken.append(item)
                assert len(done) - len(taken) <= 4

    with pytest.raises(FeedBroken, match="enough"):
        await take()
    assert [each for each in taken if each >= 100] == list(range(100, 150))


async def test_what_is_left_running_ends_with_the_block() -> None:
    ended = asyncio.Event()

    async def work(put: Any) -> None:
        try:
            await put(1)
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with merged(work) as items, aclosing(items) as taking:  # type: ignore[type-var]  # a generator in fact
        assert await anext(taking) == 1
    assert ended.is_set()
