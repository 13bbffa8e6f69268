"""Standard input, line by line, without holding up the event loop or a Ctrl-C."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

CHUNK = 1 << 16


async def lines(descriptor: int = 0) -> AsyncIterator[bytes]:
    """
    Give each line as soon as it is there, the last one even without a line feed.

    A thread would hold up the end of the program until somebody presses Enter.

    Args:
        descriptor: What to read.

    """
    rest = bytearray()
    while chunk := await _read(descriptor):
        searched = len(rest)
        rest += chunk
        if (end := rest.rfind(b"\n", searched)) < 0:
            continue
        for line in bytes(rest[:end]).split(b"\n"):
            yield line
        del rest[: end + 1]
    if rest:
        yield bytes(rest)


async def _read(descriptor: int) -> bytes:
    """Read once there is something to read; a file always has."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    try:
        loop.add_reader(descriptor, readable.set)
    except PermissionError:  # a file on a disk, which epoll(7) does not take
        await asyncio.sleep(0)
        return os.read(descriptor, CHUNK)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, CHUNK)
