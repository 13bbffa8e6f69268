from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab_dash.errors import FeedBroken, FeedFailed
from collab_dash.event import REJECTED, Event
from collab_dash.feed import FeedContext
from collab_dash.testing import NETWORK_FAULTS, FeedConformance, ReplicaRequest, collect
from collab_dash.testing.http_door import parse_request, response, while_open, write
from collab_dash.testing.loopback import LoopbackServer
from collab_dash_feeds.ntfy import NtfyFeed
from raw_http import raw_server, saying, stall
from raw_servers import certificate
from sources import NOT_MESSAGES, check_pane, check_recordable, mutated, samples

SAMPLES = samples("ntfy")
OPEN, ALARM, KEEPALIVE, DONE, DONE_TOO, POLL_REQUEST, DELETED = SAMPLES
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"


class NtfyServer(LoopbackServer):
    """Speaks as ntfy does: ``open``, what it has kept from ``since`` on, then what comes; text goes out as it is."""

    def __init__(self, *messages: Any, end: bool = False) -> None:
        super().__init__()
        self.kept = list(messages)
        self.live = list(messages)
        self.requests: list[ReplicaRequest] = []
        self.answers: deque[tuple[int, dict[str, str]]] = deque()
        self.silent = 0
        self._end = end
        self._pulse = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def play(self, *messages: Any) -> None:
        self.live += messages
        self.kept += messages
        self._pulse.set()
        self._pulse = asyncio.Event()

    def go_silent(self, *, times: int = 1) -> None:
        self.silent += times

    def answer(self, status: int, *, headers: dict[str, str] | None = None, times: int = 1) -> None:
        self.answers.extend([(status, headers or {})] * times)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = parse_request(await reader.readuntil(b"\r\n\r\n"))
        self.requests.append(request)
        if self.answers:
            await write(writer, response(*self.answers.popleft(), b'{"code":42901}'))
        elif self.silent:
            self.silent -= 1
            await reader.read()
        else:
            await while_open(reader, self._stream(request, writer))

    async def _stream(self, request: ReplicaRequest, writer: asyncio.StreamWriter) -> None:
        since, sent = request.query.get("since"), len(self.live)
        await write(writer, STREAM + sse(OPEN))
        for message in self.kept:
            if since == "all" or (since is not None and message["time"] >= int(since)):
                await write(writer, sse(message))
        sent = 0 if since is None and self._end else sent
        while True:
            for message in self.live[sent:]:
                await write(writer, sse(message))
            sent = len(self.live)
            if self._end:
                return
            await self._pulse.wait()


def sse(message: Any) -> bytes:
    if isinstance(message, str):
        return f"data: {message}\n\n".encode()
    kind = message["event"]
    name = "" if kind == "message" else f"event: {kind}\n"
    return f"{name}data: {json.dumps(message)}\n\n".encode()


def configured(server: NtfyServer, **options: Any) -> NtfyFeed:
    feed = NtfyFeed.configure({"topics": ["home", "backups"], "url": server.url} | options)
    assert isinstance(feed, NtfyFeed)
    return feed


class TestNtfy(FeedConformance):
    plugin = NtfyFeed
    messages = (ALARM, DONE, DONE_TOO, DELETED)
    malformed = ("{not JSON", "[]", '{"id":"a","event":"surprise"}', '{"id":5,"event":"message"}')
    faults = (*NETWORK_FAULTS, "answer")
    resumes = True

    def upstream(self) -> NtfyServer:
        return NtfyServer()

    def options(self, upstream: NtfyServer) -> dict[str, Any]:
        return {"topics": ["home"], "url": upstream.url, "since": "all"}


async def everything(*messages: Any) -> list[Event]:
    """Give the events of a stream that says `messages` and ends."""
    events: list[Event] = []
    async with NtfyServer(*messages, end=True) as server:
        with suppress(FeedBroken):
            async for event in configured(server).events(FeedContext(name="n")):
                events.append(event)
    return events


async def test_messages_become_notifications() -> None:
    alarm, done, deleted = await everything(ALARM, KEEPALIVE, DONE, POLL_REQUEST, DELETED)
    assert (alarm.type, alarm.key, alarm.time) == ("notification:create", "sPs71M8A2T", 1643935928000)
    assert alarm.data == {
        "id": "sPs71M8A2T",
        "topic": "home",
        "title": "Unauthorized access detected",
        "message": "Movement detected in the yard. You better go check",
        "priority": 5,
        "tags": "warning, skull",
        "url": "https://homecam.example/incident/1234",
        "attachment": "https://ntfy.example/file/sPs71M8A2T.png",
        "attachment_name": "camera.jpg",
        "attachment_bytes": 33848,
    }
    assert (done.data["priority"], done.data["title"], done.data["message"]) == (3, None, "Done")
    assert (deleted.type, deleted.key) == ("notification:delete", "sPs71M8A2T")


async def test_an_attachment_is_what_opens_where_nothing_else_does() -> None:
    [event] = await everything({**ALARM, "click": None})
    assert event.data["url"] == "https://ntfy.example/file/sPs71M8A2T.png"


async def test_keepalives_are_signs_of_life() -> None:
    notes: list[str] = []
    async with NtfyServer(KEEPALIVE, DONE, end=True) as server:
        await collect(configured(server), FeedContext(name="n", note=notes.append), 1)
    assert notes.index("connected") < notes.index("heartbeat")


async def test_it_follows_several_topics_from_where_it_is_told_to() -> None:
    async with NtfyServer(ALARM) as server:
        await collect(configured(server, since="all"), FeedContext(name="n"), 1)
    [request] = server.requests
    assert (request.path, request.query) == ("/home,backups/sse", {"since": "all"})


async def test_what_came_before_the_first_message_but_after_the_stream_opened_is_not_lost() -> None:
    context = FeedContext(name="n")
    async with NtfyServer(end=True) as server:
        with pytest.raises(FeedBroken):
            await collect(configured(server), context, 1)
        server.play(ALARM)
        [event] = await collect(configured(server), context, 1)
    assert server.requests[1].query == {"since": str(OPEN["time"])}
    assert event.key == "sPs71M8A2T"


async def test_a_message_that_the_server_did_not_keep_brings_back_nothing_old() -> None:
    context = FeedContext(name="n")
    async with NtfyServer() as server:
        feed = configured(server)
        stream: Any = feed.events(context)
        first = asyncio.ensure_future(anext(stream))
        async with asyncio.timeout(5):
            while not server.requests or context.cursor is None:
                await asyncio.sleep(0)
        server.play(DONE)
        server.kept.clear()
        assert (await first).key == DONE["id"]
        await stream.aclose()
        server.kept += [ALARM, DONE_TOO]
        [event] = await collect(feed, context, 1)
    assert event.key == DONE_TOO["id"]


async def test_an_absurd_time_does_not_become_the_cursor() -> None:
    context = FeedContext(name="n")
    async with NtfyServer({**ALARM, "time": 1643935928000}, DONE, end=True) as server:
        await collect(configured(server), context, 2)
    assert json.loads(context.cursor or "") == {"second": DONE["time"], "ids": [DONE["id"]]}


async def test_credentials_come_from_the_environment() -> None:
    environ = {"NTFY_TOKEN": "tk_secret", "PASS": "hush"}
    async with NtfyServer(ALARM) as server:
        for options in ({"token": "${NTFY_TOKEN}"}, {"user": "ana", "password": "${PASS}"}, {}):
            feed = configured(server, since="all", **options)
            assert "hush" not in repr(feed.options)
            await collect(feed, FeedContext(name="n", environ=environ), 1)
    token, pair, nothing = (request.headers.get("authorization") for request in server.requests)
    assert token == "Bearer tk_secret"
    assert b64decode((pair or "").removeprefix("Basic ")) == b"ana:hush"
    assert nothing is None


async def test_a_missing_variable_is_named() -> None:
    async with NtfyServer() as server:
        with pytest.raises(FeedFailed, match="NTFY_TOKEN is not set"):
            await collect(configured(server, token="${NTFY_TOKEN}"), FeedContext(name="n"), 1)


@pytest.mark.parametrize("status", [401, 403])
async def test_refused_credentials_say_which_options_to_set(status: int) -> None:
    async with NtfyServer() as server:
        server.answer(status)
        with pytest.raises(FeedFailed, match=str(status)) as caught:
            await collect(configured(server, since="all"), FeedContext(name="n"), 1)
    assert "token" in caught.value.hint
    assert "since" not in str(caught.value)


@pytest.mark.parametrize("cursor", ["", "5", "x", '{"second":"y"}', '{"ids":[1]}'])
async def test_a_cursor_that_cannot_be_read_counts_as_none(cursor: str) -> None:
    async with NtfyServer(ALARM, end=True) as server:
        [event] = await collect(configured(server), FeedContext(name="n", cursor=cursor), 1)
    assert event.key == "sPs71M8A2T"


@pytest.mark.parametrize("message", [message for message in NOT_MESSAGES if message])
async def test_what_is_no_message_is_kept_and_the_next_is_read(message: str) -> None:
    first, second = await everything(message, DONE)
    assert (first.type, second.key) == (REJECTED, DONE["id"])


@settings(max_examples=20, deadline=None)
@given(st.lists(mutated(SAMPLES), min_size=5, max_size=10))
def test_mutated_messages_become_events_that_can_be_recorded(messages: list[str]) -> None:
    check_recordable(asyncio.run(everything(*messages)))


async def test_a_server_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    tls, authority = certificate("127.0.0.1")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = FeedContext(name="n", folder=tmp_path)
    async with raw_server(saying(STREAM, sse(ALARM), then=stall), tls=tls) as server:
        options = {"topics": ["home"], "url": server.url}
        [event] = await collect(NtfyFeed.configure(options | {"ca": "ca.pem"}), context, 1)
        assert event.type == "notification:create"
        with pytest.raises(FeedBroken, match="certificate"):
            await collect(NtfyFeed.configure(options), FeedContext(name="n"), 1)


async def test_its_pane_shows_its_events() -> None:
    check_pane(NtfyFeed, await everything(ALARM))


@pytest.mark.parametrize(
    "options", [{}, {"topics": []}, {"topics": ["a/b"]}, {"topics": [""]}, {"topics": ["a"], "url": "ntfy.example"}]
)
def test_options_are_checked(options: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        NtfyFeed.configure(options)
