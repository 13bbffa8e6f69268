"""Checks of how a feed takes a source in trouble."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pydantic
import pytest

from ..errors import FeedError
from ..event import REJECTED
from .checks_cursor import check_broken
from .connection import complain
from .subject import Subject, needs

_MANY = 50
_PRIVATE = "tell-nobody"
_RETRY_AFTER = 7.0
_LATE = 3.0  # seconds: a closing handshake may wait for an answer that never comes


def _with_secret(value: Any) -> Any:
    is_address = isinstance(value, str) and re.match(r"(https?|wss?)://", value)
    return f"{value}{'&' if '?' in value else '?'}key={_PRIVATE}" if is_address else value


class FaultChecks(Subject):
    """Trouble upstream is told in words, in time, and never by a traceback."""

    @pytest.mark.asyncio
    @needs("refuse")
    async def test_a_refused_connection_is_broken(self) -> None:
        """A source that is restarted is tried again."""
        async with self.upstream() as upstream:
            feed = self.feed(upstream)
            await self.do(upstream, "refuse")
            check_broken(await self._trouble(upstream, "upstream refuses connections", feed=feed), "it was refused")

    @pytest.mark.asyncio
    @needs("refuse")
    async def test_its_errors_hold_no_secrets(self) -> None:
        """A key in the query of an address is in no error that people see."""
        async with self.upstream() as upstream:
            options = {name: _with_secret(value) for name, value in self.options(upstream).items()}
            try:
                feed = self.plugin.configure(options)
            except pydantic.ValidationError:
                return  # no address with a query is taken, so none is shown
            await self.do(upstream, "refuse")
            error = await self._trouble(upstream, "upstream refuses connections", feed=feed)
        if _PRIVATE in f"{error} {error.hint}":
            complain(
                f"an error shows the query of an address: {error}", "collab_dash.transports.http.shown leaves it out"
            )

    @pytest.mark.asyncio
    @needs("answer")
    async def test_too_many_requests_are_broken_for_as_long_as_upstream_asks(self) -> None:
        """Status 429 with ``Retry-After`` becomes FeedBroken with ``retry_after``."""
        async with self.upstream() as upstream:
            await self.do(upstream, "answer", 429, headers={"Retry-After": f"{_RETRY_AFTER:.0f}"}, times=_MANY)
            error = await self._trouble(upstream, "upstream answers 429")
            check_broken(error, "upstream answers 429")
            pause = getattr(error, "retry_after", None)
            if pause != _RETRY_AFTER:
                complain(
                    f"upstream asked for a pause of {_RETRY_AFTER:g} s, and retry_after is {pause}",
                    "raise FeedBroken(…, retry_after=seconds); collab_dash.transports.http.status_error does",
                )

    @pytest.mark.asyncio
    @needs("answer")
    async def test_a_source_with_trouble_of_its_own_is_broken(self) -> None:
        """Status 503 is tried again."""
        async with self.upstream() as upstream:
            await self.do(upstream, "answer", 503, times=_MANY)
            check_broken(await self._trouble(upstream, "upstream answers 503"), "upstream answers 503")

    @pytest.mark.asyncio
    @needs("answer_html")
    async def test_a_web_page_in_the_place_of_data_is_an_error(self) -> None:
        """What a captive portal answers is no event."""
        async with self.upstream() as upstream:
            await self.do(upstream, "answer_html", times=_MANY)
            await self._trouble(upstream, "upstream answers with a web page")

    @pytest.mark.asyncio
    @needs("answer_garbage")
    async def test_garbage_in_the_place_of_an_answer_is_an_error(self) -> None:
        """Bytes that are no protocol raise nothing but a feed's errors."""
        async with self.upstream() as upstream:
            await self.do(upstream, "answer_garbage", times=_MANY)
            await self._trouble(upstream, "upstream answers with garbage")

    @pytest.mark.asyncio
    @needs("never_answer")
    async def test_a_source_that_never_answers_is_noticed(self) -> None:
        """A host that died with the connection half-open: as below."""
        await self._noticed("never_answer")

    @pytest.mark.asyncio
    @needs("go_silent")
    async def test_a_source_that_falls_silent_is_noticed(self) -> None:
        """It raises in time, or has a ``silence`` after which the hub ends it; then it ends soon."""
        await self._noticed("go_silent")

    async def _noticed(self, fault: str) -> None:
        async with self.upstream() as upstream:
            feed = self.feed(upstream)
            await self.do(upstream, fault, times=_MANY)
            async with self.connected(upstream, feed=feed, within=_LATE) as connection:
                waiting = connection.listen()
                await asyncio.wait({waiting}, timeout=0.1)
                if waiting.done():
                    await connection.failure("upstream says nothing", within=self.patience)
                elif feed.silence is None and not self.asks_again() and not self.notices_silence:
                    complain(
                        "upstream says nothing, the feed waits, and nobody will ever notice: silence is None",
                        "set silence = SECONDS, and call context.note() at signs of life that are no events; "
                        "or declare notices_silence on the test class",
                    )

    async def _trouble(self, upstream: Any, why: str, **connected: Any) -> FeedError:
        async with self.connected(upstream, **connected) as connection:
            connection.listen()
            got, error = await connection.failure(why, within=self.patience)
        for taken in got:
            if taken.event.type != REJECTED:
                complain(f"{why}, and the feed told {taken.event.type}", "only what the source says is an event")
        return error
