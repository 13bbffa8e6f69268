"""What each close code means: come back at once, come back later, or do not come back."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Data

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.transports import Message, websocket
from collab_dash.transports.websocket_faults import MEANINGS
from replicas import failure


async def ended(
    code: int, *, after: tuple[Data, ...] = (), reason: str = "as agreed", final_codes: tuple[int, ...] = ()
) -> tuple[list[Message], FeedError]:
    """Give what came of a connection that its server closes."""

    async def talk(link: ServerConnection) -> None:
        assert await link.recv() == "subscribe"
        for message in after:
            await link.send(message)
        await link.close(code, reason)

    async with asyncio.timeout(5), serve(talk, "127.0.0.1", 0) as server:
        host, port = next(iter(server.sockets)).getsockname()
        connection = websocket.connect(f"ws://{host}:{port}/?token=s3", send=["subscribe"], final_codes=final_codes)
        messages, error = await failure(connection)
    assert "as agreed" in str(error) or not reason
    assert str(code) in str(error)
    assert "s3" not in str(error)
    return messages, error


PLANNED = [1000, 1001, 1012]
BROKEN = [1002, 1008, 1011, 1013, 1014, 3001, 3008, 3999, 4000, 4004, 4401, 4999]
OBJECTIONS = [1003, 1007, 1009]
FINAL = [3000, 3003]


@pytest.mark.parametrize("code", PLANNED)
async def test_a_planned_end(code: int) -> None:
    _, error = await ended(code)
    assert isinstance(error, FeedBroken)
    assert error.planned


@pytest.mark.parametrize("code", BROKEN)
async def test_an_end_that_may_mend_itself(code: int) -> None:
    _, error = await ended(code)
    assert isinstance(error, FeedBroken)
    assert not error.planned
    assert error.retry_after == (5 if code == 1013 else None)


@pytest.mark.parametrize("code", OBJECTIONS)
async def test_an_objection_is_final_if_it_is_all_that_the_source_says(code: int) -> None:
    _, error = await ended(code)
    assert isinstance(error, FeedFailed)
    assert "subscribe" in error.hint
    messages, error = await ended(code, after=("a",))
    assert isinstance(error, FeedBroken)
    assert not error.planned
    assert [message.data for message in messages] == [b"a"]


@pytest.mark.parametrize("code", FINAL)
async def test_a_refusal_is_final_whenever_it_comes(code: int) -> None:
    for after in ((), ("a",)):
        _, error = await ended(code, after=after)
        assert isinstance(error, FeedFailed)
        assert error.hint


async def test_a_feed_can_say_which_codes_are_final() -> None:
    _, error = await ended(4004, after=("a",), final_codes=(4004,))
    assert isinstance(error, FeedFailed)
    _, error = await ended(4005, final_codes=(4004,))
    assert isinstance(error, FeedBroken)


def test_every_code_is_thought_of() -> None:
    tried = {*PLANNED, *BROKEN, *OBJECTIONS, *FINAL}
    assert set(MEANINGS) - tried == {1005, 1010}  # no code at all; and what only clients send
    assert MEANINGS[1005].verdict == "planned"
    assert MEANINGS[1010].verdict == "broken"


async def test_the_sources_words_do_a_terminal_no_harm() -> None:
    _, error = await ended(4000, reason="\x1b[2J\x07as agreed\r\nand more\u202e")
    assert str(error).endswith("(4000):  [2J as agreed  and more") or str(error).endswith("[2J as agreed  and more")
    assert str(error).isprintable()


async def test_what_came_before_the_end_is_not_lost_when_we_send_after_it() -> None:
    """A source that greets, objects and leaves before it has read a word: its words are told, then the end."""

    async def talk(link: ServerConnection) -> None:
        await link.send("one")
        await link.send("two")
        await link.close(1008, "as agreed")

    async with asyncio.timeout(5), serve(talk, "127.0.0.1", 0) as server:
        host, port = next(iter(server.sockets)).getsockname()
        for send in ([], ["subscribe"], ["subscribe"] * 50):
            messages, error = await failure(websocket.connect(f"ws://{host}:{port}/", send=send))
            assert [message.data for message in messages] == [b"one", b"two"]
            assert "1008" in str(error)
