"""Travel in time: the session as it was, taken from the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import RequestRefused
from ..event import Event
from ..wire import Code
from .past import Past, Place
from .streams import Selection, Stream

SPEEDS = (1, 2, 5, 10, 30, 60)
TICK = 0.1

if TYPE_CHECKING:
    from .live import Live


class Flag(NamedTuple):
    """
    Something worth a sign on the timeline.

    Args:
        time: When, Unix milliseconds.
        glyph: What to show, a few cells at most.
        ink: In which colour.

    """

    time: int
    glyph: str
    ink: str = "accent"


def no_flags(since: int, until: int) -> Iterable[Flag]:
    """Flag nothing."""
    return ()


class Travel:
    """
    Which moment the panes show, and the way there.

    One task goes from moment to moment while we are away from the present; of several wishes that come while it
    is on its way only the last one counts.

    Args:
        live: The screen's hold on the session.

    Attributes:
        position: Where we are or are about to be, Unix milliseconds; None in the present.
        at: The moment that is shown; None while the present is.
        offset: The last event that is shown; None in the present.
        playing: Whether time goes on by itself.
        speed: How many times as fast.
        fault: Why the last wish did not come true; empty if it did.
        on_moved: Each is called upon every change.
        flags: Gives what to flag on the timeline between two moments, Unix milliseconds.

    """

    def __init__(self, live: Live) -> None:
        self.position: int | None = None
        self.at: int | None = None
        self.offset: int | None = None
        self.playing = False
        self.speed = SPEEDS[0]
        self.fault = ""
        self.on_moved: list[Callable[[], None]] = []
        self.flags: Callable[[int, int], Iterable[Flag]] = no_flags
        self._live = live
        self._past = Past(live)
        self._wish: Callable[[], Coroutine[Any, Any, None]] | None = None
        self._woken = asyncio.Event()
        self._under_way = False
        self._going = False
        self._ticked = 0.0

    def clock(self) -> int:
        """Give the time that is shown, Unix milliseconds."""
        return self._live.state.clock() if self.at is None else self.at

    @property
    def settled(self) -> bool:
        """Whether what is shown is what was wished for last."""
        return self._wish is None and not self._going

    def seek(self, ms: int) -> None:
        """Go to a moment, Unix milliseconds; one that is yet to come is the present."""
        if ms >= self._live.state.clock():
            self.go_live()
        else:
            self._set_out(max(ms, 0), lambda: self._go(max(ms, 0)))

    def step(self, by: int, selection: Selection) -> None:
        """
        Go to the next event of a selection, or to the one before.

        Args:
            by: 1 or -1.
            selection: Which events count.

        """
        self.playing = False
        now = self._live.state.clock() if self.position is None else self.position
        stream = Stream(selection)
        self._set_out(now, lambda: self._step_on(stream) if by > 0 else self._step_back(stream))

    def play(self) -> None:
        """Let time go on from here, or stop it."""
        if self.position is not None:
            self.playing = not self.playing
            self._ticked = monotonic()
            self._changed()

    def hasten(self, by: int) -> None:
        """Play so many speeds faster."""
        self.speed = SPEEDS[min(max(SPEEDS.index(self.speed) + by, 0), len(SPEEDS) - 1)]
        self._changed()

    def go_live(self) -> None:
        """Return to the present, with everything that came meanwhile."""
        away = self.position is not None
        self.position = self.at = self.offset = self._wish = None
        self.playing, self.fault = False, ""
        if away:
            self._live.backfill.show_present()
        self._changed()

    def _set_out(self, position: int, wish: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if not self._live.state.joined:
            self.fault = "no link to the hub"
            self._changed()
            return
        self.position, self._wish, self.fault = position, wish, ""
        if not self._under_way:
            self._under_way = True
            self._live.spawn(self._travel())
        self._changed()

    def _changed(self) -> None:
        self._woken.set()
        for tell in tuple(self.on_moved):
            tell()

    async def _travel(self) -> None:
        try:
            while self.position is not None:
                self._woken.clear()
                if self._wish is not None:
                    wish, self._wish = self._wish, None
                    self._going = True
                    await self._attempt(wish())
                elif self.playing:
                    await self._woken_within(TICK)
                    await self._attempt(self._tick())
                else:
                    await self._woken.wait()
        finally:
            self._under_way = False

    async def _woken_within(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()

    async def _attempt(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
            self.fault = ""
        except RequestRefused as error:
            if self._wish is None and self.position is not None:
                if self.at is None:
                    self.go_live()  # we never left
                self.position = self.at
                self.fault = str(error)
        self._going = False
        self._changed()

    async def _tick(self) -> None:
        now = monotonic()
        elapsed, self._ticked = now - self._ticked, now
        if self.playing and self._wish is None:
            await self.advance(elapsed)

    async def advance(self, seconds: float) -> None:
        """
        Let time go on at the speed of playing; where it reaches the present, return there.

        Args:
            seconds: How long it has been since the last time, by a monotonic clock.

        Raises:
            RequestRefused: If the hub refuses or does not answer.

        """
        ms = self.clock() + round(seconds * 1000 * self.speed)
        if ms >= self._live.state.clock():
            self.go_live()
            return
        due = await self._past.due(ms)
        if due is None:
            await self._go(ms)
        else:
            self._happen(due, ms)

    async def _go(self, ms: int) -> None:
        await self._show(await self._past.find(ms))

    async def _step_back(self, wanted: Stream) -> None:
        await self._show(await self._past.nearest(wanted, self.offset, back=True))

    async def _step_on(self, wanted: Stream) -> None:
        if self.offset is None:
            raise RequestRefused("nothing later here", code=Code.NOT_FOUND)
        events = await self._past.up_to(wanted, self.offset)
        if events is None:
            await self._show(await self._past.nearest(wanted, self.offset, back=False))
        else:
            self._happen(events, events[-1].received)

    async def _show(self, place: Place) -> None:
        pasts = await self._past.fetch(place)
        if self.position is not None:  # otherwise somebody went back to the present meanwhile
            self._arrive(place)
            self._past.show(pasts, place)

    def _happen(self, events: list[Event], ms: int) -> None:
        """Let the events happen that come next, until a moment."""
        if self.position is not None:
            self._arrive(Place(ms, (events[-1].offset if events else None) or self.offset or 0))
            self._live.streams.take(events)

    def _arrive(self, place: Place) -> None:
        self.at, self.offset = place
        if self._wish is None:
            self.position = self.at
