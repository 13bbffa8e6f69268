"""JSON lines: cut anywhere, ended in any way, of any of the names they go by."""

from __future__ import annotations

import asyncio
import gzip
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken, FeedError, FeedFailed
from collab_dash.transports import json_lines
from collab_dash.transports.json_lines import LineDecoder, LineTooLong
from raw_http import CHUNKED, END, chunk, raw_server, saying, stall, whole
from replicas import failure, take

LINE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x1e \t\ufeff")).map(str.encode)


@given(st.lists(st.tuples(LINE, st.sampled_from([b"\n", b"\r\n"]))), LINE, st.lists(st.integers(0, 200)))
def test_lines_are_the_same_however_they_are_cut(
    lines: list[tuple[bytes, bytes]], rest: bytes, cuts: list[int]
) -> None:
    stream = b"".join(line + end for line, end in lines) + rest
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    decoder = LineDecoder()
    got = [line for at, to in pairwise(places) for line in decoder.feed(stream[at:to])]
    assert got == [line for line, _ in lines]
    assert decoder.end() == rest


def test_what_is_around_a_text_is_no_part_of_it() -> None:
    decoder = LineDecoder()
    assert decoder.feed(b'\xef\xbb\xbf\x1e{"n":1}\n\x1e{"n":2} \r\n \t\r\n\n') == [b'{"n":1}', b'{"n":2}', b"", b""]


@pytest.mark.parametrize("chunks", [[b"x" * 11], [b"x" * 6, b"x" * 5], [b"ok\n", b"x" * 11 + b"\n"]])
def test_a_line_over_the_limit_is_refused_before_it_ends(chunks: list[bytes]) -> None:
    decoder = LineDecoder(max_line=10)
    *before, last = chunks
    for each in before:
        decoder.feed(each)
    with pytest.raises(LineTooLong, match="over 10 bytes"):
        decoder.feed(last)


def test_lines_up_to_the_limit_may_be_many() -> None:
    assert LineDecoder(max_line=10).feed((b"x" * 10 + b"\n") * 50) == [b"x" * 10] * 50


async def lines_of(*parts: bytes) -> tuple[list[bytes], FeedError]:
    async with raw_server(saying(*parts)) as server:
        messages, error = await failure(json_lines.connect(server.url))
    return [bytes(message.data) for message in messages if isinstance(message.data, bytes)], error


async def test_chunks_are_no_lines() -> None:
    parts = [chunk('{"n":1}\n{"n"'), chunk(":2"), chunk('}\r\n\n{"city":"東'.encode()), chunk('京"}\n'.encode())]
    lines, error = await lines_of(CHUNKED, *parts, END)
    assert lines == [b'{"n":1}', b'{"n":2}', '{"city":"東京"}'.encode()]
    assert isinstance(error, FeedBroken)
    assert str(error).endswith("ended the answer")


async def test_an_end_in_order_completes_the_last_line() -> None:
    lines, _ = await lines_of(CHUNKED, chunk('{"n":1}'), END)
    assert lines == [b'{"n":1}']
    lines, _ = await lines_of(whole('{"n":1}', "Content-Type: application/json"))
    assert lines == [b'{"n":1}']


@pytest.mark.parametrize("head", [CHUNKED + b"b\r\n", b"HTTP/1.1 200 OK\r\n\r\n"])
async def test_half_a_line_of_a_broken_answer_is_never_told(head: bytes) -> None:
    lines, error = await lines_of(head, b"[1]\n", b"[2")
    assert lines == [b"[1]"]
    assert isinstance(error, FeedBroken)
    assert "broke off" in str(error)


async def test_what_is_no_json_and_no_utf8_is_passed_on() -> None:
    lines, _ = await lines_of(CHUNKED, chunk(b'{"n":\xff}\nnot json\n'), END)
    assert lines == [b'{"n":\xff}', b"not json"]


async def test_a_compressed_answer_is_unpacked() -> None:
    packed = gzip.compress(b"[1]\n[2]\n")
    lines, _ = await lines_of(whole(packed, "Content-Encoding: gzip", "Content-Type: application/jsonl"))
    assert lines == [b"[1]", b"[2]"]


@pytest.mark.parametrize(
    "kind",
    [
        *("application/x-ndjson", "application/json", "application/json;stream=watch", "application/jsonl"),
        *("application/json-seq", "application/stream+json", "text/plain; charset=utf-8", "application/octet-stream"),
    ],
)
async def test_it_goes_by_many_names(kind: str) -> None:
    lines, _ = await lines_of(whole("[1]\n", f"Content-Type: {kind}"))
    assert lines == [b"[1]"]


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (whole("<!doctype html>", "Content-Type: text/html"), FeedBroken, "answers with a web page"),
        (whole("data: 1\n\n", "Content-Type: text/event-stream"), FeedFailed, "answers text/event-stream, not lines"),
        (whole("x", "Content-Type: image/png"), FeedFailed, "answers image/png, not lines of JSON"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", FeedBroken, "answers 204: it has nothing to say"),
    ],
)
async def test_what_is_no_stream_of_lines_is_refused(answer: bytes, kind: type[FeedError], words: str) -> None:
    lines, error = await lines_of(answer)
    assert not lines
    assert isinstance(error, kind)
    assert words in str(error)
    assert error.hint or "204" in words


async def test_a_line_over_the_limit_is_a_break() -> None:
    async with raw_server(saying(CHUNKED, chunk("[1]\n"), chunk("x" * 200), then=stall)) as server:
        messages, error = await failure(json_lines.connect(server.url, max_line=100))
    assert len(messages) == 1
    assert isinstance(error, FeedBroken)
    assert "a line is over 100 bytes" in str(error)


async def test_blank_lines_and_parts_are_signs_of_life() -> None:
    notes: asyncio.Queue[str] = asyncio.Queue()
    go_on = asyncio.Event()

    async def play(request: object, writer: asyncio.StreamWriter) -> None:
        for part in (CHUNKED, chunk("\n"), chunk("[1,"), chunk("2]\n")):
            writer.write(part)
            await writer.drain()
            await go_on.wait()
            go_on.clear()
        await asyncio.Event().wait()

    async with raw_server(play) as server, asyncio.timeout(10), asyncio.TaskGroup() as group:
        one = group.create_task(take(json_lines.connect(server.url, note=notes.put_nowait), 1))
        for expected in ("connected", "heartbeat", "heartbeat"):
            assert await notes.get() == expected
            go_on.set()
        [message] = await one
    assert message.data == b"[1,2]"


async def test_headers_and_parameters_are_sent_and_the_urls_own_query_is_kept() -> None:
    async with raw_server(saying(CHUNKED, chunk("1\n"), then=stall)) as server:
        url = f"{server.url}/watch?room=a%20b&since=1"
        await take(json_lines.connect(url, headers={"X-Key": "ü"}, params={"since": "2 3"}), 1)
        [request] = server.requests
    assert request.query == {"room": "a b", "since": "2 3"}
    assert request.headers["x-key"].encode("latin-1").decode() == "ü"
    assert request.headers["accept"].startswith("application/x-ndjson")
