"""Feeds of every kind pass the kit: streams, documents, and those that are on no network."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from collab_dash.event import Event
from collab_dash.testing import NO_FAULTS, FeedConformance, ReplicaServer
from collab_dash.transports import Message
from collab_dash_feeds.demo import DemoFeed
from collab_dash_feeds.exec import ExecFeed
from collab_dash_feeds.file import FileFeed
from collab_dash_feeds.long_polling import LongPollingFeed
from collab_dash_feeds.polling import PollingFeed
from collab_dash_feeds.sse import SseFeed
from collab_dash_feeds.stdin import StdinFeed
from collab_dash_feeds.system import SystemFeed
from collab_dash_feeds.websocket import WebSocketFeed
from collab_dash_feeds.wikimedia import WikimediaFeed

NUMBERS = tuple({"id": str(number), "n": number} for number in range(4))
SAMPLES = Path(__file__).parent.parent / "feeds" / "samples"


def samples(name: str) -> list[Any]:
    return list(json.loads((SAMPLES / f"{name}.json").read_text()))


class TestWebSocket(FeedConformance):
    plugin = WebSocketFeed
    messages = NUMBERS

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.ws_url}


class TestSse(FeedConformance):
    plugin = SseFeed
    messages = ([{"n": 1}, {"n": 2}, {"n": 3}], [{"n": 4}], [{"n": 5}, {"n": 6}])
    malformed = ("{", b"\xff\xfe")
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.sse_url, "silence": 10, "items": "[]"}


class TestPolling(FeedConformance):
    plugin = PollingFeed
    messages = tuple([item, {"more": number}] for number, item in enumerate(NUMBERS))
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.poll_url, "interval": 0.1, "items": "[]"}


class TestLongPolling(FeedConformance):
    plugin = LongPollingFeed
    messages = NUMBERS
    malformed = ()  # the replica wraps all that it plays into good JSON
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.long_poll_url, "items": "items"}


class TestWikimedia(FeedConformance):
    plugin = WikimediaFeed
    messages = tuple(
        Message(json.dumps({**samples("wikimedia")[0]["data"], "title": title}), "message", title) for title in "abc"
    )
    malformed = ("{", "{}", "[1]")
    resumes = True

    def options(self, upstream: ReplicaServer) -> dict[str, Any]:
        return {"url": upstream.url}


class TestFile(FeedConformance):
    plugin = FileFeed
    messages = ("one", "two", "three")
    malformed = ()  # any line is an event
    faults = NO_FAULTS
    resumes = True

    @pytest.fixture(autouse=True)
    def _in_folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "app.log"

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[LineFile]:
        yield LineFile(self.path)

    def options(self, upstream: LineFile) -> dict[str, Any]:
        return {"path": str(upstream.path), "from": "start"}


class LineFile:
    """A file that grows."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def play(self, *messages: str) -> None:
        with self.path.open("a") as file:
            file.writelines(f"{message}\n" for message in messages)


class Pipe:
    """What a program reads at the other end of a pipe."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()

    def play(self, *messages: str) -> None:
        os.write(self.writing, "".join(f"{message}\n" for message in messages).encode())

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Pipe]:
        yield self
        os.close(self.reading)
        os.close(self.writing)


class TestStdin(FeedConformance):
    plugin = StdinFeed
    messages = ("one", "two", "three")
    malformed = ()  # any line is an event
    faults = NO_FAULTS

    def upstream(self) -> AbstractAsyncContextManager[Pipe]:
        return Pipe().opened()

    def options(self, upstream: Pipe) -> dict[str, Any]:
        return {"fd": upstream.reading}


class TestExec(FeedConformance):
    plugin = ExecFeed
    messages = ('{"n":1}', '{"n":2}', '{"n":3}')
    malformed = ("{",)
    faults = NO_FAULTS

    @pytest.fixture(autouse=True)
    def _in_folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "pipe"

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Pipe]:
        """Hold a named pipe open, so that its reader meets no end."""
        os.mkfifo(self.path)
        pipe = Pipe()
        os.close(pipe.writing)
        pipe.writing = os.open(self.path, os.O_RDWR)
        async with pipe.opened():
            yield pipe
        self.path.unlink()

    def options(self, upstream: Pipe) -> dict[str, Any]:
        return {"command": ["cat", str(self.path)], "format": "json"}


class Nothing:
    """The other end of a feed that speaks by itself."""

    def play(self, *messages: None) -> None:
        assert set(messages) <= {None}


class BySelf(FeedConformance):
    messages = (None, None, None)
    malformed = ()
    faults = NO_FAULTS

    @asynccontextmanager
    async def upstream(self) -> AsyncIterator[Nothing]:
        yield Nothing()


class TestSystem(BySelf):
    plugin = SystemFeed
    quiet = 0.05

    def options(self, upstream: Nothing) -> dict[str, Any]:
        return {"interval": 0.2, "processes": 0}

    def identity(self, event: Event) -> Any:
        return event.type


class TestDemo(BySelf):
    plugin = DemoFeed
    resumes = True

    def options(self, upstream: Nothing) -> dict[str, Any]:
        return {"stream": "log", "rate": 20}
