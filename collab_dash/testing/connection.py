"""One connection of a feed under test, taken event by event, as the hub takes it."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn, cast
from weakref import WeakSet

from ..errors import FeedError
from ..event import Event
from ..feed import Feed, FeedContext

_READ_ON = "does the feed read all that upstream sends, and yield at once what it has read?"
_of_a_feed: contextvars.ContextVar[bool] = contextvars.ContextVar("of_a_feed", default=False)


class Nonconforming(AssertionError):
    """A feed does not do what every feed must; the text says what is wrong and what to do about it."""


class Taken(NamedTuple):
    """
    An event and what the hub would write down with it.

    Args:
        event: As the feed yielded it.
        cursor: The context's cursor at that moment.

    """

    event: Event
    cursor: str | None


def complain(wrong: str, advice: str, cause: BaseException | None = None) -> NoReturn:
    """
    Fail the check.

    Raises:
        Nonconforming: Always.

    """
    __tracebackhide__ = True
    raise Nonconforming(f"{wrong}\n  {advice}") from cause


async def becomes(condition: Callable[[], bool], timeout: float) -> bool:
    """Wait until `condition` holds, and tell whether it did within `timeout` seconds."""
    loop = asyncio.get_running_loop()
    due = loop.time() + timeout
    while not condition():
        if loop.time() > due:
            return False
        await asyncio.sleep(0.005)
    return True


@contextmanager
def census() -> Iterator[WeakSet[asyncio.Task[Any]]]:
    """Give the set of the tasks that a feed's code starts in the block."""
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    started: WeakSet[asyncio.Task[Any]] = WeakSet()

    def factory(loop: asyncio.AbstractEventLoop, coroutine: Any, **more: Any) -> Any:
        task: Any = before(loop, coroutine, **more) if before else asyncio.Task(coroutine, loop=loop, **more)
        if _of_a_feed.get():
            started.add(task)
        return task

    loop.set_task_factory(factory)
    try:
        yield started
    finally:
        loop.set_task_factory(before)


class Connection:
    """
    One call of `Feed.events`.

    Args:
        feed: The configured feed.
        context: What it is given.
        patience: Seconds to wait for an event that must come.

    """

    def __init__(self, feed: Feed[Any], context: FeedContext, *, patience: float) -> None:
        self.context = context
        self._patience = patience
        self._context = contextvars.copy_context()
        self._context.run(_of_a_feed.set, True)
        stream = self._context.run(feed.events, context)
        if not inspect.isasyncgen(stream) and not hasattr(stream, "aclose"):
            complain(
                f"events() gives a {type(stream).__name__}, which the hub cannot close",
                "write it as `async def events(self, context)` with `yield` in it",
            )
        self._stream = cast("AsyncGenerator[Event, None]", stream)
        self._waiting: asyncio.Task[Taken | None] | None = None

    def listen(self) -> asyncio.Task[Taken | None]:
        """Have the feed connect, or go on, until its next event; None is its end."""
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().create_task(self._next(), context=self._context)
        return self._waiting

    async def _next(self) -> Taken | None:
        try:
            event = await anext(self._stream)
        except StopAsyncIteration:
            return None
        return Taken(event, self.context.cursor)

    async def take(self, count: int, after: str, *, advice: str = _READ_ON) -> list[Taken]:
        """
        Give the next events.

        Args:
            count: How many.
            after: What they should follow, for the complaint.
            advice: What to do if they do not come.

        Raises:
            Nonconforming: If the feed ends, breaks or keeps silent instead.

        """
        taken: list[Taken] = []
        while len(taken) < count:
            what = f"event {len(taken) + 1} of {count} after {after}" if count > 1 else f"event after {after}"
            waiting = self.listen()
            await asyncio.wait({waiting}, timeout=self._patience)
            if not waiting.done():
                complain(f"there was no {what} within {self._patience:g} s", advice)
            taken.append(self._result(waiting, what))
        return taken

    def _result(self, waiting: asyncio.Task[Taken | None], what: str) -> Taken:
        self._waiting = None
        try:
            result = waiting.result()
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - a feed may raise anything
            complain(f"the feed raised {_shown(error)} in the place of {what}", _advice(error), error)
        if result is None:
            complain(f"the feed ended in the place of {what}", "to return means that the source has ended for good")
        return result

    async def take_while_they_come(self, quiet: float) -> list[Taken]:
        """Give events until there was none for `quiet` seconds."""
        taken: list[Taken] = []
        while (await asyncio.wait({self.listen()}, timeout=quiet))[0]:
            taken.append(self._result(self.listen(), "the next event"))
        return taken

    async def failure(self, why: str, *, within: float) -> tuple[list[Taken], FeedError]:
        """
        Give the events until the connection breaks, and the error that says so.

        Args:
            why: What upstream does, for the complaint.
            within: Seconds.

        Raises:
            Nonconforming: If it does not break in time, or ends in another way.

        """
        taken: list[Taken] = []
        due = asyncio.get_running_loop().time() + within
        while True:
            waiting = self.listen()
            await asyncio.wait({waiting}, timeout=max(due - asyncio.get_running_loop().time(), 0))
            if not waiting.done():
                complain(
                    f"{why}, and the feed raised nothing within {within:g} s",
                    "raise FeedBroken; never connect again inside events(): the hub does, with the right pauses",
                )
            self._waiting = None
            try:
                result = waiting.result()
            except FeedError as error:
                return taken, error
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - a feed may raise anything
                complain(f"{why}, and the feed raised {_shown(error)}", _advice(error), error)
            if result is None:
                complain(f"{why}, and the feed ended quietly", "raise FeedBroken, or the hub will not come back")
            taken.append(result)

    async def close(self, *, within: float = 5.0) -> None:
        """
        End it, as the hub does: cancelled where it waits for something, otherwise closed at its ``yield``.

        Raises:
            Nonconforming: If it does not end in time, or raises something.

        """
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting.cancel():
            await self._end(waiting, "cancelled while it waited", within)
            if not waiting.cancelled():
                instead = "returned" if waiting.result() is None else "yielded"
                complain(
                    f"the feed was cancelled, as a hub does that ends, and {instead} instead",
                    "let CancelledError pass: no `except BaseException`, no `return` in `finally`",
                )
        closing = asyncio.get_running_loop().create_task(self._stream.aclose(), context=self._context)
        await self._end(closing, "closed", within)

    async def _end(self, ending: asyncio.Task[Any], how: str, within: float) -> None:
        await asyncio.wait({ending}, timeout=within)
        if not ending.done():
            ending.cancel()  # perhaps it listens the second time
            await asyncio.wait({ending}, timeout=within)
            complain(
                f"the feed was {how} and had not ended after {within:g} s",
                "let CancelledError and GeneratorExit pass, and wait for nothing long in `finally`",
            )
        error = None if ending.cancelled() else ending.exception()
        if error is not None:
            complain(
                f"the feed was {how} and raised {_shown(error)}",
                "let CancelledError and GeneratorExit pass: no `except BaseException`, no `yield` in `finally`",
                error,
            )


def _shown(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _advice(error: BaseException) -> str:
    if isinstance(error, FeedError):
        return "is the upstream of the test what the feed expects?"
    if isinstance(error, asyncio.CancelledError):
        return "something inside the feed cancels itself; use asyncio.timeout, and tasks in groups"
    return (
        "a feed raises FeedBroken or FeedFailed only; what cannot be an event is yielded as collab_dash.event.rejected"
    )
