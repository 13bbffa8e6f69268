"""The transports against servers of other people's making: starlette under uvicorn, and websockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from starlette.websockets import WebSocket
from websockets.asyncio.server import Server, ServerConnection, serve

from collab_dash.errors import FeedBroken
from collab_dash.transports import long_polling, polling, sse, websocket
from replicas import failure, take

EVENTS = [
    b": welcome\n\n",
    b"retry: 1500\r\n\r\n",
    'id: é1\nevent: größe\ndata: {"n": 1}\n\n'.encode(),
    b"id: 2\rdata: two\rdata: lines\r\r",
    "data: 東京\n\n".encode(),
]


class QuietServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: Starlette) -> AsyncIterator[str]:
    """Serve an application on a port of the system's choosing; gives ``host:port``."""
    config = uvicorn.Config(app, ws="websockets-sansio", lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = QuietServer(config)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        host, port = bound.getsockname()
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            yield f"{host}:{port}"
        finally:
            server.should_exit = True
            await serving


def stream_of(cut: int) -> Starlette:
    """Stream events, cut into pieces of so many bytes, from after ``Last-Event-ID``."""

    async def events(request: Request) -> StreamingResponse:
        last = request.headers.get("last-event-id", "").encode("latin-1").decode()
        start = next((number for number, event in enumerate(EVENTS, 1) if last and f"id: {last}".encode() in event), 0)
        stream = b"".join(EVENTS[start:])
        pieces = (stream[at : at + cut] for at in range(0, len(stream), cut))

        async def body() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece
                await asyncio.sleep(0)

        return StreamingResponse(body(), media_type="text/event-stream")

    async def moved(request: Request) -> RedirectResponse:
        return RedirectResponse("/events", 307)

    return Starlette(routes=[Route("/events", events), Route("/moved", moved)])


async def test_an_event_stream_is_read_however_it_is_cut() -> None:
    for cut in (1, 2, 3, 1000):
        async with served(stream_of(cut)) as where:
            messages, error = await failure(sse.connect(f"http://{where}/events"))
        assert [(message.event, message.data, message.cursor) for message in messages] == [
            ("größe", '{"n": 1}', "é1"),
            ("message", "two\nlines", "2"),
            ("message", "東京", "2"),
        ]
        assert isinstance(error, FeedBroken)
        assert error.retry_after == 1.5


async def test_an_event_stream_goes_on_after_its_last_id_through_a_redirect() -> None:
    async with served(stream_of(7)) as where:
        [message] = await take(sse.connect(f"http://{where}/moved", cursor="é1"), 1)
    assert message.data == "two\nlines"


def socket_app() -> Starlette:
    async def echo(link: WebSocket) -> None:
        await link.accept(subprotocol="v1")
        async for text in link.iter_text():
            await link.send_json({"heard": text, "agent": link.headers["user-agent"].split("/")[0]})
            await link.send_bytes(b"\x00\x01")
            await link.close(1012, "restarting")

    return Starlette(routes=[WebSocketRoute("/live", echo)])


async def test_a_starlette_websocket_is_subscribed_to_and_its_close_is_a_break() -> None:
    async with served(socket_app()) as where:
        connection = websocket.connect(f"ws://{where}/live", send=["hello"], subprotocols=["v1"])
        messages, error = await failure(connection)
    assert [message.data for message in messages] == [b'{"heard":"hello","agent":"collab-dash"}', b"\x00\x01"]
    assert isinstance(error, FeedBroken)
    assert "1012" in str(error)
    assert "restarting" in str(error)


@asynccontextmanager
async def websockets_server() -> AsyncIterator[Server]:
    async def play(link: ServerConnection) -> None:
        name = await link.recv()
        await link.send(["frag", "mented ", str(name)])
        await (await link.ping())
        await link.send("x" * 100_000)
        await link.wait_closed()

    async with serve(play, "127.0.0.1", 0) as server:
        yield server


async def test_fragments_compression_and_pings_of_a_websockets_server() -> None:
    async with websockets_server() as server:
        port = next(iter(server.sockets)).getsockname()[1]
        whole, long = await take(websocket.connect(f"ws://127.0.0.1:{port}/", send=["name"]), 2)
    assert whole.data == b"fragmented name"
    assert long.data == b"x" * 100_000


async def test_a_static_file_is_fetched_again_only_when_it_changed(tmp_path: Path) -> None:
    document = tmp_path / "items.json"
    document.write_text('["one"]' + " " * 2000)  # long enough to be compressed
    statuses: list[int] = []
    polled = asyncio.Event()

    class Counted(StaticFiles):
        async def get_response(self, path: str, scope: Scope) -> Response:
            response = await super().get_response(path, scope)
            statuses.append(response.status_code)
            if statuses.count(304) == 2:
                polled.set()
            return response

    app = Starlette(routes=[Mount("/", Counted(directory=tmp_path))], middleware=[Middleware(GZipMiddleware)])
    async with served(app) as where, asyncio.TaskGroup() as group:
        two = group.create_task(take(polling.connect(f"http://{where}/items.json", interval=0.02), 2))
        await polled.wait()
        document.write_text('["one", "two"]' + " " * 2000)
        messages = await two
    assert [bytes(message.data).strip() for message in messages if isinstance(message.data, bytes)] == [
        b'["one"]',
        b'["one", "two"]',
    ]
    assert statuses.count(200) == 2


async def test_a_hanging_request_carries_the_cursor() -> None:
    asked: list[str | None] = []

    async def news(request: Request) -> Response:
        asked.append(request.query_params.get("since"))
        number = len(asked)
        if number == 2:
            return Response(status_code=204)
        return JSONResponse({"n": number}, headers={"X-Next": str(number * 10)})

    async with served(Starlette(routes=[Route("/news", news)])) as where:
        connection = long_polling.connect(
            f"http://{where}/news", next_cursor=long_polling.from_header("X-Next"), parameter="since"
        )
        messages = await take(connection, 2)
    assert [message.cursor for message in messages] == ["10", "30"]
    assert asked == [None, "10", "10"]
