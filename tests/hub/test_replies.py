"""What comes twice under one key is done once."""

from __future__ import annotations

import asyncio

import pytest

from collab_dash.errors import RequestRefused
from collab_dash.hub.replies import OVERHEAD, Replies
from collab_dash.wire import KEPT_REPLIES, KEPT_SECONDS


class Work:
    """Something that counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0
        self.go = asyncio.Event()
        self.go.set()
        self.refusal: RequestRefused | None = None
        self.size = 0

    async def __call__(self) -> dict[str, object]:
        await self.go.wait()
        self.done += 1
        if self.refusal is not None:
            raise self.refusal
        return {"n": self.done, "pad": "x" * self.size}


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def ask(replies: Replies, work: Work, *, key: str = "k", person: str = "ana", wanted: str = "w") -> bytes:
    return bytes(await replies.once(person, key, wanted, work))


async def test_the_first_reply_is_given_again() -> None:
    replies, work = Replies(), Work()
    assert await ask(replies, work) == await ask(replies, work) == b'{"n":1,"pad":""}'
    assert await ask(replies, work, person="bo") == b'{"n":2,"pad":""}'
    assert await ask(replies, work, key="other") == b'{"n":3,"pad":""}'


async def test_what_is_under_way_is_waited_for() -> None:
    replies, work = Replies(), Work()
    work.go.clear()
    asked = [asyncio.create_task(ask(replies, work)) for _ in range(3)]
    await asyncio.sleep(0)
    asked[1].cancel()  # one who waits and goes away takes nothing from the others
    work.go.set()
    assert await asked[0] == await asked[2] == b'{"n":1,"pad":""}'
    assert work.done == 1


async def test_where_the_first_is_cut_off_the_next_does_it() -> None:
    replies, work = Replies(), Work()
    work.go.clear()
    first, second = (asyncio.create_task(ask(replies, work)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    work.go.set()
    assert await second == b'{"n":1,"pad":""}'
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_refusal_is_kept_unless_it_may_be_lifted() -> None:
    replies, work = Replies(), Work()
    work.refusal = RequestRefused("no", code="not_found", path=["data", "feed"])
    for _ in range(2):
        with pytest.raises(RequestRefused, match=r"^no$") as refused:
            await ask(replies, work)
        assert (refused.value.code, refused.value.path) == ("not_found", ["data", "feed"])
    assert work.done == 1
    work.refusal = RequestRefused("later", code="unavailable", retry=True)
    with pytest.raises(RequestRefused):
        await ask(replies, work, key="later")
    work.refusal = None
    assert await ask(replies, work, key="later") == b'{"n":3,"pad":""}'


async def test_a_key_stands_for_one_thing() -> None:
    replies, work = Replies(), Work()
    await ask(replies, work)
    with pytest.raises(RequestRefused) as refused:
        await ask(replies, work, wanted="something else")
    assert (refused.value.code, refused.value.path, refused.value.retry) == ("invalid_payload", ["key"], False)


async def test_replies_are_forgotten_by_age_by_number_and_by_size() -> None:
    clock = Clock()
    replies, work = Replies(clock, most_bytes=10_000_000), Work()
    await ask(replies, work)
    clock.now = KEPT_SECONDS
    for number in range(KEPT_REPLIES + 5):
        await ask(replies, work, key=str(number))
    assert len(replies) == KEPT_REPLIES
    assert await ask(replies, work, key="5") == b'{"n":7,"pad":""}'
    assert work.done == KEPT_REPLIES + 6
    work.size = 10_000_000 - 2 * OVERHEAD
    await ask(replies, work, person="bo")
    assert len(replies) == 1
    clock.now += KEPT_SECONDS
    work.size = 10_000_001
    await ask(replies, work)
    assert len(replies) == 0
