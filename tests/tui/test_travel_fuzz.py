"""Whatever is done in whatever order, the present has every event once, in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.errors import RequestRefused
from collab_dash.event import Event
from collab_dash.peer.session import Events, Joined, Lost
from collab_dash.tui.frames import Frames
from collab_dash.tui.live import Live
from collab_dash.tui.state import State
from collab_dash.tui.streams import Selection
from tui.fake_session import NOON, Clock, FakeSession, board, tick, welcome

PRICES = Selection(("btc",))
ACTIONS = (
    "happen",
    "arrive",
    "arrive all",
    "seek",
    "back",
    "on",
    "play",
    "live",
    "cut",
    "join",
    "stall",
    "flow",
    "settle",
)


class Bucket:
    """A tap that keeps everything."""

    depth, reach = 10_000, 0

    def __init__(self) -> None:
        self.offsets: list[int | None] = []

    def take(self, events: Sequence[Event]) -> None:
        self.offsets += [event.offset for event in events]

    def gap(self, first: int, last: int) -> None:
        raise AssertionError("nothing was skipped")

    def clear(self) -> None:
        self.offsets.clear()


class World:
    """A screen without pictures, a hub, and a link between them that may lag, stall and break."""

    def __init__(self, live: Live, session: FakeSession) -> None:
        self.live, self.session = live, session
        self.tap = Bucket()
        self.sent = len(session.past)
        live.streams.tap(PRICES, self.tap)

    async def do(self, action: str, number: int) -> None:
        """Do one thing, and go on for a moment."""
        if action in ("happen", "arrive", "cut", "join", "stall", "flow"):
            self.hub_does(action, number)
        elif action == "settle":
            await self.rest()
        else:
            await self.traveller_does(action, number)
        for _ in range(number % 5):
            await asyncio.sleep(0)

    def hub_does(self, action: str, number: int) -> None:
        session = self.session
        match action:
            case "happen":
                first = len(session.past) + 1
                session.past += [tick(n, float(n)) for n in range(first, first + number % 4 + 1)]
            case "arrive":
                self.send(number % 3 + 1)
            case "cut" if session.linked:
                session.linked = False
                session.push(Lost("gone", NOON))
            case "join" if not session.linked:
                session.linked = True
                session.push(Joined(welcome(offset=self.sent, recovered=True)))
            case "stall":
                session.history_open.clear()
            case "flow":
                session.history_open.set()

    async def traveller_does(self, action: str, number: int) -> None:
        travel = self.live.travel
        match action:
            case "seek":
                travel.seek(NOON - 60_000 + number * 500)
            case "back" | "on":
                travel.step(-1 if action == "back" else 1, PRICES)
            case "play" if travel.position is not None and travel.settled and self.session.history_open.is_set():
                with contextlib.suppress(RequestRefused):
                    await travel.advance(number % 7)
            case "live":
                travel.go_live()

    def send(self, count: int) -> None:
        """Let events come in that the hub has recorded."""
        if self.session.linked and (events := self.session.past[self.sent : self.sent + count]):
            self.session.push(Events(events))
            self.sent += len(events)

    async def rest(self) -> None:
        """Wait until everything that can be is done."""
        await self.session.updates.join()
        if self.session.history_open.is_set():
            await self.until(lambda: self.live.travel.settled)
        if self.session.history_open.is_set() and self.session.linked:
            await self.until(lambda: not any(stream.holding for stream in self.live.streams))

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(500):
            if condition():
                return
            await asyncio.sleep(0)
        raise AssertionError("it never came to be")


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    session = FakeSession(board(), [tick(n, float(n)) for n in range(1, 20)])
    live = Live(State("", Clock()), Frames(lambda seconds, call: None))
    following = asyncio.create_task(live.follow(session.connect))
    await asyncio.sleep(0)
    there = World(live, session)
    await there.until(lambda: live.state.joined)
    yield there
    session.push(None)
    await following


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 119)), max_size=25))
async def test_the_present_has_everything_once_whatever_was_done_before(plan: list[tuple[str, int]]) -> None:
    async with world() as there:
        for action, number in plan:
            await there.do(action, number)
        for action in ("flow", "join", "settle", "happen", "live", "arrive", "settle", "happen"):
            await there.do(action, 1)
        there.send(len(there.session.past))
        await there.rest()
        assert there.tap.offsets == [*range(1, len(there.session.past) + 1)]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 119)), max_size=25), st.integers(0, 118))
async def test_a_moment_has_what_there_was_whatever_was_done_before(plan: list[tuple[str, int]], place: int) -> None:
    async with world() as there:
        for action, number in plan:
            await there.do(action, number)
        for action in ("flow", "join", "settle"):
            await there.do(action, 0)
        at = NOON - 60_000 + place * 500
        there.live.travel.seek(at)
        there.send(len(there.session.past))
        await there.do("settle", 0)
        assert there.live.travel.position == at
        assert there.tap.offsets == [event.offset for event in there.session.past if event.received <= at]
