"""Tell everybody who is here, and where they look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from time import monotonic

from ..doc.sync import Kind, count_presence, read_presence, write, write_presence
from ..errors import BadFrame
from ..event import unix_ms
from ..wire import PEOPLE, Person
from .fanout import Format
from .presence import Presence
from .seat import Member
from .subscriber import Link, Subscriber

HOLD = 0.05
HOLD_EACH = 0.001
MAX_UNSENT = 256 * 1024
MOST_SAID = 4096
SAID_AS_ONE = 100


class Attendance:
    """
    Everybody who is here, and those who want to know.

    Links that speak the y-protocols are sent awareness updates, the others ``session:people``. What changes within
    `HOLD` seconds, or where many listen `HOLD_EACH` for each of them, is told in one frame that
    is packed once for all. A link that does not keep up is sent nothing more, and everything when it has drained.

    Args:
        clock: A monotonic clock, in seconds.

    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.presence = Presence()
        self._clock = clock
        self._listening: dict[Member, Link] = {}
        self._behind: set[Member] = set()
        self._plain: dict[Member, Subscriber] = {}
        self._told: list[Person] = []
        self._wake = asyncio.Event()

    @property
    def people(self) -> list[Person]:
        """Give how each is shown to the others; programs that watch no board have no name and are left out."""
        return self.presence.people

    # Those who are here

    def enter(self, subscriber: Subscriber) -> None:
        """Let somebody in who is to be told in JSON, until they attend."""
        self._plain[subscriber] = subscriber
        self.come(subscriber)
        subscriber.push(PEOPLE, self.people)

    def come(self, member: Member) -> None:
        """Let somebody in."""
        self.presence.enter(member, now=self._clock(), at=unix_ms())
        self._wake.set()

    def leave(self, member: Member, *, clean: bool = False) -> None:
        """Forget somebody, at once where they said that they go; otherwise unless they are back within moments."""
        self._listening.pop(member, None)
        self._behind.discard(member)
        self._plain.pop(member, None)
        self.presence.leave(member, now=self._clock(), clean=clean)
        self._wake.set()

    def look(self, member: Member, page: str, pane: str) -> None:
        """Note where somebody looks who has no awareness."""
        self.presence.look(member, page, pane, now=self._clock())
        self._wake.set()

    def introduce(self, member: Member) -> None:
        """Show somebody by the name and colour they have now."""
        self.presence.introduce(member, now=self._clock())
        self._wake.set()

    def attend(self, member: Member, link: Link) -> None:
        """Send awareness updates to a link from now on, and at once what there is to know; again, if it asks again."""
        self._listening[member] = link
        self._plain.pop(member, None)
        self._send_everything(link)

    def take(self, member: Member, payload: bytes) -> None:
        """
        Take a member's awareness update.

        Raises:
            BadFrame: If it cannot be read, or is about too many.

        """
        if count_presence(payload) > MOST_SAID:
            raise BadFrame(f"an awareness update about more than {MOST_SAID:,} clients")
        self.presence.take(member, read_presence(payload), now=self._clock())
        if self.presence.has_news:
            self._wake.set()

    # Telling

    async def run(self) -> None:
        """Tell what is new, until cancelled."""
        while True:
            await self._woken()
            self._wake.clear()
            self.tell()
            await asyncio.sleep(max(HOLD, HOLD_EACH * len(self._listening)))

    async def _woken(self) -> None:
        pause = min(self.presence.due - self._clock(), 1.0 if self._behind else float("inf"))
        with suppress(TimeoutError):
            async with asyncio.timeout(None if pause == float("inf") else max(pause, 0.0)):
                await self._wake.wait()

    def tell(self) -> None:
        """Tell what is new by now."""
        self.presence.pass_time(self._clock())
        if self.presence.has_news:
            self._tell_listening()
            self._tell_plain()
        self._catch_up()

    def _tell_listening(self) -> None:
        message = write(Kind.AWARENESS, write_presence(self.presence.news()))
        packed: dict[Format, bytes] = {}
        for member, link in self._listening.items():
            if member in self._behind or link.backlog() > MAX_UNSENT:
                self._behind.add(member)
                continue
            format_ = link.format
            if format_ not in packed:
                packed[format_] = format_.pack([message])
            link.write(packed[format_])

    def _tell_plain(self) -> None:
        if not self._plain or (people := self.people) == self._told:
            return
        self._told = people
        for subscriber in self._plain.values():
            subscriber.push(PEOPLE, people)

    def _catch_up(self) -> None:
        for member in [member for member in self._behind if self._listening[member].backlog() <= MAX_UNSENT]:
            self._behind.discard(member)
            self._send_everything(self._listening[member])

    def _send_everything(self, link: Link) -> None:
        if everything := self.presence.everything:
            link.write(link.format.pack([write(Kind.AWARENESS, write_presence(everything))]))


def weight_of(payload: bytes) -> float:
    """
    Give as how many awareness updates one counts: Yjs programs say again what they hear, and all of it is read.

    Raises:
        BadFrame: If it cannot be read.

    """
    return 1.0 + count_presence(payload) // SAID_AS_ONE
