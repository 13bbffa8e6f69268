"""A replica of the Docker Engine API, on loopback or a Unix socket: its events and its containers' logs."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any

from collab_dash.testing import ReplicaRequest
from collab_dash.testing.http_door import parse_request, response, write
from collab_dash.testing.loopback import LoopbackServer
from docker_engine import BILLION, Container, DockerEngine

VERSION = "1.51"


class DockerReplica(DockerEngine, LoopbackServer):
    """
    An engine that is asked over HTTP, and may answer badly.

    Args:
        socket: Where its Unix socket is; by default it listens on loopback.

    Attributes:
        requests: What clients asked, in order.
        listeners: How many have begun to listen to its events.

    """

    def __init__(self, socket: Path | None = None) -> None:
        super().__init__()
        self.requests: list[ReplicaRequest] = []
        self.listeners = 0
        self._socket = socket
        self._raw: deque[bytes] = deque()
        self._faults: deque[Callable[[asyncio.StreamWriter], Any]] = deque()
        self._cut: int | None = None

    @property
    def url(self) -> str:
        """The engine's address."""
        return f"unix://{self._socket}" if self._socket else f"tcp://127.0.0.1:{self.port}"

    async def resume(self) -> None:
        if self._socket is None:
            await super().resume()
        else:
            self._server = await asyncio.start_unix_server(self._accept, self._socket)

    def play(self, *messages: dict[str, Any] | str) -> None:
        """Say ``{"log": container, "text": …}`` in a container, tell other objects as events, send text as it is."""
        for message in messages:
            if isinstance(message, str):
                self._raw.append(message.encode() + b"\n")
                self.happened()
            elif "log" in message:
                self.say(message["log"], message["text"] + "\n", message.get("stream", "stdout"))
            else:
                self.happen(message)

    def answer(self, status: int, body: str | bytes = b"", *, headers: Any = None, times: int = 1) -> None:
        """Answer the next requests with just this."""
        reply = response(status, dict(headers or {}), body.encode() if isinstance(body, str) else body)
        self._faults.extend([lambda writer: write(writer, reply)] * times)

    def answer_html(self, *, times: int = 1) -> None:
        """Answer the next requests with a web page."""
        self.answer(200, "<!doctype html>", headers={"Content-Type": "text/html"}, times=times)

    def answer_garbage(self, *, times: int = 1) -> None:
        """Answer the next requests with bytes that are no HTTP."""
        self._faults.extend([lambda writer: write(writer, b"\x00\xffnot a protocol\r\n\r\n")] * times)

    def never_answer(self, *, times: int = 1) -> None:
        """Say nothing to the next requests."""
        self._faults.extend([lambda writer: asyncio.Event().wait()] * times)

    go_silent = never_answer

    def cut(self, *, after: int = 0) -> None:
        """Cut the next log in the midst of a message, once the first `after` things have happened."""
        self._cut = after

    def asked(self, end: str) -> list[ReplicaRequest]:
        """Give the requests whose path ends so."""
        return [request for request in self.requests if request.path.endswith(end)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = parse_request(await reader.readuntil(b"\r\n\r\n"))
        self.requests.append(request)
        self.happened()
        work = self._faults.popleft()(writer) if self._faults else self._answer(request, writer)
        working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (working, leaving):
                task.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)

    async def _answer(self, request: ReplicaRequest, writer: asyncio.StreamWriter) -> None:
        path = re.sub(r"^/v1\.\d+", "", request.path)
        if path == "/version":
            await self._json(writer, {"Version": "28.5.1", "ApiVersion": VERSION, "MinAPIVersion": "1.24"})
        elif path == "/_ping":
            await write(writer, response(200, {"Api-Version": VERSION, "Content-Type": "text/plain"}, b"OK"))
        elif path == request.path:
            await self._json(writer, {"message": "client version is too old"}, 400)
        elif path == "/containers/json":
            everything = request.query.get("all") == "1"
            listed = [each.listed for each in self.containers.values() if each.running or everything]
            await self._json(writer, listed)
        elif path == "/events":
            await self._tell_events(request, writer)
        elif path.startswith("/containers/"):
            await self._of_container(path, request, writer)
        else:
            await self._json(writer, {"message": "page not found"}, 404)

    async def _of_container(self, path: str, request: ReplicaRequest, writer: asyncio.StreamWriter) -> None:
        name = path.split("/")[2]
        container = next((each for each in self.containers.values() if name in (each.name, each.identity)), None)
        if container is None:
            await self._json(writer, {"message": f"No such container: {name}"}, 404)
        elif path.endswith("/json"):
            await self._json(writer, container.inspected)
        elif "nolog" in container.labels:
            await self._json(writer, {"message": "configured logging driver does not support reading"}, 501)
        else:
            await self._tell_log(container, request, writer)

    async def _json(self, writer: asyncio.StreamWriter, value: Any, status: int = 200) -> None:
        headers = {
            "Content-Type": "application/json",
            "Api-Version": VERSION,
            "Date": formatdate(self.now / BILLION, usegmt=True),
        }
        await write(writer, response(status, headers, json.dumps(value).encode()))

    async def _tell_events(self, request: ReplicaRequest, writer: asyncio.StreamWriter) -> None:
        since = _nanoseconds(request.query.get("since", "")) or self.now + 1
        number = sum(time < since for time, _ in self.events)
        await self._open(writer, "application/json")
        self.listeners += 1
        self.happened()
        while True:
            pulse = self.pulse
            while self._raw:
                await _chunk(writer, self._raw.popleft())
            for _, line in self.events[number:]:
                await _chunk(writer, line)
            number = len(self.events)
            await pulse.wait()

    async def _tell_log(self, container: Container, request: ReplicaRequest, writer: asyncio.StreamWriter) -> None:
        query, runs, number = request.query, container.runs, 0
        since, tail = _nanoseconds(query.get("since", "")), query.get("tail", "all")
        if tail.isdigit():
            number = max(len(container.log) - int(tail), 0)
        kind = "raw" if container.terminal else "multiplexed"
        await self._open(writer, f"application/vnd.docker.{kind}-stream")
        while True:
            pulse = self.pulse
            for time, stream, raw in container.log[number:]:
                number += 1
                if time >= since and stream in query:
                    await _chunk(writer, container.told(time, stream, raw))
            if self._cut is not None and self.happenings >= self._cut:
                self._cut = None
                await _chunk(writer, container.told(self.now, "stdout", b"only half of a message")[:-9])
                writer.transport.abort()
                return
            if not container.running or container.runs != runs:
                await write(writer, b"0\r\n\r\n")
                return
            await pulse.wait()

    async def _open(self, writer: asyncio.StreamWriter, kind: str) -> None:
        head = (
            f"HTTP/1.1 200 OK\r\nApi-Version: {VERSION}\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        await write(writer, head.encode())


async def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    await write(writer, b"%x\r\n%b\r\n" % (len(data), data))


def _nanoseconds(text: str) -> int:
    seconds, _, fraction = text.partition(".")
    return int(seconds or 0) * BILLION + int(fraction.ljust(9, "0") or 0)
