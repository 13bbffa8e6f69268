"""A Firebase database on loopback, with Hacker News in it."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import Any

from collab_dash.testing import ReplicaRequest
from collab_dash.testing.http_door import parse_request, response, while_open, write
from collab_dash.testing.loopback import LoopbackServer

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"


class Firebase(LoopbackServer):
    """Speaks as the database does: streams by way of a redirection, items one by one."""

    def __init__(self, *items: Any) -> None:
        super().__init__()
        self.items: dict[int, Any] = {}
        self.latest = 0
        self.requests: list[ReplicaRequest] = []
        self.answers: deque[tuple[int, dict[str, str]]] = deque()
        self.troubled: dict[int, list[tuple[int, bytes]]] = {}
        self.unread: list[str] = []
        self.streaming: set[str] = set()
        self.silent = 0
        self.asked_at_once = self.most_at_once = 0
        self.said: dict[str, list[str]] = {"maxitem": [], "updates": []}
        self._pulse = asyncio.Event()
        self.play(*items)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v0"

    def say(self, stream: str, text: str) -> None:
        self.said[stream].append(text)
        self._pulse.set()
        self._pulse = asyncio.Event()

    def play(self, *items: Any) -> None:
        """Add or change items, or say something that is no event of the database."""
        for item in items:
            if isinstance(item, str):
                if "maxitem" in self.streaming:
                    self.say("maxitem", put(item))
                else:
                    self.unread.append(put(item))
                continue
            self.items[item["id"]] = item
            if item["id"] > self.latest:
                self.latest = item["id"]
                self.say("maxitem", put(json.dumps({"path": "/", "data": self.latest})))
            else:
                changed = {"items": [item["id"]], "profiles": ["mara"]}
                self.say("updates", put(json.dumps({"path": "/", "data": changed})))

    def go_silent(self, *, times: int = 1) -> None:
        self.silent += times

    def answer(self, status: int, *, headers: dict[str, str] | None = None, times: int = 1) -> None:
        self.answers.extend([(status, headers or {})] * times)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = parse_request(await reader.readuntil(b"\r\n\r\n"))
        self.requests.append(request)
        name = request.path.rpartition("/")[2].removesuffix(".json")
        if self.answers:
            await write(writer, response(*self.answers.popleft()))
        elif self.silent:
            self.silent -= 1
            await reader.read()
        elif name in self.said and request.path.startswith("/v0/"):
            await write(writer, response(307, {"Location": f"/shard{request.path}"}))
        elif name in self.said:
            assert request.headers["accept"] == "text/event-stream"
            await while_open(reader, self._stream(name, writer))
        else:
            await self._item(int(name), writer)

    async def _stream(self, name: str, writer: asyncio.StreamWriter) -> None:
        said = self.said[name]
        start = len(said)
        now: dict[str, Any] = {"maxitem": self.latest or None, "updates": {"items": [], "profiles": []}}
        beginning = [put(json.dumps({"path": "/", "data": now[name]})), *(self.unread if name == "maxitem" else [])]
        await write(writer, STREAM + "".join(beginning).encode())
        self.streaming.add(name)
        while True:
            await write(writer, "".join(said[start:]).encode())
            start = len(said)
            await self._pulse.wait()

    async def _item(self, number: int, writer: asyncio.StreamWriter) -> None:
        self.asked_at_once += 1
        self.most_at_once = max(self.most_at_once, self.asked_at_once)
        status, body = 200, json.dumps(self.items.get(number)).encode()
        if troubles := self.troubled.get(number):
            status, body = troubles.pop(0)
        await asyncio.sleep(0)
        await write(writer, response(status, {"Content-Type": "application/json"}, body))
        self.asked_at_once -= 1


def put(data: str) -> str:
    return f"event: put\ndata: {data}\n\n"
