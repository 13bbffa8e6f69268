"""A server on loopback to test a feed against."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from ..transports import Message
from .http_door import answer_document, parse_request, play_stream, response, while_open, write
from .script import Fault, ReplicaRequest, Script, as_message
from .websocket_door import WebSocketDoor


class ReplicaServer:
    """
    Plays messages to whoever asks, in the way asked for, and misbehaves on request.

    Every path is answered, by the kind of request:

    - a WebSocket handshake gets all messages, one by one;
    - ``Accept: text/event-stream`` gets those after its ``Last-Event-ID`` (ids count from 1);
    - a path starting with ``/long-poll`` gets ``{"cursor": "2", "items": [...]}`` with what came after the
      parameter ``cursor``, or status 204 after `hold` seconds without news;
    - anything else gets the latest message as a document with an ETag.

    Args:
        messages: Played from the start. Text and bytes as they are, a `Message` with its event name and
            cursor, other values as JSON.
        subscribe: How many messages a WebSocket client must send before it is played anything.
        end: Whether a stream ends in order once everything was played; otherwise it stays open for `play`.
        hold: Seconds that a long poll hangs.
        compression: Whether the WebSocket side agrees to compress.

    """

    def __init__(
        self,
        messages: Iterable[Any] = (),
        *,
        subscribe: int = 0,
        end: bool = False,
        hold: float = 5.0,
        compression: bool = True,
    ) -> None:
        self._script = Script(messages, end=end)
        self._subscribe = subscribe
        self._hold = hold
        self._compression = compression
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        await self.resume()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.refuse()
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)

    @property
    def url(self) -> str:
        """The address for HTTP, without a path."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def ws_url(self) -> str:
        """The address for WebSocket clients."""
        return f"ws://127.0.0.1:{self._port}/ws"

    @property
    def sse_url(self) -> str:
        """The address for clients of an event stream."""
        return f"{self.url}/events"

    @property
    def poll_url(self) -> str:
        """The address of the latest message as a document."""
        return f"{self.url}/document"

    @property
    def long_poll_url(self) -> str:
        """The address of the hanging request."""
        return f"{self.url}/long-poll"

    @property
    def messages(self) -> list[Message]:
        """What is played."""
        return self._script.messages

    @property
    def requests(self) -> list[ReplicaRequest]:
        """What clients asked, in order."""
        return self._script.requests

    @property
    def received(self) -> list[str | bytes]:
        """What WebSocket clients sent, in order."""
        return self._script.received

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._writers)

    def play(self, *messages: Any) -> None:
        """Play more messages, to those connected and those who come."""
        self._script.messages += [as_message(message) for message in messages]
        self._script.happened()

    def end(self, code: int = 1000, reason: str = "") -> None:
        """End every stream in order, once it has played everything; WebSockets with `code` and `reason`."""
        self._script.ended = (code, reason)
        self._script.happened()

    def answer(
        self,
        status: int,
        body: str | bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """Answer the next requests of any kind, WebSocket handshakes too, with just this."""
        raw = body.encode() if isinstance(body, str) else body
        self._script.add_fault(Fault("answer", status=status, headers=headers or {}, body=raw), times)

    def answer_html(self, *, times: int = 1) -> None:
        """Answer the next requests with a web page, as a captive portal does."""
        page = "<!doctype html><title>Sign in</title>"
        self.answer(200, page, headers={"Content-Type": "text/html; charset=utf-8"}, times=times)

    def answer_garbage(self, *, times: int = 1) -> None:
        """Answer the next requests with bytes that are no HTTP."""
        self._script.add_fault(Fault("garbage"), times)

    def cut(self, *, after: int = 0, times: int = 1) -> None:
        """Cut the next streams in the midst of the message that follows the first `after`."""
        self._script.add_fault(Fault("cut", after), times)

    def go_silent(self, *, after: int = 0, times: int = 1) -> None:
        """Say nothing more on the next streams after `after` messages; pings stay unanswered too."""
        self._script.add_fault(Fault("silent", after), times)

    def cut_now(self) -> None:
        """Cut every open connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    def refuse(self) -> None:
        """Refuse connections until `resume`; the open ones stay."""
        self._server.close()

    async def resume(self) -> None:
        """Accept connections, again on the same port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def until(self, condition: Callable[[], bool], *, timeout: float = 10.0) -> None:
        """
        Wait until `condition` holds; it is asked whenever a client comes, sends something or leaves.

        Raises:
            TimeoutError: If it does not within `timeout` seconds.

        """
        async with asyncio.timeout(timeout):
            await self._script.until(condition)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = self._group.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            first = await reader.readexactly(1)
            if not first.isalpha():
                await write(writer, response(400, {}))  # TLS, most likely
                return
            await self._respond(first + await reader.readuntil(b"\r\n\r\n"), reader, writer)
        except* (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client, or a fault, ended it
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self._writers.discard(writer)
            self._script.happened()

    async def _respond(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script, request, fault = self._script, parse_request(head), self._script.next_fault()
        script.requests.append(request)
        script.happened()
        if fault.kind == "answer":
            await write(writer, response(fault.status, fault.headers, fault.body))
        elif fault.kind == "garbage":
            await write(writer, b"\x00\xffnot a protocol\r\n\r\n")
        elif "websocket" in request.headers.get("upgrade", "").lower():
            door = WebSocketDoor(
                script, fault, reader, writer, subscribe=self._subscribe, compression=self._compression
            )
            await door.run(head)
        elif "text/event-stream" in request.headers.get("accept", ""):
            await while_open(reader, play_stream(script, request, fault, writer))
        else:
            await while_open(reader, answer_document(script, request, fault, writer, hold=self._hold))
