"""A server on loopback to test a feed against."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

import msgspec

from ..transports import Message
from .http_door import answer_document, parse_request, response, while_open, write
from .loopback import LoopbackServer
from .misbehaviour import Misbehaviour
from .script import ReplicaRequest, Script, as_message
from .streams import play_events, play_lines, wants_lines
from .websocket_door import WebSocketDoor


class ReplicaServer(Misbehaviour, LoopbackServer):
    """
    Plays messages to whoever asks, in the way asked for, and misbehaves on request.

    ::

        async with ReplicaServer([{"id": 1}, {"id": 2}]) as replica:
            client = connect(replica.ws_url)  # or sse_url, lines_url, poll_url, long_poll_url
            replica.play({"id": 3})           # whoever is connected hears it
            replica.cut_now()                 # and is cut off
            replica.answer(503, times=2)      # the next two who come are turned away
            replica.go_silent(after=1)        # the third hears one message, and then nothing

    Every path is answered, by the kind of request:

    - a WebSocket handshake gets all messages, one by one;
    - ``Accept: text/event-stream`` gets those after its ``Last-Event-ID`` (ids count from 1);
    - a path starting with ``/lines``, ``Accept: application/x-ndjson`` or the parameter ``watch=1`` (or ``true``) gets
      a message a line, in chunks, from after the parameter ``cursor`` or ``resourceVersion``;
    - a path starting with ``/long-poll`` gets ``{"cursor": "2", "items": [...]}`` with what came after the
      parameter ``cursor``, or status 204 after `hold` seconds without news;
    - anything else gets the latest message as a document with an ETag.

    Args:
        messages: Played from the start. Text and bytes as they are, a `Message` with its event name and
            cursor, other values as JSON.
        subscribe: How many messages a WebSocket client must send before it is played anything.
        end: Whether a stream ends in order once everything was played; otherwise it stays open for `play`.
        once: Whether a message that one client heard is not played to later ones, as most live sources do it. A
            client that names its position is played what follows that, all the same.
        hold: Seconds that a long poll hangs.
        compression: Whether the WebSocket side agrees to compress.
        port: Where to listen; 0 for any port that is free.

    """

    def __init__(
        self,
        messages: Iterable[Any] = (),
        *,
        subscribe: int = 0,
        end: bool = False,
        once: bool = False,
        hold: float = 5.0,
        compression: bool = True,
        port: int = 0,
    ) -> None:
        LoopbackServer.__init__(self, port)
        Misbehaviour.__init__(self, Script(messages, end=end, once=once))
        self._subscribe = subscribe
        self._hold = hold
        self._compression = compression

    @classmethod
    def from_file(cls, path: str | Path, **more: Any) -> Self:
        """
        Play a file: a JSON list, item by item; any other JSON, as one message; or ``.jsonl``, line by line.

        Args:
            path: Where it is.
            more: As for the class.

        """
        text = Path(path).read_text()
        if Path(path).suffix in {".jsonl", ".ndjson", ".log", ".txt"}:
            return cls(text.splitlines(), **more)
        messages = msgspec.json.decode(text)
        return cls(messages if isinstance(messages, list) else [messages], **more)

    @property
    def url(self) -> str:
        """The address for HTTP, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """The address for WebSocket clients."""
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def sse_url(self) -> str:
        """The address for clients of an event stream."""
        return f"{self.url}/events"

    @property
    def lines_url(self) -> str:
        """The address of lines of JSON."""
        return f"{self.url}/lines"

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

    def play(self, *messages: Any) -> None:
        """Play more messages, to those connected and those who come."""
        self._script.messages += [as_message(message) for message in messages]
        self._script.happened()

    def end(self, code: int = 1000, reason: str = "") -> None:
        """End every stream in order, once it has played everything; WebSockets with `code` and `reason`."""
        self._script.ended = (code, reason)
        self._script.happened()

    async def until(self, condition: Callable[[], bool], *, timeout: float = 10.0) -> None:
        """
        Wait until `condition` holds; it is asked whenever a client comes, sends something or leaves.

        Raises:
            TimeoutError: If it does not within `timeout` seconds.

        """
        async with asyncio.timeout(timeout):
            await self._script.until(condition)

    def happened(self) -> None:
        """Have those who wait for something look again."""
        self._script.happened()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client."""
        first = await reader.readexactly(1)
        if not first.isalpha():
            await write(writer, response(400, {}))  # TLS, most likely
            return
        await self._respond(first + await reader.readuntil(b"\r\n\r\n"), reader, writer)

    async def _respond(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script, request, fault = self._script, parse_request(head), self._script.next_fault()
        script.requests.append(request)
        script.happened()
        if fault.kind == "answer":
            await write(writer, response(fault.status, fault.headers, fault.body))
        elif fault.kind == "mute":
            await reader.read()
        elif fault.kind == "garbage":
            await write(writer, b"\x00\xffnot a protocol\r\n\r\n")
        elif "websocket" in request.headers.get("upgrade", "").lower():
            door = WebSocketDoor(
                script, fault, reader, writer, subscribe=self._subscribe, compression=self._compression
            )
            await door.run(head)
        elif "text/event-stream" in request.headers.get("accept", ""):
            await while_open(reader, play_events(script, request, fault, writer))
        elif wants_lines(request):
            await while_open(reader, play_lines(script, request, fault, writer))
        else:
            await while_open(reader, answer_document(script, request, fault, writer, hold=self._hold))
