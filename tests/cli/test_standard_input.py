from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.cli import standard_input
from collab_dash.cli.standard_input import lines


async def read(descriptor: int) -> list[bytes]:
    return [line async for line in lines(descriptor)]


async def written(*pieces: bytes) -> list[bytes]:
    """Write pieces to a pipe, each once the one before was taken, and give the lines."""
    reading, writing = os.pipe()
    task = asyncio.create_task(read(reading))
    for piece in pieces:
        os.write(writing, piece)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    os.close(writing)
    found = await task
    os.close(reading)
    return found


@given(st.lists(st.sampled_from([b"a", b"\n", b"bc\n", b"\r\n", "é\n".encode(), b"\n\n"])), st.integers(1, 5))
def test_lines_do_not_depend_on_how_they_are_cut(pieces: list[bytes], chunk: int) -> None:
    whole = b"".join(pieces)
    expected = whole.split(b"\n")
    if not expected[-1]:
        expected.pop()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standard_input, "CHUNK", chunk)
        assert asyncio.run(written(*pieces)) == expected


async def test_a_line_is_given_before_the_next_is_there() -> None:
    reading, writing = os.pipe()
    source = lines(reading)
    for word in (b"one", b"two"):
        os.write(writing, word + b"\n")
        assert await anext(source) == word
    os.close(writing)
    with pytest.raises(StopAsyncIteration):
        await anext(source)
    os.close(reading)


async def test_files_can_be_read_too(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    file.write_bytes(b"one\ntwo\nthree")
    descriptor = os.open(file, os.O_RDONLY)
    assert await read(descriptor) == [b"one", b"two", b"three"]
    os.close(descriptor)


async def test_waiting_can_be_cancelled() -> None:
    reading, writing = os.pipe()
    task = asyncio.create_task(read(reading))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    os.close(reading)
    os.close(writing)
