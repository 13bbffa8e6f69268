"""A peer's part in the awareness: what it says of itself, and what it knows of everybody."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

import msgspec

from ..doc.sync import Kind, Message, Presence, read_presence, write, write_presence
from ..glance import RENEWED_EVERY, Glance, person_from, read_state
from ..wire import Person
from .carrier import Wire

THROTTLE = 0.1

_encode = msgspec.json.Encoder().encode


class Awareness:
    """
    Where everybody looks, as one peer knows it.

    What we say of ourselves is sent at once, then at most every `THROTTLE` seconds, the latest only; it is renewed
    every `RENEWED_EVERY` seconds, and when the link is back. What the hub says of others replaces what it said before.

    Args:
        wire: What carries its messages: the session.

    Attributes:
        number: Our client number.

    """

    def __init__(self, wire: Wire) -> None:
        self.number = int.from_bytes(os.urandom(4)) >> 1
        self._wire = wire
        self._people: dict[int, Person] = {}
        self._glance = Glance()
        self._clock = 0
        self._asked = False
        self._stale = True
        self._wake = asyncio.Event()

    @property
    def people(self) -> list[Person]:
        """Give everybody who is here and has a name, ourselves included, first come first."""
        return sorted(self._people.values(), key=lambda person: person.since)

    @property
    def glance(self) -> Glance:
        """Where we look, as others are or will be told."""
        return self._glance

    def say(self, glance: Glance) -> None:
        """Tell others where we look."""
        if glance != self._glance:
            self._glance = glance
            self._wake.set()

    # The link

    def joined(self) -> None:
        """Ask the hub for everybody, and tell it of ourselves."""
        self._asked, self._stale = False, True
        self._wake.set()

    def take(self, message: Message) -> bool:
        """
        Take an awareness update of the hub.

        Returns:
            Whether anything is new.

        Raises:
            BadFrame: If it cannot be read.

        """
        before = dict(self._people)
        if self._stale:
            self._people.clear()  # the first one upon joining holds everybody
            self._stale = False
        for entry in read_presence(message.payload):
            self._note(entry)
        return self._people != before

    def _note(self, entry: Presence) -> None:
        state = read_state(entry.state, limit=None)
        person = None if state is None else person_from(state)
        if person is None:
            self._people.pop(entry.client, None)
        else:
            self._people[entry.client] = person

    async def run(self) -> None:
        """Say what is to be said, until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(RENEWED_EVERY):
                    await self._wake.wait()
            self._wake.clear()
            await self._send()
            await asyncio.sleep(THROTTLE)

    async def _send(self) -> None:
        self._clock += 1
        ours = write_presence([Presence(self.number, self._clock, _encode(self._glance))])
        if await self._wire.send_message(write(Kind.AWARENESS, ours)) and not self._asked:
            self._asked = await self._wire.send_message(write(Kind.ASK_AWARENESS))
