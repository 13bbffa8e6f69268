"""A session without a hub: a test says what comes in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any

import msgspec
from textual.strip import Strip

from collab_dash.board import Board, Page, Pane
from collab_dash.doc.sync import Kind, read_presence
from collab_dash.doc.sync import read as read_message
from collab_dash.errors import RequestRefused
from collab_dash.event import Event
from collab_dash.glance import Glance
from collab_dash.identity import Identity
from collab_dash.peer.awareness import Awareness
from collab_dash.peer.replica import Replica
from collab_dash.peer.session import Events, Joined, Session, Update
from collab_dash.tui.app import BoardApp
from collab_dash.wire import (
    BOARD,
    DENSITY,
    HISTORY,
    INTRODUCE,
    LET_IN,
    LINKS,
    REMOVE,
    RENEW,
    Code,
    Density,
    FeedStatus,
    History,
    Recording,
    SessionStatus,
    Welcome,
)
from tui.fake_document import FakeDocument

NOON = 1_763_820_000_000  # 2025-11-22 14:00:00 UTC


def welcome(**changes: Any) -> Welcome:
    """Give a welcome of an editor called ana."""
    facts = {
        "session": "ops-wall", "epoch": "e1", "offset": 0, "role": "host", "client": "c1",
        "recovered": False, "ping": 20.0,
    }  # fmt: skip
    return Welcome(**{**facts, **changes})


def status(**changes: Any) -> SessionStatus:
    """Give the status of a hub that records."""
    return SessionStatus(**{"offset": 0, "rate": 0.0, "db_bytes": 0, "recording": Recording(), **changes})


class FakeSession(Session):
    """
    What the screen gets instead of a joined session.

    Args:
        board: What it answers when asked for the board.
        past: Its log.
        **changes: Fields of its welcome.

    Attributes:
        told: What the screen told the hub.
        said: Where it said that we look.
        shared: The document.
        retries: How often the screen asked to try again at once.
        linked: Whether requests are answered.
        asked: What the screen asked of the log.

    """

    linked = True

    def __init__(self, board: Board, past: Sequence[Event] = (), **changes: Any) -> None:
        self.shared = FakeDocument(board)
        self.welcome = welcome(doc=self.shared.epoch, **changes)
        self.link = "http://127.0.0.1:8765/"
        self.board = self.shared.document.board(board)
        self.past = list(past)
        self.told: list[tuple[str, Any]] = []
        self.said: list[Glance] = []
        self.retries = 0
        self.asked: list[tuple[str, Any]] = []
        self.links: dict[str, str | None] = {"editor": "http://h/#e", "viewer": "http://h/#v"}
        self.updates: asyncio.Queue[Update | Exception | None] = asyncio.Queue()
        self.updates.put_nowait(Joined(self.welcome))
        self.history_open = asyncio.Event()
        self.history_open.set()

    async def __aiter__(self) -> AsyncIterator[Update]:
        while (update := await self.updates.get()) is not None:
            if isinstance(update, Exception):
                raise update
            yield update
            self.updates.task_done()

    async def request(
        self, event: str, data: Any = None, *, timeout: float = 10.0, key: str | None = None
    ) -> msgspec.Raw:
        if event == BOARD:
            return msgspec.Raw(msgspec.json.encode(self.board))
        if event in (HISTORY, DENSITY):
            self.asked.append((event, data))
            await self.history_open.wait()
            if not self.linked:
                raise RequestRefused("not connected to the session just now", code=Code.UNAVAILABLE, retry=True)
            answer = self._history(data) if event == HISTORY else self._density(data)
            return msgspec.Raw(msgspec.json.encode(answer))
        if event == LINKS:
            return msgspec.Raw(msgspec.json.encode(self.links))
        if event in (LET_IN, REMOVE, RENEW):
            self.told.append((event, data))
            self.links = {role: link and f"{link}2" for role, link in self.links.items()}
            return msgspec.Raw(b"null")
        raise RequestRefused("unknown", code="unknown_event")

    def _history(self, query: dict[str, Any]) -> History:
        feeds, types, limit = query.get("feeds"), query.get("types"), query["limit"]
        after, before = query.get("after", -(1 << 60)), query.get("before", 1 << 60)
        forward = "after" in query
        chosen = [
            event
            for event in self.past
            if (feeds is None or event.feed in feeds)
            and (not types or any(fnmatchcase(event.type, glob) for glob in types))
            and after < (event.offset or 0) < before
        ]
        more = len(chosen) > limit
        page = chosen[:limit] if forward else chosen[-limit:]
        edge = page[-1 if forward else 0].offset if more else self.past[-1].offset if self.past else 0
        return History(events=page, more=more, last=edge or 0)

    def _density(self, query: dict[str, Any]) -> Density:
        since, until, buckets = query["since"], query["until"], query["buckets"]
        ends = [since + (until - since) * part // buckets for part in range(buckets + 1)]
        offsets = [max((e.offset or 0 for e in self.past if e.received < end), default=0) for end in ends]
        counts = [sum(a <= event.received < b for event in self.past) for a, b in pairwise(ends)]
        times = [event.received for event in self.past]
        return Density(
            counts=counts, offsets=offsets[1:], first=min(times, default=None), last=max(times, default=None)
        )

    async def tell(self, event: str, data: Any) -> None:
        self.told.append((event, data))

    def share(self, replica: Replica) -> None:
        self.shared.share(replica, self.welcome)

    async def send_message(self, message: bytes) -> bool:
        if (read := read_message(message)).kind is Kind.AWARENESS:
            self.said += [msgspec.json.decode(entry.state, type=Glance) for entry in read_presence(read.payload)]
        elif read.kind is not Kind.ASK_AWARENESS:
            self.shared.take(message)
        return True

    def attend(self, awareness: Awareness) -> None:
        awareness.joined()

    async def introduce(self, name: str, color: str) -> None:
        self.told.append((INTRODUCE, {"name": name, "color": color}))

    def retry_now(self) -> None:
        self.retries += 1

    def push(self, *updates: Update | Exception | None) -> None:
        """Let updates come in."""
        for update in updates:
            self.updates.put_nowait(update)

    def happen(self, *events: Event) -> None:
        """Let events come in."""
        self.push(Events(list(events)))

    @asynccontextmanager
    async def connect(self, _: Callable[[], None] = lambda: None) -> AsyncIterator[Session]:
        """Be joined."""
        yield self


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: int = NOON) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def board(*panes: Pane, pages: Sequence[Page] = (), feeds: Sequence[str] = ("btc",), label: str = "") -> Board:
    """Give a board of one page with `panes`, and more pages."""
    return Board(
        session="ops-wall", pages=(Page(title="Overview", panes=panes), *pages), feeds=tuple(feeds), label=label
    )


def tick(offset: int, price: float, key: str = "BTC-USD", feed: str = "btc", **data: Any) -> Event:
    """Give a price, one second after the one before."""
    at = NOON - 60_000 + offset * 1000
    return Event(
        offset=offset, feed=feed, type="ticker:update", key=key, time=at, received=at, data={"price": price, **data}
    )


def live(feed: str = "btc", **changes: Any) -> FeedStatus:
    """Give the status of a feed that is well."""
    return FeedStatus(**{"feed": feed, "transport": "websocket", "state": "live", "since": NOON, **changes})


def app_of(session: FakeSession, clock: Clock | None = None, **options: Any) -> BoardApp:
    """Give the program, joined to `session`."""
    you = Identity(secret="of-ana", name="ana", color="teal")
    return BoardApp(session.connect, you, clock=clock or Clock(), **options)


def screen_strips(app: BoardApp) -> list[Strip]:
    """Give the lines that are on screen."""
    app.live.frames.flush()
    return app.screen._compositor.render_strips()[: app.size.height]


def screen_text(app: BoardApp) -> str:
    """Give what is on screen, without colours."""
    return "\n".join("".join(segment.text for segment in strip) for strip in screen_strips(app))
