"""The way in: where the session is, what is said there first, and from where on it goes on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ..errors import BadFrame, HubError
from ..wire import Hello, Resume, Welcome
from .address import Address
from .connection import CHECK, connect_to, ended
from .greeting import greet


class Door:
    """
    What leads into a session, again and again.

    Args:
        locate: Gives the address to use now.
        hello: What to say at first; later, what has become of it.
        waiting: Called whenever a host has to let us in first.

    Attributes:
        hello: What we say of ourselves.
        shown: The address used last, without its token.

    """

    def __init__(self, locate: Callable[[], Awaitable[Address]], hello: Hello, waiting: Callable[[], None]) -> None:
        self.hello = hello
        self.shown = ""
        self._locate = locate
        self._waiting = waiting
        self._said = hello
        self._given = ""
        self._renewed: dict[str, str] = {}

    async def open(self) -> tuple[ClientConnection, Welcome]:
        """
        Connect and greet once.

        Raises:
            JoinRefused: If the hub refuses for good.
            HubError: If it cannot be reached.

        """
        address = await self._locate()
        self.shown = address.shown
        socket = await connect_to(address)
        try:
            self._said = self._hello_to(address)
            welcome = await greet(socket, address, self._said, self._waiting)
        except BaseException as error:
            await socket.close()
            if isinstance(error, ConnectionClosed):
                raise ended(address, error) from None
            if isinstance(error, TimeoutError | BadFrame | msgspec.MsgspecError):
                raise HubError(f"{address.shown} does not answer as a collab-dash hub", hint=CHECK) from None
            raise
        self.hello = msgspec.structs.replace(self.hello, since=None)
        self.reached(welcome.epoch, welcome.offset)
        return socket, welcome

    def _hello_to(self, address: Address) -> Hello:
        """Give the hello for an address; where the hub gave a new token for that in the link, with the new one."""
        self._given = address.token or self.hello.token
        token = self._renewed.get(self._given, self._given)
        return msgspec.structs.replace(self.hello, token=token)

    @property
    def renamed(self) -> bool:
        """Whether the hub was told another name or colour than ours are by now."""
        return (self._said.name, self._said.color) != (self.hello.name, self.hello.color)

    def rename(self, name: str, color: str) -> None:
        """Say another name and colour from now on."""
        self.hello = msgspec.structs.replace(self.hello, name=name, color=color)

    def renew(self, token: str) -> None:
        """Use a new token in place of the one that let us in."""
        self._renewed = {self._given: token}

    def reached(self, epoch: str, offset: int) -> None:
        """Go on after this position next time."""
        self.hello = msgspec.structs.replace(self.hello, resume=Resume(epoch=epoch, offset=offset))
