"""What becomes of a good feed when its author forgets something."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

import httpx
from pydantic import ConfigDict

from collab_dash import Event, Feed, FeedContext, FeedOptions
from collab_dash.board import Pane
from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.event import rejected
from collab_dash.transports import Message, sse
from testing.ticks_feed import TicksFeed, TicksOptions, ticks


class NoSummary(TicksFeed):
    summary = " "


class OddTransport(TicksFeed):
    transport = "Carrier pigeon"


class UnknownView(TicksFeed):
    pane = Pane(view="hologram")


class OddTypes(TicksFeed):
    pane = Pane(view="table", types=("Ticks",))


class UndescribedOptions(TicksOptions):
    speed: int = 1


class UndescribedOption(TicksFeed, Feed[UndescribedOptions]):
    @classmethod
    def options_model(cls) -> type[FeedOptions]:
        return UndescribedOptions


class LenientOptions(TicksOptions):
    model_config = ConfigDict(extra="ignore", frozen=True)


class LenientFeed(TicksFeed):
    @classmethod
    def options_model(cls) -> type[FeedOptions]:
        return LenientOptions


class NeverSilent(TicksFeed):
    silence = -1.0


class OddOverflow(TicksFeed):
    overflow = "spill"  # type: ignore[assignment]  # that is the fault


class Presumptuous(TicksFeed):
    @classmethod
    def configure(cls, options: Mapping[str, Any]) -> Feed[Any]:
        return super().configure({"url": "http://127.0.0.1", **options})


class Blames(TicksFeed):
    @classmethod
    def configure(cls, options: Mapping[str, Any]) -> Feed[Any]:
        if "url" not in options:
            raise KeyError("url")
        return super().configure(options)


class IllegalType(TicksFeed):
    def event(self, tick: dict[str, Any]) -> Event:
        return Event(type="Tick", data=tick)


class NumberAsKey(TicksFeed):
    def event(self, tick: dict[str, Any]) -> Event:
        return Event(type="tick:create", key=tick["n"], data=tick)


class TimeInSeconds(TicksFeed):
    def event(self, tick: dict[str, Any]) -> Event:
        return Event(type="tick:create", time=tick["time"] // 1000, data=tick)


class FractionalTime(TicksFeed):
    def event(self, tick: dict[str, Any]) -> Event:
        return Event(type="tick:create", time=tick["time"] / 1, data=tick)


class NotJson(TicksFeed):
    def event(self, tick: dict[str, Any]) -> Event:
        return Event(type="tick:create", data={"n": object()})


class NotAnObject(TicksFeed):
    def event(self, tick: dict[str, Any]) -> Event:
        return Event(type="tick:create", data=[tick])  # type: ignore[arg-type]  # that is the fault


class RejectsAll(TicksFeed):
    def event(self, tick: dict[str, Any]) -> Event:
        return rejected("no", "")


class NotAnEvent(TicksFeed):
    def event(self, tick: dict[str, Any]) -> Event:
        return tick  # type: ignore[return-value]  # that is the fault


class Deaf(TicksFeed):
    def read(self, message: Message) -> list[Event]:
        return []


class OneBehind(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        held = None
        async with sse.connect(self.options.url, cursor=context.cursor) as messages:
            async for message in messages:
                if held is not None:
                    yield self.read(held)[0]
                held = message


class CrashesOnMalformed(TicksFeed):
    def read(self, message: Message) -> list[Event]:
        return [self.event(tick) for tick in json.loads(message.data)]


class DropsMalformed(TicksFeed):
    def read(self, message: Message) -> list[Event]:
        return [event for event in super().read(message) if event.type == "tick:create"]


class BreaksOnMalformed(TicksFeed):
    def read(self, message: Message) -> list[Event]:
        try:
            return CrashesOnMalformed.read(self, message)  # type: ignore[arg-type]  # it needs no more of self
        except ValueError:
            raise FeedBroken("not JSON") from None


class TakesMalformed(TicksFeed):
    def read(self, message: Message) -> list[Event]:
        events = super().read(message)
        return [Event(type="tick:create", data={}) if event.type == "feed:rejected" else event for event in events]


class Poisoned(TicksFeed):
    """What it could not read stays in its mind."""

    sick = 0

    def read(self, message: Message) -> list[Event]:
        events = super().read(message)
        self.sick += events[0].type == "feed:rejected"
        return [Event(type=event.type, key=event.key, data={**event.data, "n": self.sick}) for event in events]


class InsistsOnOrder(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        last = 0
        async for event in super().events(context):
            if event.data.get("n", last) < last:
                raise ValueError("out of order")
            last = event.data.get("n", last)
            yield event


class BelievesTheClock(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        last = context.clock()
        async for event in super().events(context):
            if context.clock() >= last:
                yield event


class IgnoresTheCursor(TicksFeed):
    def cursor(self, context: FeedContext) -> str | None:
        return None


class CursorTooEarly(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        async with sse.connect(self.options.url, cursor=context.cursor, note=context.note) as messages:
            async for message in messages:
                context.cursor = message.cursor
                for event in self.read(message):
                    yield event


class CursorTooLate(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        async with sse.connect(self.options.url, cursor=context.cursor, note=context.note) as messages:
            async for message in messages:
                for event in self.read(message):
                    yield event
                context.cursor = message.cursor


class NoCursor(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        async with sse.connect(self.options.url, note=context.note) as messages:
            async for message in messages:
                for event in self.read(message):
                    yield event


class Forgetful(TicksFeed):
    """It knows in memory where it was, which a hub that is started again does not."""

    def __init__(self, options: TicksOptions) -> None:
        super().__init__(options)
        self.last: str | None = None

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        async with sse.connect(self.options.url, cursor=self.last, note=context.note) as messages:
            async for message in messages:
                self.last = message.cursor
                for event in context.carry(self.read(message), message.cursor):
                    yield event


class DifferentEachTime(TicksFeed):
    told: ClassVar[int] = 0

    def event(self, tick: dict[str, Any]) -> Event:
        type(self).told += 1
        return Event(type="tick:create", data={"told": self.told})


class Replays(TicksFeed):
    """It keeps what it told, and tells it to whoever connects next."""

    kept: ClassVar[list[Event]] = []

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        for event in self.kept:
            yield event
        async for event in super().events(context):
            self.kept.append(event)
            yield event


class Stubborn(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            await asyncio.sleep(0.05)
        async for event in super().events(context):
            yield event


class TellsTheLastAgain(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        if context.cursor == "3":
            yield self.event(ticks(5)[0])
        async for event in super().events(context):
            yield event


class SwallowsCancellation(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        while True:
            try:
                async for event in super().events(context):
                    yield event
            except asyncio.CancelledError:
                return


class TakesItsTime(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        try:
            async for event in super().events(context):
                yield event
        finally:
            await asyncio.sleep(0.8)


class YieldsAtTheEnd(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        try:
            async for event in super().events(context):
                yield event
        finally:
            yield Event(type="tick:end", data={})


class LeavesATask(TicksFeed):
    tasks: ClassVar[list[asyncio.Task[None]]] = []

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        self.tasks.append(asyncio.create_task(asyncio.sleep(3)))
        async for event in super().events(context):
            yield event


class LeavesAConnection(TicksFeed):
    writers: ClassVar[list[asyncio.StreamWriter]] = []

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        port = httpx.URL(self.options.url).port
        self.writers.append((await asyncio.open_connection("127.0.0.1", port))[1])
        async for event in super().events(context):
            yield event


class NoGenerator(TicksFeed):
    def events(self, context: FeedContext) -> AsyncIterator[Event]:
        class Events:
            def __aiter__(self) -> AsyncIterator[Event]:
                return self

            async def __anext__(self) -> Event:
                return Event(type="tick:create", data={})

        return Events()


class ConnectsAgain(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        while True:
            try:
                async for event in super().events(context):
                    yield event
            except FeedBroken:
                await asyncio.sleep(0.01)


class EndsQuietly(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        try:
            async for event in super().events(context):
                yield event
        except FeedError:
            return


class GivesUp(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        try:
            async for event in super().events(context):
                yield event
        except FeedBroken as error:
            raise FeedFailed(str(error)) from error


class ShowsItsAddress(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        try:
            async for event in super().events(context):
                yield event
        except FeedBroken as error:
            raise FeedBroken(f"cannot reach {self.options.url}") from error


class ForgetsThePause(TicksFeed):
    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        try:
            async for event in super().events(context):
                yield event
        except FeedBroken as error:
            raise FeedBroken(str(error)) from error


class OwnClient(TicksFeed):
    """It speaks HTTP by itself, and so takes the errors of its library for the hub's."""

    silence: float | None = None

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        headers = {"Accept": "text/event-stream"}
        async with (
            httpx.AsyncClient(timeout=None) as client,
            client.stream("GET", self.options.url, headers=headers) as response,
        ):
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    for event in self.read(Message(line.removeprefix("data: "))):
                        yield event
                elif line.startswith("<"):
                    yield Event(type="tick:page", data={"html": line})
        raise FeedBroken("it ended")
