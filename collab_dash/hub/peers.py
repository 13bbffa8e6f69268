"""Everybody whose link is open, by whatever door."""

from __future__ import annotations

import asyncio
from typing import Any

from ..wire import Close
from .admission import Admission
from .subscriber import Link, Subscriber


class Peers:
    """
    The links of a hub.

    Args:
        approve: Whether newcomers wait until a host lets them in.

    Attributes:
        joined: Every subscriber.
        admission: Those who wait to be let in.

    """

    def __init__(self, *, approve: bool = False) -> None:
        self.joined: set[Subscriber] = set()
        self.admission = Admission(asking=approve, joined=lambda: frozenset(self.joined))
        self._others: dict[str, Link] = {}
        self._changed = asyncio.Event()

    @property
    def alone(self) -> bool:
        """Whether nobody is here."""
        return not (self.joined or self._others)

    def nobody_but(self, subscriber: Subscriber) -> bool:
        """Tell whether somebody is alone here."""
        return self.joined <= {subscriber} and not self._others

    def add(self, subscriber: Subscriber) -> None:
        """Count a subscriber in."""
        self.joined.add(subscriber)
        self.wake()

    def discard(self, subscriber: Subscriber) -> None:
        """Count a subscriber out."""
        self.joined.discard(subscriber)
        self.wake()

    def open(self, client: str, link: Link) -> None:
        """Count in a link that is no subscriber's; it is closed with the others."""
        self._others[client] = link
        self.wake()

    def shut(self, client: str) -> None:
        """Count it out."""
        self._others.pop(client, None)
        self.wake()

    def subscriber(self, client: str) -> Subscriber | None:
        """Give the subscriber of that id, if there is one."""
        return next((each for each in self.joined if each.client == client), None)

    def other(self, client: str) -> Link | None:
        """Give the link of that id that is no subscriber's, if there is one."""
        return self._others.get(client)

    def push(self, event: str, data: Any) -> None:
        """Send every subscriber something that is not an event."""
        for subscriber in self.joined:
            subscriber.push(event, data)

    def wake(self) -> None:
        """Let whoever waits for a change look again."""
        self._changed.set()

    async def changed(self) -> None:
        """Wait until somebody came or went, or `wake`."""
        self._changed.clear()
        await self._changed.wait()

    async def close(self, code: Close, reason: str) -> None:
        """Close every link, of those who wait too, all at once."""
        async with asyncio.TaskGroup() as closing:
            for link in (*(each.link for each in self.joined), *self._others.values(), *self.admission.links):
                closing.create_task(link.close(code, reason))
