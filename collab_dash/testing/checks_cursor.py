"""Checks of how a feed goes on after a break."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from ..errors import FeedBroken
from .connection import Connection, Taken, complain
from .subject import LOST, Subject, applies, needs
from .upstream import play


class CursorChecks(Subject):
    """After a break a feed goes on where it was, as far as its source lets it."""

    @pytest.mark.asyncio
    @applies(lambda subject: subject.resumes)
    async def test_it_goes_on_after_its_cursor_without_gap_or_duplicate(self) -> None:
        """
        A hub that ended after any event, and comes back with the cursor of that event, misses nothing.

        Nothing comes twice either, except that a message of several events may be told again from its first one
        when the hub ended in its midst.
        """
        told = await self.told()
        cursor = None
        async with self.upstream() as upstream:
            for number, (message, group) in enumerate(zip(self.messages, told.groups, strict=True), 1):
                done = 0
                if number > 1:
                    await play(upstream, message)  # while nobody is connected
                for end in _cuts(len(group)):
                    async with self.connected(upstream, cursor=cursor) as connection:
                        if number == 1 and done == 0:
                            connection.listen()
                            await play(upstream, message)
                        last = await self._go_on(connection, group, done, end, f"message {number}")
                    cursor, done = last.cursor, end
                if cursor is None:
                    complain(
                        f"there is no cursor after message {number}",
                        "set context.cursor before each `yield`, or declare resumes = False",
                    )
            await self._nothing_more(upstream, cursor)

    async def _go_on(self, connection: Connection, group: Sequence[Taken], done: int, end: int, name: str) -> Taken:
        """Take the events from `done` to `end` of a message, or from its first, and give the last of them."""
        where = f"{name}, of which {done} of {len(group)} events had come before a break" if done else name
        [first] = await connection.take(1, where, advice=f"it is lost: {LOST}")
        same = [at for at in range(done + 1) if self.identity(group[at].event) == self.identity(first.event)]
        start = same[-1] if same else done
        got = [first, *await connection.take(end - start - 1, name)]
        self.compare(got, group[start:end], f"{name}, after a break behind event {done} of {len(group)}")
        return got[-1]

    @pytest.mark.asyncio
    @applies(lambda subject: not subject.resumes)
    async def test_nothing_is_told_twice_after_a_break(self) -> None:
        """Connected anew before each message, it tells that message and nothing from before."""
        told = await self.told()
        cursor = None
        async with self.upstream() as upstream:
            for number, (message, group) in enumerate(zip(self.messages, told.groups, strict=True), 1):
                async with self.connected(upstream, cursor=cursor) as connection:
                    connection.listen()
                    await play(upstream, message)
                    got = await connection.take(len(group), f"message {number}")
                    self.compare(got, group, f"message {number}, after a break before it")
                cursor = got[-1].cursor
            await self._nothing_more(upstream, cursor)

    async def _nothing_more(self, upstream: Any, cursor: str | None) -> None:
        """See that a connection after the last message tells nothing of before."""
        if all(message is None for message in self.messages):
            return  # it speaks by itself: there is always something new
        known = [self.identity(taken.event) for taken in await self.told()]
        async with self.connected(upstream, cursor=cursor) as connection:
            for taken in await connection.take_while_they_come(self.quiet):
                if self.identity(taken.event) in known:
                    again = f"{taken.event.type} {taken.event.key!r}"
                    complain(
                        f"after a break, with nothing new upstream, the feed told {again}",
                        "it was told before: go on after context.cursor; a replica of a live source is given once=True",
                    )

    @pytest.mark.asyncio
    @needs("cut_now")
    async def test_a_lost_connection_is_broken_and_the_next_goes_on(self) -> None:
        """A connection that is cut raises FeedBroken, unless the feed polls; the same feed then connects anew."""
        told = await self.told()
        async with self.upstream() as upstream:
            feed = self.feed(upstream)
            async with self.connected(upstream, feed=feed) as connection:
                connection.listen()
                await play(upstream, self.messages[0])
                first = await connection.take(len(told.groups[0]), "message 1")
                waiting = connection.listen()
                await asyncio.wait({waiting}, timeout=self.quiet)
                await self.do(upstream, "cut_now")
                if not self.asks_again():
                    _, error = await connection.failure("upstream cut the connection", within=self.patience)
                    check_broken(error, "upstream cut the connection")
            cursor = first[-1].cursor
            async with self.connected(upstream, feed=feed, cursor=cursor) as connection:
                connection.listen()
                await play(upstream, self.messages[1])
                got = await connection.take(len(told.groups[1]), "message 2, after a cut connection")
                self.compare(got, told.groups[1], "message 2, after a cut connection")

    @pytest.mark.asyncio
    @needs("cut")
    async def test_half_a_message_is_never_told_and_is_asked_for_again(self) -> None:
        """A connection that is cut in the midst of a message raises FeedBroken and loses what cannot be had again."""
        told = await self.told()
        async with self.upstream() as upstream:
            feed = self.feed(upstream)
            await self.do(upstream, "cut", after=1)
            async with self.connected(upstream, feed=feed) as connection:
                connection.listen()
                await play(upstream, self.messages[0])
                got, error = await connection.failure("upstream was cut in mid-message", within=self.patience)
                check_broken(error, "upstream was cut in mid-message")
            for more in got[len(told.groups[0]) :]:
                complain(
                    f"half a message became {more.event.type} {more.event.data}",
                    "an event is made of a whole message only: what the connection's end left unfinished is dropped",
                )
            self.compare(got, told.groups[0][: len(got)], "message 1")
            cursor = got[-1].cursor if got else None
            rest = told.groups[1:] if got else told.groups
            async with self.connected(upstream, feed=feed, cursor=cursor) as connection:
                for number, group in enumerate(rest, 1):
                    connection.listen()
                    if got or number > 1:
                        await play(upstream, self.messages[len(told.groups) - len(rest) + number - 1])
                    name = f"message {number} after one that was cut in half"
                    self.compare(await connection.take(len(group), name), group, name)


def check_broken(error: Exception, why: str) -> None:
    """
    See that the hub will try again.

    Raises:
        Nonconforming: If it will not.

    """
    if not isinstance(error, FeedBroken):
        complain(
            f"{why}, and the feed raised {type(error).__name__}: {error}",
            "raise FeedBroken: after FeedFailed the hub does not come back by itself",
            error,
        )


def _cuts(count: int) -> list[int]:
    """Give the numbers of events after which to cut: all of few, some of many."""
    return sorted({*range(1, min(count, 4)), count // 2, count - 1, count} - {0})
