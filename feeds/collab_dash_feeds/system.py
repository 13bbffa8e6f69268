"""This machine: processor, memory, network, disks and the busiest processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from pydantic import Field

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext, FeedOptions

_FIRST_AFTER = 0.1


class SystemOptions(FeedOptions):
    """Options of the ``system`` feed."""

    interval: float = Field(1.0, ge=0.1, le=3600, description="Seconds between two looks.")
    processes: int = Field(5, ge=0, le=100, description="How many of the busiest processes to tell of.")


class SystemFeed(Feed[SystemOptions]):
    """The load of the machine that the hub runs on."""

    summary = "This machine: processor, memory, network, disks, busiest processes"
    transport = "local"
    overflow = "wait"
    pane = Pane(view="line", types=("cpu:update",), key="total", field="percent", unit="%")

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        """Look again and again; the first events come after a tenth of a second, as rates need two looks."""
        from ._machine import Machine  # psutil takes a while to import

        machine = Machine(self.options.processes)
        await asyncio.to_thread(machine.sample, context.clock())
        loop = asyncio.get_running_loop()
        due = loop.time() + min(_FIRST_AFTER, self.options.interval)
        while True:
            await asyncio.sleep(due - loop.time())
            for event in await asyncio.to_thread(machine.sample, context.clock()):
                yield event
            due = max(due + self.options.interval, loop.time())
