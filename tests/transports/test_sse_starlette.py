"""Event streams of sse-starlette under uvicorn, a process of its own that is killed in the midst and started again."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from collab_dash.errors import FeedBroken
from collab_dash.feed import FeedContext
from collab_dash.transports import sse
from collab_dash_feeds.sse import SseFeed
from replicas import take
from sse_starlette_server import PREFIX

SCRIPT = Path(__file__).parent.parent / "sse_starlette_server.py"


@asynccontextmanager
async def served(port: int = 0) -> AsyncIterator[tuple[Process, int]]:
    """Run the server until the end of the block; gives its process and port."""
    process = await asyncio.create_subprocess_exec(sys.executable, str(SCRIPT), str(port), stdout=PIPE)
    try:
        assert process.stdout is not None
        async with asyncio.timeout(10):
            yield process, int(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until_killed(context: FeedContext, port: int, process: Process, count: int) -> tuple[list[int], FeedBroken]:
    """Give the numbers of one connection, whose server is killed once there were `count`, and how it ended."""
    numbers: list[int] = []
    stream: Any = SseFeed.configure({"url": f"http://127.0.0.1:{port}/numbers"}).events(context)
    async with aclosing(stream):
        try:
            async for event in stream:
                assert event.type == "sse:number"
                numbers.append(event.data["n"])
                if len(numbers) == count:
                    process.kill()
                    await process.wait()
        except FeedBroken as error:
            return numbers, error
    pytest.fail("it ended without an error")


async def test_a_server_killed_in_the_midst_twice_leaves_no_gap_and_sends_nothing_twice() -> None:
    numbers: list[int] = []
    context = FeedContext(name="f")
    port = 0
    for _ in range(3):
        async with served(port) as (process, port):
            more, error = await until_killed(context, port, process, 500)
        numbers += more
        assert context.cursor == f"{PREFIX}{numbers[-1]}"
        assert error.retry_after == 0.04
        assert not error.planned
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 1500


@pytest.mark.parametrize("line_end", ["\n", "\r", "\r\n"])
async def test_any_line_end_and_pings_of_a_quiet_stream(line_end: str) -> None:
    heard = asyncio.Event()

    def note(text: str) -> None:
        if text == "heartbeat":
            heard.set()

    async with served() as (_, port):
        url = f"http://127.0.0.1:{port}/numbers?burst=7&ping=0.05&sep={quote(line_end)}"
        async with sse.connect(url, note=note) as messages:
            taken = [await anext(messages) for _ in range(7)]
            assert [message.cursor for message in taken] == [f"{PREFIX}{number}" for number in range(1, 8)]
            assert taken[-1].data == '{"n":\n7}'
            heard.clear()
            waiting = asyncio.ensure_future(anext(messages))
            await heard.wait()
            waiting.cancel()
            await asyncio.wait({waiting})


async def test_another_run_goes_on_after_the_cursor() -> None:
    async with served() as (_, port):
        connection = sse.connect(f"http://127.0.0.1:{port}/numbers", cursor=f"{PREFIX}41")
        [message] = await take(connection, 1)
    assert message.data == '{"n":\n42}'
