"""What every part of the screen works with, and the task that keeps it up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ..board import Board
from ..errors import CollabDashError, RequestRefused
from ..event import Event
from ..peer.updates import Events, Firing, Joined, Knocks, Lost, People
from ..retry import backoff
from ..wire import BOARD, RECONNECT, Brought, Code, FeedStatus, SessionStatus, Skipped
from .backfill import Backfill
from .company import Company
from .current_board import CurrentBoard
from .frames import Frames
from .sharing import Sharing
from .state import State
from .streams import Streams
from .talk.talk import Talk
from .travel import Travel

SLICE = 200
BUDGET = 0.002
HOPS = 12

if TYPE_CHECKING:
    from ..peer.session import Session

T = TypeVar("T")
Connect = Callable[[Callable[[], None]], "AbstractAsyncContextManager[Session]"]


class Live:
    """
    A screen's hold on its session.

    Args:
        state: What is known of the session.
        frames: The frame clock.

    Attributes:
        sharing: Our part in the shared document.
        talk: What people say in it.
        board: The board as people have it.
        company: Where others are told that we look, and whom we go along with.
        streams: What panes show of the events.
        backfill: What streams show of the time before they were opened.
        travel: What moment is shown, if it is not the present.

    """

    def __init__(self, state: State, frames: Frames) -> None:
        self.state = state
        self.frames = frames
        self.streams = Streams()
        self.backfill = Backfill(self)
        self.streams.on_open = self.backfill.fill
        self.travel = Travel(self)
        self.sharing = Sharing()
        self.talk = Talk(self)
        self.company = Company(self)
        self.board = CurrentBoard(state, self.sharing)
        self._session: Session | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._introduction: tuple[str, str] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._joins = 0
        self._showing: set[asyncio.Task[None]] = set()
        self._resting = False

    @property
    def clock(self) -> Callable[[], int]:
        """The time that is shown, Unix milliseconds: the present, or the moment travelled to."""
        return self.travel.clock

    @property
    def cut_off(self) -> bool:
        """Whether the session goes on without a link, which is to come back."""
        return self._session is not None and not self._session.linked

    async def follow(self, connect: Connect) -> None:
        """
        Join and stay until the session is over.

        Raises:
            CollabDashError: If the hub refuses us for good, or nothing answers at first.

        """
        end: CollabDashError | None = None
        async with connect(self.state.wait) as session, asyncio.TaskGroup() as tasks:
            self._session, self._tasks = session, tasks
            self._join(Joined(session.welcome))
            self.spawn(self._attend(session))
            if self._introduction is not None:
                self.introduce(*self._introduction)
            try:
                await self._updates(session)
            except CollabDashError as error:
                end = error
            self._session = self._tasks = None
            for task in self._running:
                task.cancel()
        if end is not None:
            raise end

    async def _attend(self, session: Session) -> None:
        """Know where everybody looks, and tell them, for as long as the session lasts."""
        from ..peer.awareness import Awareness

        awareness = Awareness(session)
        session.attend(awareness)
        self.company.begin(awareness)
        await awareness.run()

    async def _updates(self, session: Session) -> None:
        until = monotonic() + BUDGET
        async for update in session:
            if isinstance(update, Events):
                for start in range(0, len(update.events), SLICE):
                    self._take(update.events[start : start + SLICE])
                    until = await _breathe(until)
            else:
                self._apply(update)
                until = await _breathe(until)

    def _take(self, events: list[Event]) -> None:
        self.state.heard(events[-1])
        if self.travel.position is None:
            self.streams.take(events)
        else:
            self.streams.let_pass(events)

    def _apply(
        self, update: Joined | Skipped | FeedStatus | SessionStatus | People | Brought | Firing | Knocks | Lost
    ) -> None:
        if isinstance(update, Joined):
            self._join(update)
        elif isinstance(update, Brought):
            self.company.offered(update)
        else:
            self.state.apply(update)
            if isinstance(update, Skipped) and self.travel.position is None:
                self.streams.gap(update.first, update.last)

    def _join(self, joined: Joined) -> None:
        known = self.state.welcome
        if joined.welcome == known and self.state.joined:
            return
        self.state.apply(joined)
        self._joins += 1
        self._show(self._fetch_board(self._joins))
        if self.state.board is not None and known is not None and not joined.welcome.recovered:
            self.backfill.begin_anew()
        else:
            self.backfill.resume()

    async def _fetch_board(self, turn: int) -> None:
        """Ask for the board until the hub has told it or, the link being broken meanwhile, another join asks."""
        for pause in backoff():
            try:
                board = await self.ask(BOARD, {}, Board)
                break
            except RequestRefused:
                await asyncio.sleep(pause)
            if turn != self._joins:
                return
        if self.state.board is not None:
            self.board.found(board)
            return
        await self.board.show(board)
        if self._session is not None:
            self._show(self.board.keep(board))
            self.spawn(self.sharing.run(self._session))

    async def ask(self, event: str, data: Any, kind: type[T]) -> T:
        """
        Ask the hub something.

        Raises:
            RequestRefused: If it refuses, does not answer, or answers something else.

        """
        if self._session is None:
            raise RequestRefused("not joined yet", code=Code.UNAVAILABLE, retry=True)
        answer = await self._session.request(event, data)
        try:
            return msgspec.json.decode(answer, type=kind)
        except msgspec.MsgspecError as error:
            raise RequestRefused(f"cannot read the hub's answer: {error}", code=Code.INTERNAL) from None

    def tell(self, event: str, data: Any) -> None:
        """Tell the hub something that wants no answer; dropped while there is no link."""
        if self._session is not None and self.state.joined:
            self.spawn(self._session.tell(event, data))

    def introduce(self, name: str, color: str) -> None:
        """Be called and drawn otherwise from now on, by everybody; once joined, if that is yet to come."""
        self._introduction = name, color
        if self._session is not None:
            self.spawn(self._session.introduce(name, color))

    def reconnect(self, feeds: Iterable[str]) -> None:
        """Let the link to the hub, or else these feeds, try again now rather than later."""
        if self._session is not None and self.state.lost is not None:
            self._session.retry_now()
            return
        for feed in feeds:
            self.tell(RECONNECT, {"feed": feed})

    def rest(self) -> None:
        """Show the board no further: the screen is about to go, and would take nothing more in."""
        self._resting = True
        for task in self._showing:
            task.cancel()

    def _show(self, work: Coroutine[Any, Any, None]) -> None:
        if self._resting:
            work.close()
        elif (task := self.spawn(work)) is not None:
            self._showing.add(task)
            task.add_done_callback(self._showing.discard)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
        """Let something go on in the background until it is done or the session is over."""
        if self._tasks is None:
            work.close()
            return None
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task


async def _breathe(until: float) -> float:
    """
    Let keys and frames in when the time slice that ends at `until` is used up.

    A key goes from task to task until it is answered, so it is let on by several of them at a time.
    """
    if monotonic() < until:
        return until
    for _ in range(HOPS):
        await asyncio.sleep(0)
    return monotonic() + BUDGET
