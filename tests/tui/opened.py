"""A board on a screen of its own, with somebody to press its keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from collab_dash.event import Event
from collab_dash.peer.session import Events, Update
from collab_dash.tui.app import BoardApp
from collab_dash.tui.panes.base import Pane
from collab_dash.tui.screens.board import BoardScreen
from tui.fake_session import Clock, FakeSession, app_of, screen_text


class Seat:
    """Somebody in front of a board."""

    def __init__(self, pilot: Pilot[None], session: FakeSession, clock: Clock) -> None:
        app = pilot.app
        assert isinstance(app, BoardApp)
        self.app = app
        self.pilot = pilot
        self.session = session
        self.clock = clock

    @property
    def board(self) -> BoardScreen:
        """The main screen."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, BoardScreen)
        return screen

    @property
    def pane(self) -> Pane:
        """The pane that keys go to."""
        assert self.board.stage.current is not None
        return self.board.stage.current

    @property
    def text(self) -> str:
        """What is to be seen."""
        return screen_text(self.app)

    def line(self, part: str) -> str:
        """Give the first line that contains `part`."""
        return next(line for line in self.text.splitlines() if part in line)

    def field(self, name: str) -> Input:
        """Give the line of a form in which a field is written."""
        return self.app.screen.query_one(f"#field-{name} Input", Input)

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def write(self, text: str) -> None:
        """Type a text."""
        names = {" ": "space", "/": "slash", ":": "colon", "-": "minus"}
        await self.press(*(names.get(character, character) for character in text))

    async def push(self, *updates: Update) -> None:
        """Let updates come in, and wait until they are taken."""
        await self.push_unsettled(*updates)
        await self.settle()

    async def push_unsettled(self, *updates: Update) -> None:
        """Let updates come in, and wait until they are read, though streams may still wait for their past."""
        self.session.push(*updates)
        await self.session.updates.join()

    async def happen(self, *events: Event) -> None:
        """Let events come in, and wait until they are taken."""
        await self.push(Events(list(events)))

    async def settle(self) -> None:
        """Wait until every stream has its past."""
        await self.until(lambda: not any(stream.holding for stream in self.app.live.streams))
        await self.pilot.pause()

    async def copied(self) -> None:
        """Wait until what was to be copied is."""
        copying = [worker for worker in self.app.workers if worker.group == "copy"]
        if copying:
            await self.app.workers.wait_for_complete(copying)

    async def until_later(self, condition: Callable[[], bool]) -> None:
        """Let real time go by until something is so."""
        async with asyncio.timeout(10):
            while not condition():
                await self.pilot.pause(0.01)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the program go on until something is so."""
        for _ in range(300):
            if condition():
                return
            await self.pilot.pause()
        raise AssertionError(f"it never came to be; the screen shows\n{self.text}")


@asynccontextmanager
async def opened(session: FakeSession, size: tuple[int, int] = (120, 32), **options: Any) -> AsyncIterator[Seat]:
    """Open the board of a session and wait until it shows its panes."""
    clock = Clock()
    app = app_of(session, clock, **options)
    async with app.run_test(size=size) as pilot:
        seat = Seat(pilot, session, clock)
        await seat.until(lambda: seat.board.stage.current is not None)
        await seat.settle()
        yield seat
