"""How a replica plays, and how it misbehaves."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import websockets

from collab_dash.testing import NETWORK_FAULTS, REPLICA_FAULTS, Relay, ReplicaServer, Upstream
from collab_dash.testing.__main__ import play, read_arguments
from collab_dash.testing.skew import skewed
from collab_dash.transports import Message

EVENTS = {"Accept": "text/event-stream"}


async def heard(replica: ReplicaServer, count: int) -> list[str]:
    """Give the first messages of a new WebSocket connection."""
    async with asyncio.timeout(5), websockets.connect(replica.ws_url) as connection:
        return [str(await connection.recv()) for _ in range(count)]


async def streamed(url: str, **request: Any) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(url, **request)).text


@pytest.mark.parametrize(
    ("path", "request_"),
    [
        ("/lines", {}),
        ("/any", {"headers": {"Accept": "application/x-ndjson"}}),
        ("/api/v1/pods", {"params": {"watch": "true"}}),
        ("/api/v1/pods", {"params": {"watch": "1"}}),
    ],
)
async def test_lines_of_json_are_chunked(path: str, request_: dict[str, Any]) -> None:
    async with ReplicaServer([{"n": 1}, {"n": 2}], end=True) as replica, httpx.AsyncClient() as client:
        answer = await client.get(replica.url + path, **request_)
        assert answer.text == '{"n":1}\n{"n":2}\n'
        assert answer.headers["transfer-encoding"] == "chunked"
        assert replica.lines_url == f"{replica.url}/lines"


@pytest.mark.parametrize("parameter", ["cursor", "resourceVersion"])
async def test_lines_go_on_after_a_cursor(parameter: str) -> None:
    messages = [Message("a", cursor="v7"), Message("b", cursor="v9"), "c"]
    async with ReplicaServer(messages, end=True) as replica:
        assert await streamed(replica.lines_url, params={parameter: "v7"}) == "b\nc\n"
        assert await streamed(replica.lines_url, params={parameter: "unheard of"}) == "a\nb\nc\n"


async def test_lines_can_be_cut_in_the_midst() -> None:
    async with ReplicaServer(["a", "b"]) as replica, httpx.AsyncClient() as client:
        replica.cut(after=1)
        async with client.stream("GET", replica.lines_url) as answer:
            got = b""
            with suppress(httpx.RemoteProtocolError):
                async for chunk in answer.aiter_bytes():
                    got += chunk
                pytest.fail("it ended in order")
        assert got == b'a\n{"only":"half of a mess'


async def test_once_plays_a_message_to_one_client_only() -> None:
    async with ReplicaServer(["a", "b"], once=True) as replica:
        assert await heard(replica, 2) == ["a", "b"]
        replica.play("c")
        assert await heard(replica, 1) == ["c"]
        replica.play("d")
        replica.end()
        assert await streamed(replica.lines_url) == "d\n"
        assert "data: b" in await streamed(replica.sse_url, headers={**EVENTS, "Last-Event-ID": "1"})
        assert await streamed(replica.sse_url, headers=EVENTS) == ""
    async with ReplicaServer(["a"], once=True, end=True) as replica:
        assert [bool(await streamed(replica.sse_url, headers=EVENTS)) for _ in range(2)] == [True, False]


async def test_repeated_and_swapped_messages_keep_their_ids() -> None:
    async with ReplicaServer(["a", "b", "c"], end=True) as replica:
        replica.repeat(2)
        replica.swap()
        lines = (await streamed(replica.sse_url, headers=EVENTS)).split("\n")
        assert [line for line in lines if line.startswith("data")] == [f"data: {name}" for name in "bbaacc"]
        assert [line for line in lines if line.startswith("id")] == [f"id: {number}" for number in "221133"]
        assert await heard(replica, 6) == list("bbaacc")
        rest = await streamed(replica.sse_url, headers={**EVENTS, "Last-Event-ID": "2"})
        assert rest == "id: 3\ndata: c\n\n" * 2


async def test_messages_and_bytes_can_be_slow() -> None:
    async with ReplicaServer(["ab", "cd"], end=True, compression=False) as replica:
        replica.go_slow(0.05)
        started = time.monotonic()
        assert await heard(replica, 2) == ["ab", "cd"]
        assert time.monotonic() - started >= 0.1
        replica.go_slow(0.0005, bytewise=True)
        assert await heard(replica, 2) == ["ab", "cd"]
        assert await streamed(replica.lines_url) == "ab\ncd\n"
        async with httpx.AsyncClient() as client, client.stream("GET", replica.poll_url) as answer:
            assert [chunk async for chunk in answer.aiter_raw(1)] == [b"c", b"d"]


async def test_it_may_never_answer() -> None:
    async with ReplicaServer(["a"]) as replica, httpx.AsyncClient() as client:
        replica.never_answer()
        with pytest.raises(httpx.ReadTimeout):
            await client.get(replica.poll_url, timeout=0.1)
        replica.never_answer()
        with pytest.raises(TimeoutError):
            await websockets.connect(replica.ws_url, open_timeout=0.1)
        replica.go_silent()
        async with websockets.connect(replica.ws_url) as connection:  # this one is answered
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(connection.recv(), 0.1)
            connection.transport.abort()
        assert (await client.get(replica.poll_url)).text == "a"


async def test_its_clock_can_be_wrong() -> None:
    async with ReplicaServer([{"at": 1_791_061_111, "n": 5}]) as replica, httpx.AsyncClient() as client:
        replica.skew(-3600, "at")
        answer = await client.get(replica.poll_url)
        assert answer.json() == {"at": 1_791_061_111 - 3600, "n": 5}
        off = time.time() - parsedate_to_datetime(answer.headers["date"]).timestamp()
        assert 3599 <= off <= 3605


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"t":1791061111}', '{"t":1791061171}'),
        ('{"t":1791061111.5}', '{"t":1791061171.5}'),
        ('{"t":1791061111000}', '{"t":1791061171000}'),
        ('{"t":1791061111000000}', '{"t":1791061171000000}'),
        ('{"t":1791061111000000000}', '{"t":1791061171000000000}'),
        ('[{"a":{"t":"2026-10-04T12:00:00Z"}}]', '[{"a":{"t":"2026-10-04T12:01:00+00:00"}}]'),
        ('{"t":"soon","u":1791061111}', '{"t":"soon","u":1791061111}'),
        ('{"t":true}', '{"t":true}'),
        ('{"t":null}', '{"t":null}'),
        ("no JSON", "no JSON"),
    ],
)
def test_times_are_shifted_in_the_unit_they_are_in(before: str, after: str) -> None:
    assert skewed(Message(before), 60, ["t"]).data == after
    assert skewed(Message(before.encode()), 60, ["t"]).data == after.encode()


async def test_files_are_played(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('[{"n":1},"two"]')
    (tmp_path / "one.json").write_text('{"n":1}')
    (tmp_path / "lines.jsonl").write_text('{"n":1}\n{"n":2}\n')
    for name, played in (("list.json", ['{"n":1}', "two"]), ("one.json", ['{"n":1}']), ("lines.jsonl", 2)):
        replica = ReplicaServer.from_file(tmp_path / name, subscribe=1)
        data = [message.data for message in replica.messages]
        assert played in (data, len(data))


def test_replicas_and_relays_are_upstreams() -> None:
    upstreams: list[Upstream] = [ReplicaServer(), Relay("127.0.0.1", 1)]
    assert all(callable(upstream.play) for upstream in upstreams)
    for fault in REPLICA_FAULTS:
        assert callable(getattr(upstreams[0], fault))
    for fault in NETWORK_FAULTS:
        assert callable(getattr(upstreams[1], fault))


async def test_an_error_in_the_block_is_not_wrapped() -> None:
    async def fail() -> None:
        async with ReplicaServer(["a"]) as replica:
            await heard(replica, 1)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()


async def test_a_relay_passes_on_counts_and_cuts() -> None:
    async with ReplicaServer(["a"]) as server, Relay("127.0.0.1", server.port, play=server.play) as relay:
        url = f"ws://{relay.host}:{relay.port}"
        async with websockets.connect(url) as connection:
            relay.play("b")
            assert [await connection.recv(), await connection.recv()] == ["a", "b"]
            assert relay.connections == 1
            relay.cut_now()
            with pytest.raises(websockets.ConnectionClosedError):
                await connection.recv()
        relay.refuse()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(relay.host, relay.port)
        await relay.resume()
        relay.go_silent()
        with pytest.raises(TimeoutError):
            await websockets.connect(url, open_timeout=0.1)
        async with websockets.connect(url) as connection:
            assert await connection.recv() == "a"


async def test_a_relay_tells_from_which_ports_the_server_sees_it_come() -> None:
    async def say_from_where(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"%d\n" % writer.get_extra_info("peername")[1])
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_from_where, "127.0.0.1", 0)
    async with server, Relay("127.0.0.1", server.sockets[0].getsockname()[1]) as relay:
        reader, writer = await asyncio.open_connection(relay.host, relay.port)
        port = int(await reader.readline())
        assert relay.ports == {port}
        relay.cut_now()
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        async with asyncio.timeout(5):
            while relay.ports:
                await asyncio.sleep(0)


async def test_a_relay_before_nothing_hangs_up(tmp_path: Path) -> None:
    async with Relay(str(tmp_path / "no.sock"), None) as relay:
        reader, writer = await asyncio.open_connection(relay.host, relay.port)
        assert await reader.read() == b""
        writer.close()
        with pytest.raises(TypeError, match="play="):
            relay.play("x")


async def test_a_relay_reaches_a_unix_socket(tmp_path: Path) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello " + await reader.readline())
        writer.close()

    path = str(tmp_path / "s")
    server = await asyncio.start_unix_server(greet, path)
    async with server, Relay(path, None) as relay:
        reader, writer = await asyncio.open_connection(relay.host, relay.port)
        writer.write(b"relay\n")
        assert await reader.read() == b"hello relay\n"
        writer.close()


async def test_a_sample_file_can_be_played_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sample.json"
    path.write_text('["a","b"]')
    playing = asyncio.create_task(play(read_arguments([str(path), "--rate", "200"])))
    async with asyncio.timeout(5):
        while "long_poll_url" not in (printed := capsys.readouterr().out):
            await asyncio.sleep(0.01)
        address = printed.split()[1]
        async with websockets.connect(address) as connection:
            assert [await connection.recv() for _ in range(5)] == ["a", "b", "a", "b", "a"]
        playing.cancel()
        await asyncio.wait({playing})


@pytest.mark.parametrize("content", [None, "[", "[]"])
def test_a_sample_file_that_cannot_be_played_is_told(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "sample.json"
    if content is not None:
        path.write_text(content)
    command = [sys.executable, "-m", "collab_dash.testing", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=15)
    assert done.returncode == 1
    assert done.stderr.startswith(f"cannot play {path}: ")
    assert "Traceback" not in done.stderr


def test_the_kit_is_imported_without_pytest() -> None:
    code = "import sys, collab_dash.testing; assert 'pytest' not in sys.modules; print(collab_dash.testing.__all__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=15)
    assert (done.returncode, "FeedConformance" in done.stdout) == (0, True)


AUTHORS_TESTS = """
from collab_dash.testing import FeedConformance
from collab_dash_feeds.websocket import WebSocketFeed

class TestMine(FeedConformance):
    plugin = WebSocketFeed
    messages = ({"n": 1}, {"n": 2})

    def options(self, upstream):
        return {"url": upstream.ws_url}
"""


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_authors_run_the_kit_in_either_mode_of_pytest_asyncio(tmp_path: Path, mode: str) -> None:
    (tmp_path / "test_mine.py").write_text(AUTHORS_TESTS)
    options = ["-q", "-W", "error", "-o", f"asyncio_mode={mode}", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "test_mine.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode == 0, done.stdout
    assert "24 passed" in done.stdout
    assert "skipped" not in done.stdout
