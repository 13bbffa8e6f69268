"""A board full of made-up events, the same every time."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from collab_dash.board import Board, Page, Pane
from collab_dash.event import Event
from collab_dash.peer.session import People
from collab_dash.wire import FeedStatus, Person
from tui.fake_session import NOON, FakeSession, status

BOARD = Board(
    session="ops-wall",
    label="DEMO",
    feeds=("market", "quakes", "edits", "applog", "host", "status"),
    pages=(
        Page(
            title="Overview",
            panes=(
                Pane(
                    feeds=("market",), view="table", title="Markets", width=5, height=3,
                    columns=("key", "price", "change_24h", "spark(price)", "age"),
                ),
                Pane(feeds=("market",), view="line", title="BTC-USD", key="BTC-USD", field="price", width=4),
                Pane(feeds=("host",), view="stat", title="This machine", field="percent", unit="%", width=3),
                Pane(
                    feeds=("edits",), view="log", title="Wikipedia edits", width=6, height=3,
                    columns=("time", "wiki", "user", "delta", "title"),
                ),
                Pane(feeds=("edits",), view="bars", title="Top wikis", by="wiki", width=3),
                Pane(view="feeds", width=3),
                Pane(
                    feeds=("quakes",), view="table", title="Quakes", width=5, height=2,
                    columns=("time", "mag", "place", "depth"),
                ),
                Pane(feeds=("applog",), view="log", title="Application log", width=4),
                Pane(view="people", width=3),
            ),
        ),
        Page(title="Markets", panes=(Pane(feeds=("market",), view="line", field="price", width=12),)),
        Page(title="Raw", panes=(Pane(feeds=("edits",), view="json", width=6), Pane(feeds=("status",)))),
    ),
)  # fmt: skip

_PRICES = {
    "BTC-USD": 84_737.58, "ETH-USD": 2_616.26, "SOL-USD": 143.07,
    "DOGE-USD": 0.2119, "ALGO-USD": 0.1311, "USDT-USD": 0.99981,
    "LINK-USD": 13.42, "LTC-USD": 84.1, "ADA-USD": 0.5523, "XRP-USD": 2.041,
}  # fmt: skip
_WIKIS = ["wikidata"] * 9 + ["commons"] * 5 + ["enwiki"] * 4 + ["dewiki", "frwiki", "jawiki", "eswiki"]
TITLES = ("Q18846", "Toll road", "Köln", "東京タワー", "Perovskite solar cell", "Lyon", "قهوة عربية", "Madrid", "Aÿ")
_PLACES = ["37km NW Taron, PNG", "11km SSE Volcano, HI", "8km NNW The Geysers, CA", "22km W Anchorage, AK"]
_LINES = [
    ("info", "GET /orders 200 in 12 ms"), ("info", "worker 3 took job 8812"), ("warning", "pool is at 18 of 20"),
    ("info", "GET /health 200 in 1 ms"), ("error", "payment 5521: upstream timed out after 5.0 s"),
]  # fmt: skip


def _raw(seconds: int, titles: Sequence[str]) -> Iterator[tuple[int, str, str, str | None, dict[str, Any]]]:
    chance = random.Random(7)
    for second in range(seconds):
        at = NOON - (seconds - second) * 1000
        for index, (key, price) in enumerate(_PRICES.items()):
            if (second + index) % 3:
                continue
            wave = math.sin(second / 70 + index) + 0.4 * math.sin(second / 19) + 0.12 * chance.random()
            change = round((wave + 3 - index % 7) * 1.4, 2)
            scale = 0.0002 if key.startswith("USDT") else 0.004
            places = 2 if price > 10 else 5
            yield at + 100 * index, "market", "ticker:update", key, {
                "price": round(price * (1 + wave * scale), places), "change_24h": change,
            }  # fmt: skip
        for _ in range(chance.randrange(1, 4)):
            bot = chance.random() < 0.4
            yield at + chance.randrange(900), "edits", "page:edit", None, {
                "wiki": chance.choice(_WIKIS), "user": chance.choice(["Ana", "Bo", "CyBot", "~2026-4711"]),
                "delta": chance.randrange(-300, 900), "title": chance.choice(titles), "bot": bot,
            }  # fmt: skip
        if second % 2 == 0:
            yield at, "host", "host:load", "cpu", {"percent": round(30 + 18 * math.sin(second / 23), 1)}
            yield at, "host", "host:load", "memory", {"percent": round(61 + 2 * math.sin(second / 90), 1)}
        if second % 5 == 0:
            level, line = _LINES[second // 5 % len(_LINES)]
            yield at + 400, "applog", "log:line", None, {"level": level, "message": line}
        if second % 150 == 20:
            yield at, "quakes", "quake:create", f"us{second}", {
                "mag": round(1 + 3.8 * chance.random(), 1), "place": _PLACES[second // 150 % 4],
                "depth": chance.randrange(1, 63),
            }  # fmt: skip


def sample_events(seconds: int = 900, titles: Sequence[str] = TITLES) -> list[Event]:
    """Give some minutes of events that end at noon."""
    return [
        Event(offset=offset, feed=feed, type=name, key=key, time=at, received=at, data=data)
        for offset, (at, feed, name, key, data) in enumerate(sorted(_raw(seconds, titles), key=lambda raw: raw[0]), 1)
    ]


def later_events(seconds: int = 150) -> list[Event]:
    """Give events that come after those of `sample_events`, all at noon."""
    first = 100_000
    return [
        msgspec.structs.replace(event, offset=first + index, time=NOON, received=NOON)
        for index, event in enumerate(sample_events(seconds))
    ]


def fallen_back() -> list[FeedStatus]:
    """Give the state of two feeds of the sample session: one had to take another transport, one tells too much."""
    edits = FeedStatus(feed="edits", plugin="demo", transport="polling", state="live", since=NOON - 900_000)
    market = FeedStatus(feed="market", plugin="demo", transport="websocket", state="live", since=NOON - 900_000)
    return [
        msgspec.structs.replace(edits, fallback="sse: no sign of life for 60 s", rate=7.0, last_event=NOON),
        msgspec.structs.replace(market, left_out=3120, rate=2000.0, last_event=NOON),
    ]


def sample_session(titles: Sequence[str] = TITLES, **changes: Any) -> FakeSession:
    """Give a session in the middle of things."""
    events = sample_events(titles=titles)
    session = FakeSession(BOARD, events, offset=len(events), **changes)
    last = {event.feed: event.received for event in events}
    fine = {"market": ("websocket", 12.0, ""), "edits": ("sse", 41.0, ""), "host": ("local", 1.0, ""),
            "quakes": ("polling", 0.007, "next poll in 31 s"), "applog": ("exec", 0.2, "")}  # fmt: skip
    for name, (transport, rate, note) in fine.items():
        session.push(
            FeedStatus(
                feed=name,
                plugin="demo",
                transport=transport,
                state="live",
                since=NOON - 900_000,
                rate=rate,
                note=note,
                events=4711,
                last_event=last[name],
            )
        )
    session.push(
        FeedStatus(
            feed="status", plugin="polling", transport="polling", state="waiting", since=NOON - 6000, attempt=3,
            reason="429 Too Many Requests", retry_at=NOON + 54_000, hint="slow down",
        ),
        status(offset=len(events), rate=54.2, db_bytes=214_000_000),
        People([
            Person(client="c1", name="ana", role="host", page="Overview", pane="1 Markets", since=NOON, color="teal"),
            Person(
                client="c2", name="bo", role="editor", page="Overview", pane="7 Quakes", since=NOON, color="orange",
                key="us620", offset=1,
            ),
            Person(
                client="c3", name="cy", role="viewer", page="Overview", pane="5 Top wikis", since=NOON, color="red",
                follows="c2", time=NOON - 120_000, away=True,
            ),
        ]),
    )  # fmt: skip
    return session
