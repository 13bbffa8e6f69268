"""A hub that ends in the midst, in whatever manner, goes on where it was: without gap where the source can resend."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from faults.authority import Authority
from faults.conftest import Once, Play
from faults.counts import Counts
from faults.scene import Heard, Scene, World, scene_of, until, watched, world_at
from faults.upstreams import TRANSPORTS
from hubs import hub_of, link, stop
from processes import hub_process

SEEN, BURST = 12, 5
Run = Callable[[World], AbstractAsyncContextManager[Scene]]


@asynccontextmanager
async def ends_in_order(world: World) -> AsyncIterator[Scene]:
    """Run a hub that is told to end, as by SIGTERM."""
    async with hub_of(world.workspace) as hub:
        async with watched(link(hub)) as peer:
            yield Scene(world, peer)
        await stop(hub)


@asynccontextmanager
async def is_killed(world: World) -> AsyncIterator[Scene]:
    """Run a hub that is killed, as a process of its own."""
    async with hub_process(world.workspace.folder) as hub, watched(hub.editor) as peer:
        yield Scene(world, peer)
        os.kill(hub.pid, signal.SIGKILL)
        assert await hub.running.ended() == -signal.SIGKILL


MANNERS: dict[str, Run] = {
    "ends in order": ends_in_order,
    "is cancelled": scene_of,
    "is killed": is_killed,
}


async def speak(world: World, gone: asyncio.Event) -> int:
    """Have every source speak without a pause until the hub is gone, and go on for a while; give the next number."""
    number, further = 3, 10
    while further:
        for actor in world.actors.values():
            actor.upstream.tell(*range(number, number + BURST))
        number += BURST
        further -= gone.is_set()
        await asyncio.sleep(0.01)
    return number


def play(run: Run) -> Play:
    async def whole(folder: Path, counts: Counts, authority: Authority, heard: Heard) -> dict[str, Any]:
        async with world_at(folder, counts, authority) as world:
            gone = asyncio.Event()
            async with run(world) as scene:
                begun = await world.each(lambda actor: scene.begin(actor, 1, 2))
                well = [feed for feed, error in begun.items() if error is None]
                speaking = asyncio.create_task(speak(world, gone))
                await until(lambda: all(len(scene.peer.numbers(feed)) >= SEEN for feed in well))
            gone.set()
            last = await speaking
            async with run(world) as scene:
                ended = await world.each(lambda actor: scene.begin(actor, last))
            recorded = await world.recorded()
            return {feed: begun[feed] or ended[feed] or (recorded[feed], last) for feed in world.actors}

    return whole


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_it_goes_on(once: Once, transport: str, manner: str) -> None:
    outcome = once(f"the hub {manner}", play(MANNERS[manner]))[transport]
    if isinstance(outcome, BaseException):
        raise outcome
    numbers, last = outcome
    if TRANSPORTS[transport].resends:
        assert numbers == list(range(1, last + 1))
    else:
        assert numbers == sorted(set(numbers)), "nothing comes twice"
        assert {1, 2, last} <= set(numbers)
