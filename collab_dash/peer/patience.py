"""How long to wait before trying to come back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

from ..retry import backoff

STEADY = 10.0
LONGEST = 5.0  # a hub that is back should have everybody back soon, and it bears them all at once


class Patience:
    """
    Growing pauses between attempts; they are short again once a link has held for `STEADY` seconds.

    So a hub that welcomes us and then says what we cannot read, or ends, is not asked ever again at once.
    """

    def __init__(self) -> None:
        self._delays = backoff(cap=LONGEST)
        self._joined_at: float | None = None
        self._hurried = asyncio.Event()

    def joined(self) -> None:
        """Take note that there is a link."""
        self._joined_at = monotonic()
        self._hurried.clear()

    def pauses(self) -> Iterator[float]:
        """Give the pauses, in seconds, before the attempts that follow the end of a link."""
        if self._joined_at is not None and monotonic() - self._joined_at >= STEADY:
            self._delays = backoff(cap=LONGEST)
        return self._delays

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until somebody is in a hurry."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurried.wait()
        self._hurried.clear()

    def hurry(self) -> None:
        """Do not wait out the pause before the next attempt."""
        self._hurried.set()
