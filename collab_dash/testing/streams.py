"""A replica's endless answers over HTTP: an event stream, and lines of JSON."""

from __future__ import annotations

import asyncio

from ..transports import Message
from .script import Fault, ReplicaRequest, Script, raw

_LINES = "application/x-ndjson"


def wants_lines(request: ReplicaRequest) -> bool:
    """Tell whether a client asks for lines: by path, by type, or by ``watch`` as Kubernetes has it."""
    return (
        request.path.startswith("/lines")
        or _LINES in request.headers.get("accept", "")
        or request.query.get("watch") in {"1", "true"}
    )


async def play_events(script: Script, request: ReplicaRequest, fault: Fault, writer: asyncio.StreamWriter) -> None:
    """Play an event stream, from after ``Last-Event-ID``."""
    head = f"HTTP/1.1 200 OK\r\nDate: {script.date()}\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    await script.write(writer, head.encode())
    place = script.start(request.headers.get("last-event-id", "").encode("latin-1").decode(errors="replace"))
    while await script.has(place, fault):
        number = script.number(place)
        await script.write(writer, _event(script.cursor(number), script.message(number)))
        script.was_heard(place)
        place += 1
    if fault.kind == "cut":
        await script.write(writer, b"data: only half of a mess")


def _event(cursor: str, message: Message) -> bytes:
    lines = [f"id: {cursor}".encode()]
    if message.event:
        lines.append(f"event: {message.event}".encode())
    lines += [b"data: " + line for line in raw(message).split(b"\n")]
    return b"\n".join(lines) + b"\n\n"


async def play_lines(script: Script, request: ReplicaRequest, fault: Fault, writer: asyncio.StreamWriter) -> None:
    """Play a message a line, in chunks, from after ``cursor`` or ``resourceVersion``."""
    head = f"HTTP/1.1 200 OK\r\nDate: {script.date()}\r\nContent-Type: {_LINES}\r\nTransfer-Encoding: chunked\r\n\r\n"
    await script.write(writer, head.encode())
    place = script.start(request.query.get("cursor") or request.query.get("resourceVersion"))
    while await script.has(place, fault):
        await script.write(writer, _chunk(raw(script.message(script.number(place))) + b"\n"))
        script.was_heard(place)
        place += 1
    await script.write(writer, _chunk(b'{"only":"half of a mess') if fault.kind == "cut" else _chunk(b""))


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)
