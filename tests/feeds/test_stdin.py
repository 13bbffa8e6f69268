from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest

from collab_dash.errors import FeedFailed
from collab_dash.feed import FeedContext
from collab_dash.testing import collect
from collab_dash_feeds.stdin import StdinFeed


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    for fd in (read, write):
        with suppress(OSError):
            os.close(fd)


async def test_lines_and_json_are_read_as_they_come(pipe: tuple[int, int]) -> None:
    read, write = pipe
    stream: Any = StdinFeed.configure({"fd": read}).events(FeedContext(name="in"))
    async with asyncio.timeout(5), aclosing(stream):
        os.write(write, b"one\n")
        assert (await anext(stream)).data == {"line": "one"}
        os.write(write, b'{"n":2}\nhal')
        event = await anext(stream)
        assert (event.type, event.data) == ("stdin:line", {"n": 2})
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        assert not waiting.done()
        os.write(write, b"f\n")
        assert (await waiting).data == {"line": "half"}


async def test_it_ends_with_the_input_and_its_last_line(pipe: tuple[int, int]) -> None:
    read, write = pipe
    os.write(write, b"a\nb")
    os.close(write)
    events = await collect(StdinFeed.configure({"fd": read}), FeedContext(name="in"), 10)
    assert [event.data["line"] for event in events] == ["a", "b"]


async def test_the_descriptor_stays_blocking_and_open(pipe: tuple[int, int]) -> None:
    read, write = pipe
    os.write(write, b"a\n")
    await collect(StdinFeed.configure({"fd": read}), FeedContext(name="in"), 1)
    assert os.get_blocking(read)


async def test_a_redirected_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_text("".join(f"{number}\n" for number in range(30_000)))
    with path.open() as file:
        events = await collect(StdinFeed.configure({"fd": file.fileno()}), FeedContext(name="in"), 1_000_000)
    assert [event.data["line"] for event in events] == [str(number) for number in range(30_000)]


async def test_a_socket_and_a_null_device_are_inputs_too() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"over a socket\n")
        [event] = await collect(StdinFeed.configure({"fd": ours.fileno()}), FeedContext(name="in"), 1)
    assert event.data == {"line": "over a socket"}
    with Path(os.devnull).open() as null:
        assert await collect(StdinFeed.configure({"fd": null.fileno()}), FeedContext(name="in"), 1) == []


async def test_a_closed_descriptor_fails_and_says_so() -> None:
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    with pytest.raises(FeedFailed, match="cannot read file descriptor"):
        await collect(StdinFeed.configure({"fd": read}), FeedContext(name="in"), 1)


async def test_a_wait_for_input_can_be_cancelled(pipe: tuple[int, int]) -> None:
    with pytest.raises(TimeoutError):
        await collect(StdinFeed.configure({"fd": pipe[0]}), FeedContext(name="in"), 1, timeout=0.05)
