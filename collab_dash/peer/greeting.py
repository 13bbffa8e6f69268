"""The first words on a link: hello, perhaps a wait, and the welcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from websockets.asyncio.client import ClientConnection

from ..errors import HubError, JoinRefused, SessionError
from ..wire import HELLO, WAITING, Close, Code, Fault, Hello, Welcome, decode_frame, encode_request
from .address import Address
from .connection import OPEN_TIMEOUT


async def greet(socket: ClientConnection, address: Address, hello: Hello, waiting: Callable[[], None]) -> Welcome:
    """
    Say hello and take the welcome; it comes within seconds, unless the hub says that somebody has to let us in.

    Args:
        socket: The link.
        address: Where it leads.
        hello: What to say.
        waiting: Called if we have to wait.

    Raises:
        JoinRefused: If the hub refuses for good.
        HubError: If it refuses for now.

    """
    await socket.send(encode_request(HELLO, hello, id_=0), text=True)
    async with asyncio.timeout(OPEN_TIMEOUT) as patience:
        frame = decode_frame(await socket.recv(decode=False))
        if frame.event == WAITING:
            patience.reschedule(None)
            waiting()
            frame = decode_frame(await socket.recv(decode=False))
    if not bytes(frame.ok):
        raise _refused(address, frame.error)
    return msgspec.json.decode(frame.ok, type=Welcome)


def _refused(address: Address, fault: Fault | None) -> SessionError | HubError:
    if fault is None:
        return JoinRefused(f"{address.shown} refused: it sent something else than a welcome", code=Close.BAD_TOKEN)
    if fault.retry:
        return HubError(f"{address.shown} refused for now: {fault.message}", hint="try again later")
    if fault.code == Code.FORBIDDEN:
        return JoinRefused(fault.message, code=Close.REMOVED)
    return JoinRefused(f"{address.shown} refused: {fault.message}", code=Close.BAD_TOKEN)
