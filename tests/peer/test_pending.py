from __future__ import annotations

import asyncio

import pytest

from collab_dash.peer.pending import Pending


def letters(entry: str) -> str | None:
    """Let ``a1``, ``a2`` be news of ``a``; numbers count each by itself."""
    return entry[0] if entry[0].isalpha() else None


async def test_news_supersedes_what_nobody_has_read() -> None:
    pending = Pending[str](3, letters)
    for entry in ("1", "a1", "2", "b1", "a2", "a3"):
        await pending.put(entry)
    assert [await pending.get() for _ in range(len(pending))] == ["1", "a3", "2", "b1"]
    await pending.put("a4")
    assert await pending.get() == "a4"


async def test_what_counts_waits_for_room_and_keeps_its_order() -> None:
    pending = Pending[str](2, letters)
    await pending.put("1")
    await pending.put("2")
    third = asyncio.create_task(pending.put("3"))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(third), 0)
    await pending.put("a")
    assert await pending.get() == "1"
    assert await pending.get() == "2"
    await third
    assert [await pending.get(), await pending.get()] == ["a", "3"]


async def test_a_reader_waits_for_the_first_entry() -> None:
    pending = Pending[str](2, letters)
    reading = asyncio.create_task(pending.get())
    await asyncio.sleep(0)
    assert not reading.done()
    await pending.put("1")
    assert await reading == "1"
