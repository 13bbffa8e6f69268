"""Programs of the desktop that the board makes use of."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress


async def went_well(command: list[str], *, told: str = "", within: float) -> bool:
    """
    Run a program to its end, and tell whether it went well; one that takes too long is killed.

    Args:
        command: The program and its arguments.
        told: What it is to read on standard input.
        within: Seconds that it may take.

    """
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
    except OSError:
        return False
    try:
        async with asyncio.timeout(within):
            await process.communicate(told.encode())
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
    return await process.wait() == 0
