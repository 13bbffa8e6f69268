"""What no source should send, by every way a message comes: kept, bounded, harmless, and the next one is read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from collab_dash.event import MAX_EVENT_BYTES, RAW_EXCERPT_BYTES, REJECTED, Event, encode, record_or_reject
from collab_dash.feed import Feed, FeedContext
from collab_dash.plugins import load
from collab_dash.testing import ReplicaServer, collect

ESCAPES = "\x1b]0;owned\x07\x1b[2J[bold red]not markup[/] \u202e\x9b31m; DROP TABLE events;--"
TEN_MEGABYTES = 10_000_000


class Way(NamedTuple):
    """How one message gets to a feed, and the feed that takes it."""

    plugin: str
    address: Callable[[ReplicaServer], str]
    options: dict[str, Any]

    def feed(self, replica: ReplicaServer) -> Feed[Any]:
        return load(self.plugin).configure({"url": self.address(replica)} | self.options)


WAYS = [
    Way("websocket", lambda replica: replica.ws_url, {}),
    Way("sse", lambda replica: replica.sse_url, {}),
    Way("polling", lambda replica: replica.poll_url, {"interval": 0.1}),
    Way("long-polling", lambda replica: replica.poll_url, {"cursor": "etag"}),
]


async def one_by_one(way: Way, *messages: Any) -> list[dict[str, Any]]:
    """Give what is recorded of messages, each sent once the one before was taken, by one connection."""
    recorded: list[dict[str, Any]] = []
    async with ReplicaServer(messages[:1]) as replica:
        feed, context = way.feed(replica), FeedContext(name="f")
        stream: Any = feed.events(context)
        for message in (*messages[1:], None):
            event: Event = await anext(stream)
            recorded.append(as_recorded(event))
            if message is not None:
                replica.play(message)
        assert len(replica.requests) == 1 or way.plugin.endswith("polling"), "it stayed connected"
        await stream.aclose()
    return recorded


def as_recorded(event: Event) -> dict[str, Any]:
    """Give what the log and every peer get of an event."""
    written = encode(1, record_or_reject(event, feed="f", received=1))
    assert len(written) <= MAX_EVENT_BYTES + 1024
    found: dict[str, Any] = msgspec.json.decode(written)
    return found


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.plugin)
async def test_what_is_not_json_is_kept_with_its_first_two_kibibytes(way: Way) -> None:
    first, second = await one_by_one(way, "oops " + "x" * 5000, {"n": 1})
    assert first["type"] == REJECTED
    assert first["data"]["reason"].startswith("not JSON")
    assert first["data"]["bytes"] == 5005
    assert first["data"]["raw"] == ("oops " + "x" * 5000)[:RAW_EXCERPT_BYTES]
    assert second["data"] == {"n": 1}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.plugin)
async def test_ten_megabytes_are_refused_with_the_reason_and_the_next_is_read(way: Way) -> None:
    first, second = await one_by_one(way, {"pad": "x" * TEN_MEGABYTES}, {"n": 1})
    assert first["type"] == REJECTED
    assert f"over the limit of {MAX_EVENT_BYTES:,}" in first["data"]["reason"]
    assert first["data"]["raw"].startswith('{"pad":"xxx')
    assert len(first["data"]["raw"]) == RAW_EXCERPT_BYTES
    assert second["data"] == {"n": 1}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.plugin)
async def test_invalid_utf_8_is_shown_as_such(way: Way) -> None:
    first, second = await one_by_one(way, b'{"a":"\xff\xfe"}', {"n": 1})
    shown = first["data"]["raw"] if first["type"] == REJECTED else first["data"]["a"]  # a stream is decoded before
    assert "\ufffd" in shown
    assert second["data"] == {"n": 1}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.plugin)
async def test_escape_sequences_and_markup_stay_what_they_are(way: Way) -> None:
    [event] = await one_by_one(way, {"text": ESCAPES, ESCAPES: 1})
    assert event["data"] == {"text": ESCAPES, ESCAPES: 1}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.plugin)
@pytest.mark.parametrize("message", ["7", "[1,2]", '"text"', "null"])
async def test_what_is_no_object_becomes_a_value(way: Way, message: str) -> None:
    [event] = await one_by_one(way, message)
    assert (event["type"], event["data"]) == (f"{way.plugin}:message", {"value": msgspec.json.decode(message)})


LINES = [
    b"oops \x1b]0;owned\x07",
    b"\xff\xfe not text",
    b'{"text": "' + b"x" * TEN_MEGABYTES + b'"}',
    b'{"pad": "' + b"x" * 300_000 + b'"}',
    b'{"half": ',
    b'{"n": 1}',
]


def by_file(tmp_path: Path, data: bytes) -> Feed[Any]:
    (tmp_path / "lines").write_bytes(data)
    return load("file").configure({"path": tmp_path / "lines", "from": "start"})


def by_exec(tmp_path: Path, data: bytes) -> Feed[Any]:
    (tmp_path / "lines").write_bytes(data)
    code = "import shutil, sys; shutil.copyfileobj(open('lines', 'rb'), sys.stdout.buffer)"
    return load("exec").configure({"command": [sys.executable, "-c", code]})


@pytest.mark.parametrize("make", [by_file, by_exec])
async def test_lines_of_every_kind_are_kept_and_the_next_is_read(
    tmp_path: Path, make: Callable[[Path, bytes], Feed[Any]]
) -> None:
    feed = make(tmp_path, b"\n".join(LINES) + b"\n")
    events = await collect(feed, FeedContext(name="f", folder=tmp_path), len(LINES))
    plain, binary, huge, large, half, fine = map(as_recorded, events)
    assert plain["data"] == {"line": "oops \x1b]0;owned\x07"}
    assert binary["data"] == {"line": "\ufffd\ufffd not text"}
    assert (huge["type"], huge["data"]["bytes"], len(huge["data"]["raw"])) == (REJECTED, 10_000_013, RAW_EXCERPT_BYTES)
    assert "line of 10,000,013 bytes" in huge["data"]["reason"]
    assert large["type"] == REJECTED
    assert "over the limit of 262,144" in large["data"]["reason"]
    assert half["data"] == {"line": '{"half": '}
    assert fine["data"] == {"n": 1}
