"""Who may come in, where the hosts want to be asked; and the links that lead here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..errors import RequestRefused
from ..wire import KNOCKS, MAX_WAITING, Code, Knock

if TYPE_CHECKING:
    from .subscriber import Link, Subscriber


class Links(Protocol):
    """The links of a session, as seen from here."""

    def link(self, role: str) -> str | None:
        """Give the link for a role, None where nobody gets that role."""

    def token(self, role: str) -> str:
        """Give what the link for a role carries now."""

    async def renew(self) -> None:
        """
        Make new ones; the old ones lead nowhere from then on.

        Raises:
            HubError: If they cannot be kept; then nothing has changed.

        """


class _Waiting(NamedTuple):
    knock: Knock
    person: str
    link: Link
    answer: asyncio.Future[bool]


class Admission:
    """
    Those who wait for a host to let them in.

    Whoever was let in once comes back without asking, for as long as the hub lives.

    Args:
        asking: Whether hosts want to be asked.
        joined: Gives everybody who is in.

    """

    def __init__(self, *, asking: bool, joined: Callable[[], Iterable[Subscriber]]) -> None:
        self.asking = asking
        self._joined = joined
        self._waiting: dict[str, _Waiting] = {}
        self._known: set[str] = set()

    @property
    def knocks(self) -> list[Knock]:
        """Give those who wait, the first one first."""
        return [waiting.knock for waiting in self._waiting.values()]

    @property
    def links(self) -> list[Link]:
        """Give their connections."""
        return [waiting.link for waiting in self._waiting.values()]

    def must_ask(self, role: str, person: str) -> bool:
        """Tell whether somebody has to wait until a host lets them in."""
        return self.asking and role != "host" and person not in self._known

    @contextmanager
    def waiting(self, knock: Knock, person: str, link: Link) -> Iterator[asyncio.Future[bool]]:
        """
        Let somebody wait for as long as the block runs; gives what the host will answer.

        Raises:
            RequestRefused: If too many wait already.

        """
        if len(self._waiting) >= MAX_WAITING:
            message = f"{MAX_WAITING} others wait to be let in"
            raise RequestRefused(message, code=Code.UNAVAILABLE, retry=True)
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting[knock.client] = _Waiting(knock, person, link, answer)
        self.tell()
        try:
            yield answer
        finally:
            del self._waiting[knock.client]
            self.tell()

    def let_in(self, client: str, *, yes: bool) -> None:
        """
        Answer somebody who waits, and whoever else is the same person.

        Raises:
            RequestRefused: If nobody of that id waits.

        """
        asked = self._waiting.get(client)
        if asked is None:
            raise RequestRefused("nobody of that id waits", code=Code.NOT_FOUND, path=("data", "client"))
        if yes and asked.person != client:  # who has no secret is somebody else the next time
            self._known.add(asked.person)
        for waiting in self._waiting.values():
            if waiting.person == asked.person and not waiting.answer.done():
                waiting.answer.set_result(yes)

    def forget(self, person: str) -> None:
        """Let somebody ask again the next time."""
        self._known.discard(person)

    def tell(self, *hosts: Subscriber) -> None:
        """Tell these hosts, or all of them, who waits."""
        knocks = self.knocks
        for subscriber in hosts or self._joined():
            if subscriber.role == "host":
                subscriber.push(KNOCKS, knocks)
