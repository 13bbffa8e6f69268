"""
The decoder beside npm's ``eventsource-parser``, which browsers' stand-ins are built on, over awkward streams.

Where that parser departs from the standard, a test says so.
"""

from __future__ import annotations

import json
import random
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from collab_dash.transports.sse_decoder import SseDecoder
from node import SERVERS
from node import _program as program

AWKWARD = [
    b"",
    b"data: a\n\n",
    b"data: a\r\rdata: b\r\n\r\ndata: c\n\n",
    b"data: a\n\rdata: b\r\n\ndata: c\r\n\r",
    b"\r\n\r\n\n\n\r\rdata: a\n\n",
    b"data\n\ndata\ndata\n\ndata:",
    b"data:a\ndata: b\ndata:  c\ndata:\ndata\n\n",
    b"data: YHOO\ndata: +2\ndata: 10\n\n",
    b"event: a\n\ndata: x\n\nevent: b\nevent\ndata: y\n\nevent: c\nevent: d\ndata: z\n\n",
    b"id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\nid: \0\ndata: d\n\n",
    b"id: 1\n\ndata: a\n\nid: 2\nid: 3\n\nid:\n\ndata: b\n\n",
    b"id: 7\nid: a\0b\ndata: x\n\n",
    b"id: never\ndata: complete\n",
    b": comment\n:\n::\ndata: a\n: in between\ndata: b\n\n",
    b"Data: x\nDATA: x\ndata : x\n data: x\ndat: x\ndatas: x\n\n",
    b"retry: 10\nretry: 1e3\nretry: -5\nretry: \nretry:\nretry\nretry:  7\n\n",
    b"retry:0020\r",
    "retry: ٣\n".encode(),
    b"unknown: x\nunknown\n=\ndata: a=b: c\n\n",
    b"\xef\xbb\xbfdata: a\n\ndata: \xef\xbb\xbfb\n\n",
    b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n",
    b"\n\xef\xbb\xbfdata: a\n\ndata: b\n\n",
    b"\xef\xbb",
    "data: größe 東京 😀\nevent: é\nid: ü\n\n".encode(),
    b"data: \xff\xfe\xc0\xaf \xed\xa0\x80 \xf0\x9f\x98 \xe2\x82\n\ndata: \xf4\x90\x80\x80\n\n",
    b"data: a\x0bb\x0cc\x1cd\xc2\x85e\xe2\x80\xa8f\n\n",
    b"data: nul\0inside\n\n",
    b"data: " + b"x" * 70_000 + b"\n\n",
]
PIECES = [
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"data",
        b"data:",
        b"data: ",
        b"id:",
        b"id: ",
        b"id",
        b"event: ",
        b"retry: ",
        b":",
    ),
    *(b"data: x\n\n", b"id: 5\ndata: y\r\n\r\n", b"event: e\rdata\r\r"),
    *(b"x", b" ", b"7", b"\0", b"\xc3\xa9", b"\xf0\x9f\x98\x80", b"\xf0\x9f", b"\xff", b"a: b", b"\xef\xbb\xbf"),
]


def chopped(stream: bytes, draw: random.Random) -> list[bytes]:
    cuts = sorted(draw.randrange(len(stream) + 1) for _ in range(draw.randrange(6)))
    return [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]


def corpus() -> list[list[bytes]]:
    draw = random.Random(9)
    streams = AWKWARD + [b"".join(draw.choices(PIECES, k=draw.randrange(40))) for _ in range(400)]
    byte_by_byte = [[bytes([byte]) for byte in stream] for stream in AWKWARD if len(stream) < 1000]
    return [[stream] for stream in streams] + [chopped(stream, draw) for stream in streams] + byte_by_byte


def theirs(streams: list[list[bytes]], folder: Path) -> list[Any]:
    given = folder / "streams.json"
    given.write_text(json.dumps([[chunk.hex() for chunk in chunks] for chunks in streams]))
    command = [program(), str(SERVERS / "eventsource-parser.mjs"), str(given)]
    told = subprocess.run(command, capture_output=True, check=True, timeout=15)
    heard: list[Any] = json.loads(told.stdout)
    return heard


def ours(chunks: list[bytes]) -> dict[str, Any]:
    decoder = SseDecoder()
    messages = [message for chunk in chunks for message in decoder.feed(chunk)]
    events = [[message.event, message.data, message.cursor] for message in messages]
    return {"events": events, "retry": decoder.retry, "last": decoder.last_event_id}


def test_both_read_the_same_out_of_awkward_streams(tmp_path: Path) -> None:
    streams = corpus()
    for chunks, heard in zip(streams, theirs(streams, tmp_path), strict=True):
        assert ours(chunks) == heard, chunks
    assert sum(len(ours(chunks)["events"]) for chunks in streams) > 500


@pytest.mark.parametrize(
    ("stream", "by_the_standard", "by_the_parser"),
    [
        # It takes a byte order mark that was encoded twice, "ï»¿" as UTF-8, for one; the standard knows U+FEFF alone.
        ("\u00ef\u00bb\u00bfdata: x\n\n".encode(), [], [["message", "x", None]]),
    ],
)
def test_where_the_parser_departs_from_the_standard(
    stream: bytes, by_the_standard: list[Any], by_the_parser: list[Any], tmp_path: Path
) -> None:
    assert ours([stream])["events"] == by_the_standard
    assert theirs([[stream]], tmp_path)[0]["events"] == by_the_parser
