"""Checks of what messages become."""

from __future__ import annotations

from typing import Any

import pytest

from ..errors import FeedBroken
from ..event import REJECTED, Event, Unencodable, is_event_type, record
from .connection import Nonconforming, Taken, complain
from .subject import Subject, applies
from .upstream import play

_EARLIEST, _LATEST = 100_000_000_000, 10_000_000_000_000  # Unix ms: 1973 and 2286


def check_event(event: Any, *, name: str) -> None:
    """
    See that an event can be recorded.

    Args:
        event: As the feed yielded it.
        name: What it came of, for the complaint.

    Raises:
        Nonconforming: If it cannot be.

    """
    is_event = isinstance(event, Event)  # what its fields hold is not known: nothing checked them yet
    if not is_event:
        complain(f"{name} became a {type(event).__name__}", "yield collab_dash.Event objects")
    if not isinstance(event.type, str) or not is_event_type(event.type):
        complain(f"{name}: the event type {event.type!r} is not domain:action", 'such as "ticker:update", lower case')
    if event.key is not None and not isinstance(event.key, str):
        complain(f"{name}: the key {event.key!r} is no text", "key=str(…), or None where there is none")
    if not isinstance(event.data, dict):
        complain(
            f"{name}: data is a {type(event.data).__name__}", "data is a dict: collab_dash.event.as_payload makes one"
        )
    time = event.time
    if time is not None and (type(time) is not int or not _EARLIEST < time < _LATEST):
        complain(f"{name}: the time {time!r} is not in Unix milliseconds", "collab_dash.mapping.as_unix_ms reads times")
    try:
        record(event, feed="conformance", received=1)
    except Unencodable as error:
        complain(f"{name} cannot be recorded: {error}", "data holds what JSON holds, and at most 256 KiB of it", error)


class EventChecks(Subject):
    """Messages become events; what cannot is kept."""

    @pytest.mark.asyncio
    async def test_every_message_becomes_events_that_can_be_recorded(self) -> None:
        """Types are legal, keys are text, times are Unix milliseconds, payloads are JSON."""
        for number, group in enumerate((await self.told()).groups, 1):
            for taken in group:
                check_event(taken.event, name=f"message {number}")
                if taken.event.type == REJECTED:
                    complain(f"message {number} was rejected: {taken.event.data}", "messages holds what can be read")
                if taken.cursor is not None and not isinstance(taken.cursor, str):
                    complain(f"message {number}: the cursor {taken.cursor!r} is no text", "context.cursor = str(…)")

    @pytest.mark.asyncio
    @applies(lambda subject: bool(subject.malformed))
    async def test_malformed_messages_end_nothing(self) -> None:
        """Each is kept as ``feed:rejected``, or ignored where the class says so, and the next message is told."""
        expected = (await self.told()).groups[0]
        for number, message in enumerate(self.malformed, 1):
            name = f"malformed message {number}"
            async with self.upstream() as upstream, self.connected(upstream) as connection:
                connection.listen()
                await play(upstream, message)
                if self.malformed_become == "rejected":
                    [kept] = await connection.take(1, name)
                    self._check_rejected(kept, name)
                connection.listen()
                await play(upstream, self.messages[0])
                got = await connection.take(len(expected), f"{name} and a good one")
                self.compare(got, expected, f"after {name}")

    def _check_rejected(self, kept: Taken, name: str) -> None:
        check_event(kept.event, name=name)
        if kept.event.type != REJECTED:
            complain(
                f"{name} became {kept.event.type} {kept.event.data}",
                "yield collab_dash.event.rejected(reason, raw), or take it out of `malformed` if it may be an event",
            )

    @pytest.mark.asyncio
    async def test_messages_twice_and_out_of_order_end_nothing(self) -> None:
        """A source that repeats itself, or jumbles its messages, may break a connection and raise nothing else."""
        jumbled = [*reversed(self.messages), *self.messages[:2]]
        async with self.upstream() as upstream, self.connected(upstream) as connection:
            for message in jumbled:
                connection.listen()
                await play(upstream, message)
                try:
                    events = await connection.take_while_they_come(self.quiet)
                except Nonconforming as complaint:
                    if isinstance(complaint.__cause__, FeedBroken):
                        return
                    raise
                for taken in events:
                    check_event(taken.event, name="a message out of order")

    @pytest.mark.asyncio
    async def test_a_clock_that_is_set_back_harms_nothing(self) -> None:
        """The same events come while this machine's clock jumps back."""
        told = await self.told()
        async with self.upstream() as upstream, self.connected(upstream, clock=self.reverse_clock()) as connection:
            for number, (message, expected) in enumerate(zip(self.messages, told.groups, strict=True), 1):
                connection.listen()
                await play(upstream, message)
                name = f"message {number} under a clock that is set back"
                got = await connection.take(len(expected), name)
                self.compare(got, expected, name)
                for taken in got:
                    check_event(taken.event, name=name)
