"""What every part of the screen works with, and the task that keeps it up to date."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ..board import Board, completed
from ..errors import CollabDashError, RequestRefused
from ..event import Event
from ..peer.updates import Events, Firing, Joined, Lost, People
from ..wire import BOARD, HISTORY, RECONNECT, Code, FeedStatus, History, SessionStatus, Skipped
from .frames import Frames
from .sharing import Sharing
from .state import State
from .streams import Stream, Streams

SLICE = 200
BUDGET = 0.002
HOPS = 12
PAGE = 1000
MOST_PAGES = 5

if TYPE_CHECKING:
    from ..doc.document import Changed
    from ..peer.session import Session

T = TypeVar("T")
Connect = Callable[[], "AbstractAsyncContextManager[Session]"]


class Live:
    """
    A screen's hold on its session.

    Args:
        state: What is known of the session.
        frames: The frame clock.

    Attributes:
        sharing: Our part in the shared document.
        on_board: Called with the board once it is known, and when people change it.

    """

    def __init__(self, state: State, frames: Frames) -> None:
        self.state = state
        self.frames = frames
        self.streams = Streams()
        self.streams.on_open = self._refill
        self.sharing = Sharing()
        self.sharing.watchers.append(self._on_change)
        self.on_board: Callable[[Board], Awaitable[None]] = _ignore
        self._session: Session | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._board_changed = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    @property
    def clock(self) -> Callable[[], int]:
        """The time now, Unix milliseconds."""
        return self.state.clock

    async def follow(self, connect: Connect) -> None:
        """
        Join and stay until the session is over.

        Raises:
            CollabDashError: If the hub refuses us for good, or nothing answers at first.

        """
        end: CollabDashError | None = None
        async with connect() as session, asyncio.TaskGroup() as tasks:
            self._session, self._tasks = session, tasks
            self._join(Joined(session.welcome))
            try:
                await self._updates(session)
            except CollabDashError as error:
                end = error
            self._session = self._tasks = None
            for task in self._running:
                task.cancel()
        if end is not None:
            raise end

    async def _updates(self, session: Session) -> None:
        until = monotonic() + BUDGET
        async for update in session:
            if isinstance(update, Events):
                for start in range(0, len(update.events), SLICE):
                    self.streams.take(update.events[start : start + SLICE])
                    until = await _breathe(until)
            else:
                self._apply(update)
                until = await _breathe(until)

    def _apply(self, update: Joined | Skipped | FeedStatus | SessionStatus | People | Firing | Lost) -> None:
        if isinstance(update, Joined):
            self._join(update)
            return
        self.state.apply(update)
        if isinstance(update, Skipped):
            self.streams.gap(update.first, update.last)

    def _join(self, joined: Joined) -> None:
        known = self.state.welcome
        if joined.welcome == known and self.state.joined:
            return
        self.state.apply(joined)
        if self.state.board is None:
            self._spawn(self._fetch_board())
        elif known is not None and not joined.welcome.recovered:
            self.streams.clear()
            for stream in self.streams:
                stream.hold()
                self._refill(stream)

    async def _fetch_board(self) -> None:
        session = self._session
        try:
            board = await self.ask(BOARD, {}, Board)
        except RequestRefused:
            return  # the link broke; the next join asks again
        await self._show(board)
        if session is not None:
            self._spawn(self._keep_board(board))
            self._spawn(self.sharing.run(session))

    async def _show(self, board: Board) -> None:
        self.state.board = board
        self.state.changed()
        await self.on_board(board)

    async def _keep_board(self, first: Board) -> None:
        """Show the board as people change it, one change after another."""
        while True:
            await self._board_changed.wait()
            self._board_changed.clear()
            document = self.sharing.document
            if document is not None:
                board = completed(document.board(first))
                if board != self.state.board:
                    await self._show(board)

    def _on_change(self, changed: Changed | None) -> None:
        document = self.sharing.document
        if document is not None and (changed is None or any(root in ("pages", "panes", "meta") for root, _ in changed)):
            self._board_changed.set()
        if document is not None:
            self.state.room_filter = document.room.filter
        self.state.changed()

    def _refill(self, stream: Stream) -> None:
        self._spawn(self._fetch_past(stream))

    async def _fetch_past(self, stream: Stream) -> None:
        pages: list[list[Event]] = []
        try:
            async for events in self._past(stream):
                pages.append(events)  # noqa: PERF401 - what came before a refusal is kept
        except RequestRefused:
            pass
        stream.release([event for page in reversed(pages) for event in page])

    async def _past(self, stream: Stream) -> AsyncIterator[list[Event]]:
        """Give pages of a stream's past, latest first, as far back as its taps want to see."""
        selection = stream.selection
        query: dict[str, Any] = {"feeds": list(selection.feeds), "types": list(selection.types)}
        since, count = self.clock() - stream.reach * 1000, 0
        for _ in range(MOST_PAGES):
            page = await self.ask(HISTORY, {**query, "limit": PAGE}, History)
            yield page.events
            count += len(page.events)
            if not page.more or not page.events:
                return
            if count >= stream.depth and page.events[0].received <= since:
                return
            query["before"] = page.events[0].offset

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
            self._spawn(self._session.tell(event, data))

    def reconnect(self, feeds: Iterable[str]) -> None:
        """Let the link to the hub, or else these feeds, try again now rather than later."""
        if self._session is not None and self.state.lost is not None:
            self._session.retry_now()
            return
        for feed in feeds:
            self.tell(RECONNECT, {"feed": feed})

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._tasks is None:
            work.close()
            return
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)


async def _ignore(board: Board) -> None:
    """Show the board to nobody."""


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
