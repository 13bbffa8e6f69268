"""What the tests of feeds of one source share: its samples, mutations of them, and what becomes of those."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from collab_dash.errors import FeedError
from collab_dash.event import Event, is_event_type, record
from collab_dash.feed import Feed, FeedContext
from collab_dash.filter import compile_expression
from collab_dash.testing import ReplicaServer, collect

SURPRISES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**30,
    -(10**30),
    "",
    "NaN",
    "-Infinity",
    "1e999",
    "1_0",
    float("nan"),
    float("inf"),
    "RAW 1e999",
    "x" * 5000,
    "\x1b]0;x\x07\u202e",
    [],
    [None],
    {},
    {"a": {"b": [None, {"c": None}]}},
]
NOT_MESSAGES = [
    "not json",
    "",
    "null",
    "5",
    "1e999",
    "NaN",
    '"text"',
    "[]",
    "[1]",
    "{}",
    '{"a":{"b":null}}',
    "[" * 5000,
    '{"half":',
]


def samples(name: str) -> Any:
    """Give a source's messages."""
    return json.loads((Path(__file__).parent / "feeds" / "samples" / f"{name}.json").read_text())


def outcome(plugin: type[Feed[Any]], messages: Iterable[Any], *, subscribe: int = 0, **options: Any) -> list[Event]:
    """
    Give the events of one connection to a source that says `messages` and ends; nothing but a FeedError ends it.

    Args:
        plugin: The feed's class.
        messages: What the source says.
        subscribe: How many messages the feed sends first.
        options: The feed's options.

    """

    async def listen() -> list[Event]:
        events: list[Event] = []
        async with asyncio.timeout(10), ReplicaServer(messages, end=True, subscribe=subscribe) as upstream:
            feed = plugin.configure({"url": upstream.ws_url} | options)
            with suppress(FeedError):
                async for event in feed.events(FeedContext(name="f")):
                    events.append(event)
        return events

    return asyncio.run(listen())


async def events_of(plugin: type[Feed[Any]], messages: Iterable[Any], count: int, **options: Any) -> list[Event]:
    """Give the first events of a feed that is told `messages`."""
    async with ReplicaServer(messages) as upstream:
        return await collect(plugin.configure({"url": upstream.ws_url} | options), FeedContext(name="f"), count)


async def failure_of(plugin: type[Feed[Any]], messages: Sequence[Any], **options: Any) -> FeedError:
    """Give the error that ends a connection to a source that says `messages` and stays."""
    async with ReplicaServer(messages) as upstream:
        feed = plugin.configure({"url": upstream.ws_url} | options)
        with pytest.raises(FeedError) as caught:
            await collect(feed, FeedContext(name="f"), len(messages) + 1)
    return caught.value


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the path of every part of a message, the whole first."""
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    return [path, *(place for name, part in inner for place in places(part, (*path, name)))]


@st.composite
def mutated(draw: st.DrawFn, messages: Sequence[Any]) -> str:
    """Draw one of `messages` as JSON, with some of its parts taken away or replaced."""
    message = copy.deepcopy(draw(st.sampled_from(messages)))
    for _ in range(draw(st.integers(1, 3))):
        inner = places(message)[1:]
        if not inner:
            break
        *path, last = draw(st.sampled_from(inner))
        holder = message
        for name in path:
            holder = holder[name]
        if draw(st.booleans()):
            del holder[last]
        else:
            holder[last] = copy.deepcopy(draw(st.sampled_from(SURPRISES)))
    return json.dumps(message).replace('"RAW 1e999"', "1e999")


def check_recordable(events: Iterable[Event]) -> None:
    """See that each event can be recorded as it is."""
    for event in events:
        assert is_event_type(event.type)
        assert event.key is None or len(event.key) <= 4096
        record(event, feed="f", received=1)


def check_pane(plugin: type[Feed[Any]], events: Iterable[Event]) -> None:
    """See that a feed's pane shows its events: every column finds something in one of them."""
    pane = plugin.pane
    events = [event for event in events if not pane.types or any(fnmatch(event.type, glob) for glob in pane.types)]
    assert pane.columns
    for column in pane.columns:
        source = column.removeprefix("spark(").removesuffix(")")
        if source in ("time", "age", "key", "type"):
            value = {"age": "time"}.get(source, source)
            assert any(getattr(event, value) is not None for event in events), column
        else:
            assert any(compile_expression(source)(event) not in (None, "") for event in events), column
