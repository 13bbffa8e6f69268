"""A replica's HTTP side: document and hanging request."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from hashlib import blake2b
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import msgspec

from .script import Fault, ReplicaRequest, Script, as_json, raw


def parse_request(head: bytes) -> ReplicaRequest:
    """Read a request's head."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    parts = urlsplit(target)
    return ReplicaRequest(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), headers)


def response(status: int, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """Write a whole response."""
    known = {known.value: known.phrase for known in HTTPStatus}
    lines = [f"HTTP/1.1 {status} {known.get(status, 'Unheard Of')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if status not in {204, 304}:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


async def write(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Send, and wait for a client that is slow to read."""
    writer.write(data)
    await writer.drain()


async def while_open(reader: asyncio.StreamReader, work: Coroutine[None, None, None]) -> None:
    """Do `work`, but no longer than the client stays connected."""
    async with asyncio.TaskGroup() as group:
        tasks = {group.create_task(work), group.create_task(_leave(reader))}
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()


async def _leave(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        await reader.read()


async def answer_document(
    script: Script, request: ReplicaRequest, fault: Fault, writer: asyncio.StreamWriter, *, hold: float
) -> None:
    """Answer with what came after a cursor, if the path says so, or with the latest message."""
    if fault.kind == "silent":
        await asyncio.Event().wait()
    hanging = request.path.startswith("/long-poll")
    answer = await _news(script, request, hold) if hanging else _latest(script, request)
    await script.write(writer, answer[:-5] if fault.kind == "cut" else answer)


async def _news(script: Script, request: ReplicaRequest, hold: float) -> bytes:
    start = int(request.query.get("cursor") or 0)
    with suppress(TimeoutError):
        async with asyncio.timeout(hold):
            await script.until(lambda: len(script.messages) > start)
    items = [as_json(script.message(number)) for number in range(start, len(script.messages))]
    if not items:
        return response(204, {"Date": script.date()})
    cursor = str(len(script.messages))
    body = msgspec.json.encode({"cursor": cursor, "items": items})
    headers = {"Date": script.date(), "Content-Type": "application/json", "X-Cursor": cursor}
    return response(200, headers, body)


def _latest(script: Script, request: ReplicaRequest) -> bytes:
    body = raw(script.message(len(script.messages) - 1)) if script.messages else b"[]"
    tag = f'"{blake2b(body, digest_size=8).hexdigest()}"'
    if request.headers.get("if-none-match") == tag:
        return response(304, {"Date": script.date(), "ETag": tag})
    return response(200, {"Date": script.date(), "ETag": tag, "Content-Type": "application/json"}, body)
