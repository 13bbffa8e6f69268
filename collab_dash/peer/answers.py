"""What was asked of the hub and is not yet answered."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ..errors import RequestRefused
from ..wire import MAX_REQUEST_BYTES, Code, Frame, encode_request

BROKE = "the link broke before the hub answered"


class Answers:
    """Requests on their way, each waiting for the reply of its id."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[msgspec.Raw | RequestRefused]] = {}
        self._next_id = 1

    async def ask(
        self, socket: ClientConnection | None, event: str, data: Any, *, timeout: float, key: str | None = None
    ) -> msgspec.Raw:
        """
        Send a request and wait for its answer.

        Args:
            socket: The link, None while there is none.
            event: The request's name.
            data: What JSON can hold.
            timeout: Seconds to wait.
            key: What to call it, so that it may be repeated and is done once; None for no name.

        Raises:
            RequestRefused: If the hub answers with an error, or (code ``unavailable``) does not answer in time or is
                not connected; or (code ``too_large``) if it is too large to be asked: a hub would end the session.

        """
        if socket is None:
            raise _unavailable("not connected to the session just now")
        id_, self._next_id = self._next_id, self._next_id + 1
        request = encode_request(event, data, id_=id_, key=key)
        if len(request) > MAX_REQUEST_BYTES:
            message = f"a request of {len(request):,} bytes is over the limit of {MAX_REQUEST_BYTES:,}"
            raise RequestRefused(message, code=Code.TOO_LARGE)
        answer: asyncio.Future[msgspec.Raw | RequestRefused] = asyncio.get_running_loop().create_future()
        self._waiting[id_] = answer
        try:
            async with asyncio.timeout(timeout):
                await socket.send(request, text=True)
                got = await answer
        except TimeoutError:
            raise _unavailable(f"the hub did not answer {event} within {timeout:g} s") from None
        except ConnectionClosed:
            raise _unavailable(BROKE) from None
        finally:
            del self._waiting[id_]
        if isinstance(got, RequestRefused):
            raise got
        return got

    def take(self, id_: int, frame: Frame) -> None:
        """Give a reply to whoever waits for it."""
        answer = self._waiting.get(id_)
        if answer is None or answer.done():
            return
        if frame.error is not None:
            fault = frame.error
            refused = RequestRefused(fault.message, code=fault.code, path=fault.path, retry=fault.retry)
            answer.set_result(refused)  # as an exception it would be complained of where the sending failed meanwhile
        else:
            answer.set_result(frame.ok)

    def fail(self) -> None:
        """Tell everybody who waits that the link broke."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_result(_unavailable(BROKE))


def _unavailable(message: str) -> RequestRefused:
    return RequestRefused(message, code=Code.UNAVAILABLE, retry=True)
