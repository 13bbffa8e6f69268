"""What was already done and answered, so that a request that comes twice is done once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from hashlib import sha256
from time import monotonic
from typing import Any

import msgspec

from ..errors import RequestRefused
from ..wire import KEPT_REPLIES, KEPT_SECONDS, Code, Fault

MAX_BYTES = 32 << 20
OVERHEAD = 600

_encode = msgspec.json.Encoder().encode


Answer = msgspec.Raw | Fault | None


class _Reply:
    """One reply, given or yet to be given."""

    __slots__ = ("answer", "at", "size", "wanted")

    def __init__(self, wanted: bytes, at: float) -> None:
        self.wanted = wanted
        self.at = at
        self.size = OVERHEAD
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()


class Replies:
    """
    The last replies of each person, by the keys they gave their requests.

    A thousand of each are kept for ten minutes, and of all no more than fit in 32 MiB; the oldest go first. What
    may succeed when it is repeated is not kept.

    Args:
        clock: The time, in seconds.
        most_bytes: Of all replies together.

    """

    def __init__(self, clock: Callable[[], float] = monotonic, *, most_bytes: int = MAX_BYTES) -> None:
        self._clock = clock
        self._most = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[str, str], _Reply] = OrderedDict()
        self._of: dict[str, OrderedDict[str, None]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    async def once(self, person: str, key: str, wanted: str, do: Callable[[], Awaitable[Any]]) -> msgspec.Raw:
        """
        Do something, or give the reply of when it was done; where it is under way, wait for that.

        Args:
            person: Who asks.
            key: What they call it.
            wanted: What they ask: one key stands for one thing.
            do: Does it and gives the reply.

        Raises:
            RequestRefused: If that was, or is, the reply; or if the key stands for something else.

        """
        digest = sha256(wanted.encode(errors="surrogatepass")).digest()
        self._forget_old()
        while (reply := self._kept.get((person, key))) is not None:
            if reply.wanted != digest:
                message = "this key was given to another request before"
                raise RequestRefused(message, code=Code.INVALID_PAYLOAD, path=("key",))
            answer = await asyncio.shield(reply.answer)
            if isinstance(answer, Fault):
                raise RequestRefused(answer.message, code=answer.code, path=answer.path)
            if answer is not None:
                return answer
        return await self._do(person, key, digest, do)

    async def _do(self, person: str, key: str, digest: bytes, do: Callable[[], Awaitable[Any]]) -> msgspec.Raw:
        reply = self._kept[person, key] = _Reply(digest, self._clock())
        self._bytes += reply.size
        keys = self._of.setdefault(person, OrderedDict())
        keys[key] = None
        if len(keys) > KEPT_REPLIES:
            self._forget(person, next(iter(keys)))
        answer: Answer = None
        try:
            answer = done = msgspec.Raw(_encode(await do()))
        except RequestRefused as error:
            if not error.retry:
                answer = Fault(code=error.code, message=str(error), path=error.path)
            raise
        finally:
            reply.answer.set_result(answer)
            self._keep(person, key, reply, answer)
        return done

    def _keep(self, person: str, key: str, reply: _Reply, answer: Answer) -> None:
        if self._kept.get((person, key)) is not reply:
            return  # it was pushed out while it was under way
        if answer is None:
            self._forget(person, key)
            return
        more = len(answer) if isinstance(answer, msgspec.Raw) else 0
        reply.size += more
        self._bytes += more
        self._forget_old()

    def _forget_old(self) -> None:
        now = self._clock()
        while self._kept:
            (person, key), oldest = next(iter(self._kept.items()))
            if now - oldest.at < KEPT_SECONDS and self._bytes <= self._most:
                return
            self._forget(person, key)

    def _forget(self, person: str, key: str) -> None:
        self._bytes -= self._kept.pop((person, key)).size
        keys = self._of[person]
        del keys[key]
        if not keys:
            del self._of[person]
