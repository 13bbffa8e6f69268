"""Checks of how a feed ends when it is told to."""

from __future__ import annotations

import asyncio

import pytest

from .subject import Subject
from .upstream import play


class EndingChecks(Subject):
    """A feed ends at once, whatever it is doing, and leaves nothing behind."""

    @pytest.mark.asyncio
    async def test_it_can_be_cancelled_while_it_connects(self) -> None:
        """Cancelled after more and more steps of its beginning."""
        async with self.upstream() as upstream:
            for steps in (0, 1, 2, 5, 20):
                async with self.connected(upstream, within=self.prompt) as connection:
                    connection.listen()
                    for _ in range(steps):
                        await asyncio.sleep(0)

    @pytest.mark.asyncio
    async def test_it_can_be_cancelled_while_it_waits_for_messages(self) -> None:
        """Cancelled between two messages."""
        expected = (await self.told()).groups[0]
        async with self.upstream() as upstream, self.connected(upstream, within=self.prompt) as connection:
            connection.listen()
            await play(upstream, self.messages[0])
            await connection.take(len(expected), "message 1")
            await asyncio.wait({connection.listen()}, timeout=self.quiet)

    @pytest.mark.asyncio
    async def test_it_can_be_closed_in_the_midst_of_events(self) -> None:
        """Closed at a ``yield`` while more messages wait to be read."""
        async with self.upstream() as upstream, self.connected(upstream, within=self.prompt) as connection:
            connection.listen()
            await play(upstream, *self.messages)
            await connection.take(1, "all messages")
