"""A replica of the Kubernetes API's list and watch, on loopback, that misbehaves on request."""

from __future__ import annotations

import asyncio
import copy
import json
from collections import deque
from collections.abc import Callable
from typing import Any

from collab_dash.testing import ReplicaRequest
from collab_dash.testing.http_door import parse_request, response, write
from collab_dash.testing.loopback import LoopbackServer
from collab_dash_feeds.kubernetes import KubernetesFeed

EXPIRED = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410}


class KubernetesReplica(LoopbackServer):
    """
    One collection, whatever the path: what is played is kept, listed, and told to those who watch.

    Args:
        chunk: Bytes of a chunk of a watch; 0 for an event each.

    Attributes:
        requests: What clients asked, in order.
        watches: Those of them that are, or were, a watch.
        limit: Objects of a page, if fewer than were asked for.

    """

    def __init__(self, *, chunk: int = 0) -> None:
        super().__init__()
        self.requests: list[ReplicaRequest] = []
        self.watches: list[ReplicaRequest] = []
        self.limit = 500
        self.version = 100
        self._chunk = chunk
        self._objects: dict[str, dict[str, Any]] = {}
        self._history: list[tuple[int, dict[str, Any]]] = []
        self._compacted = 0
        self._raw: deque[bytes] = deque()
        self._faults: deque[Callable[[asyncio.StreamWriter], Any]] = deque()
        self._cuts: deque[int] = deque()
        self._ended = 0
        self._pulse = asyncio.Event()

    @property
    def url(self) -> str:
        """The API server's address."""
        return f"http://127.0.0.1:{self.port}"

    def play(self, *happenings: dict[str, Any] | str) -> None:
        """Do to the objects as watch events say, each under the next version; text is sent as it is."""
        for happening in happenings:
            if isinstance(happening, str):
                self._raw.append(happening.encode() + b"\n")
                continue
            self.version += 1
            told = copy.deepcopy(happening)
            told["object"]["metadata"]["resourceVersion"] = str(self.version)
            uid = told["object"]["metadata"]["uid"]
            if told["type"] == "DELETED":
                self._objects.pop(uid, None)
            else:
                self._objects[uid] = told["object"]
            self._history.append((self.version, told))
        self.happened()

    def bookmark(self) -> None:
        """Tell those who watch, and ask for it, how far they are."""
        self.version += 1
        note = {"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": str(self.version)}}
        self._history.append((self.version, {"type": "BOOKMARK", "object": note}))
        self.happened()

    def compact(self) -> None:
        """Forget what happened, as etcd does after minutes; what is there stays."""
        self._compacted = self.version
        self._history.clear()

    def end_watches(self) -> None:
        """End every open watch in order, as after `timeoutSeconds`."""
        self._ended += 1
        self.happened()

    def answer(self, status: int, body: Any = b"", *, headers: Any = None, times: int = 1) -> None:
        """Answer the next requests with just this."""
        raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        reply = response(status, {"Content-Type": "application/json"} | dict(headers or {}), raw)
        self._faults.extend([lambda writer: write(writer, reply)] * times)

    def answer_html(self, *, times: int = 1) -> None:
        """Answer the next requests with a web page."""
        self.answer(200, "<!doctype html><title>Sign in</title>", headers={"Content-Type": "text/html"}, times=times)

    def answer_garbage(self, *, times: int = 1) -> None:
        """Answer the next requests with bytes that are no HTTP."""
        self._faults.extend([lambda writer: write(writer, b"\x00\xffnot a protocol\r\n\r\n")] * times)

    def never_answer(self, *, times: int = 1) -> None:
        """Say nothing to the next requests."""
        self._faults.extend([lambda writer: asyncio.Event().wait()] * times)

    go_silent = never_answer

    def cut(self, *, after: int = 0) -> None:
        """Cut the next watch in the midst of an event, once the first `after` things have happened."""
        self._cuts.append(after)

    def happened(self) -> None:
        """Have every watch look again."""
        self._pulse.set()
        self._pulse = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` holds."""
        async with asyncio.timeout(10):
            while not condition():
                await self._pulse.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            request = parse_request(await reader.readuntil(b"\r\n\r\n"))
            self.requests.append(request)
            self.happened()
            if self._faults:
                await self._while_open(reader, self._faults.popleft()(writer))
                return
            if "watch" not in request.query:
                await write(writer, self._list(request))
                return
            await self._while_open(reader, self._watch(request, writer))

    async def _while_open(self, reader: asyncio.StreamReader, work: Any) -> None:
        """Do `work`, but no longer than the client stays."""
        working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait([working, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (working, leaving):
                task.cancel()
            await asyncio.gather(working, leaving, return_exceptions=True)

    def _list(self, request: ReplicaRequest) -> bytes:
        version, _, start = request.query.get("continue", "").partition("/")
        if version and int(version) < self._compacted:
            return response(410, {"Content-Type": "application/json"}, json.dumps(EXPIRED).encode())
        begin, limit = int(start or 0), min(int(request.query.get("limit", 500)), self.limit)
        things = list(self._objects.values())
        kind = things[0]["kind"] if things else "Pod"
        bare = [
            {name: value for name, value in thing.items() if name not in ("kind", "apiVersion")} for thing in things
        ]
        meta = {"resourceVersion": version or str(self.version)}
        if begin + limit < len(things):
            meta |= {"continue": f"{version or self.version}/{begin + limit}"}
        page = {"kind": f"{kind}List", "apiVersion": "v1", "metadata": meta, "items": bare[begin : begin + limit]}
        return response(200, {"Content-Type": "application/json"}, json.dumps(page, ensure_ascii=False).encode())

    async def _watch(self, request: ReplicaRequest, writer: asyncio.StreamWriter) -> None:
        told, ended = int(request.query["resourceVersion"]), self._ended
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        await write(writer, head)
        self.watches.append(request)
        self.happened()
        if told < self._compacted:
            await self._say(writer, json.dumps({"type": "ERROR", "object": EXPIRED}).encode() + b"\n")
        else:
            cut = self._cuts.popleft() if self._cuts else None
            while True:
                pulse = self._pulse
                while self._raw:
                    await self._say(writer, self._raw.popleft())
                if ended != self._ended:
                    break
                for version, happening in list(self._history):
                    if version > told:
                        told = version
                        await self._say(writer, json.dumps(happening, ensure_ascii=False).encode() + b"\n")
                if cut is not None and self.version >= 100 + cut:
                    await self._say(writer, b'{"type":"MODIFIED","object":{"kind":"Pod","meta')
                    writer.transport.abort()
                    return
                await pulse.wait()
        await write(writer, b"0\r\n\r\n")

    async def _say(self, writer: asyncio.StreamWriter, line: bytes) -> None:
        size = self._chunk or len(line)
        for start in range(0, len(line), size):
            part = line[start : start + size]
            await write(writer, b"%x\r\n%b\r\n" % (len(part), part))
            if self._chunk:
                await asyncio.sleep(0)


def following(replica: KubernetesReplica, **options: Any) -> KubernetesFeed:
    """Give a feed of what a replica serves."""
    feed = KubernetesFeed.configure({"url": replica.url, **options})
    assert isinstance(feed, KubernetesFeed)
    return feed
