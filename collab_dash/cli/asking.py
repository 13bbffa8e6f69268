"""Ask a session things for as long as it takes, whatever happens to the link meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import click
import msgspec

from ..errors import RequestRefused
from ..identity import load_identity
from ..peer.session import Joined, Lost, Session, Update, join
from ..wire import Code

ATTEMPTS = 20
PAUSE = 0.25


class Narration:
    """Tells on standard error when a link breaks, and when it is back; once each."""

    def __init__(self) -> None:
        self._broken = False

    def hear(self, update: Update) -> None:
        """Take notice of an update."""
        if isinstance(update, Lost) and not self._broken:
            click.echo(f"collab-dash: {update.reason}; trying again until it is back (Ctrl-C ends this)", err=True)
            self._broken = True
        elif isinstance(update, Joined) and self._broken:
            other = "" if update.welcome.recovered else ", but the recording is another one now"
            click.echo(f"collab-dash: joined again{other}", err=True)
            self._broken = False


def tell_waiting() -> None:
    """Tell on standard error that somebody has to let us in."""
    click.echo("collab-dash: waiting for the host to let you in (Ctrl-C ends this)", err=True)


class Asking:
    """
    A joined session that only asks; made by `asking`.

    Attributes:
        welcome: The hub's first welcome.

    """

    def __init__(self, session: Session) -> None:
        self.welcome = session.welcome
        self._session = session
        self._up = asyncio.Event()

    async def ask(self, event: str, data: Any) -> msgspec.Raw:
        """
        Ask once, as soon as the link is up; later, while the hub says that it is asked too much.

        Raises:
            RequestRefused: If the hub answers with an error, or the link broke before it answered.

        """
        while True:
            await self._up.wait()
            try:
                return await self._session.request(event, data, timeout=30)
            except RequestRefused as error:
                if error.code != Code.RATE_LIMITED:
                    raise
            await asyncio.sleep(PAUSE)

    async def ask_again(self, event: str, data: Any) -> msgspec.Raw:
        """
        Ask what may be asked twice, for the hub changes nothing by it; again where that may help.

        Raises:
            RequestRefused: If the hub answers with an error that stays.

        """
        for _ in range(ATTEMPTS):
            try:
                return await self.ask(event, data)
            except RequestRefused as error:
                if not error.retry:
                    raise
            await asyncio.sleep(PAUSE)
        return await self.ask(event, data)

    async def listen(self) -> None:
        """Let go of what is pushed: unread it would stop the link, and with it the answers."""
        narration = Narration()
        async for update in self._session:
            narration.hear(update)
            if isinstance(update, Joined):
                self._up.set()
            elif isinstance(update, Lost):
                self._up.clear()


@asynccontextmanager
async def asking(link: str) -> AsyncIterator[Asking]:
    """
    Join a session only to ask.

    Raises:
        JoinRefused: If the hub refuses for good, at first or later.
        HubError: If nothing answers at that address at first.

    """
    async with join(link, feeds=(), person=load_identity().secret, waiting=tell_waiting) as session:
        try:
            async with asyncio.TaskGroup() as tasks:
                asked = Asking(session)
                listening = tasks.create_task(asked.listen(), name="listen")
                try:
                    yield asked
                finally:
                    listening.cancel()
        except BaseExceptionGroup as group:  # of one: what ended the block, or the listening
            raise group.exceptions[0] from None
