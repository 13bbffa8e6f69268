"""Requests of the domain ``note``, for programs without a replica of the shared document: marks and their threads."""

from __future__ import annotations

from typing import Any

import msgspec
from pydantic import Field, model_validator

from ...doc import edits
from ...doc.document import Document
from ...doc.entries import Mark, Note, Resolution
from ...errors import RequestRefused
from ...event import Event, unix_ms
from ...wire import COMMENT, MARK, MARKS, RESOLVE, Code
from ..hub import Hub
from ..subscriber import Subscriber
from ..talk import author
from . import Payload, bind

LATEST_MOMENT = 1 << 52


class Pin(Payload):
    """An event by its offset, or a moment in Unix milliseconds, to mark."""

    offset: int | None = Field(None, ge=1, le=LATEST_MOMENT)
    time: int | None = Field(None, ge=0, le=LATEST_MOMENT)
    text: str = Field("", max_length=500)

    @model_validator(mode="after")
    def _one_of_them(self) -> Pin:
        if (self.offset is None) == (self.time is None):
            raise ValueError("give offset or time, one of them")
        return self


class Comment(Payload):
    """Something to say about a mark."""

    mark: str = Field(min_length=1, max_length=64)
    text: str = Field(min_length=1, max_length=4000)


class Resolve(Payload):
    """Whether a mark's thread is settled."""

    mark: str = Field(min_length=1, max_length=64)
    resolved: bool = True


class Marks(Payload):
    """How many of the latest marks to tell, or of those that came before one."""

    limit: int = Field(500, ge=1, le=500)
    before: str | None = Field(None, min_length=1, max_length=64)


@bind(MARK, Pin, role="editor", edits=1)
async def mark(hub: Hub, subscriber: Subscriber, payload: Pin) -> dict[str, str]:
    """Mark an event or a moment; the answer comes once it is passed on."""
    now = unix_ms()
    pinned = Mark(time=payload.time or 0, text=payload.text, by=author(subscriber), at=now)
    if payload.offset is not None:
        event = await _event(hub, payload.offset)
        time = min(max(event.received if event.time is None else event.time, 0), LATEST_MOMENT)
        pinned = msgspec.structs.replace(pinned, offset=event.offset, feed=event.feed, key=event.key, time=time)
    shared = hub.shared
    with shared.edit(role=subscriber.role, person=subscriber.person, adds_to="marks") as document:
        id_ = edits.add_mark(document, pinned)
    await shared.passed_on()
    return {"id": id_}


async def _event(hub: Hub, offset: int) -> Event:
    page = await hub.log.read(after=offset - 1, upto=min(offset, hub.fanout.last), limit=1)
    if not page.events:
        raise RequestRefused(f"there is no event {offset}", code=Code.NOT_FOUND, path=("data", "offset"))
    return msgspec.json.decode(page.events[0], type=Event)


@bind(COMMENT, Comment, role="editor", edits=1)
async def comment(hub: Hub, subscriber: Subscriber, payload: Comment) -> dict[str, str]:
    """Comment on a mark; the answer comes once it is passed on."""
    shared = hub.shared
    _check_mark(shared.document, payload.mark)
    with shared.edit(role=subscriber.role, person=subscriber.person, adds_to="notes") as document:
        note = Note(mark=payload.mark, text=payload.text, by=author(subscriber), at=unix_ms())
        id_ = edits.add_note(document, note)
    await shared.passed_on()
    return {"id": id_}


@bind(RESOLVE, Resolve, role="editor", edits=1)
async def resolve(hub: Hub, subscriber: Subscriber, payload: Resolve) -> None:
    """Settle a mark's thread, or open it again; the answer comes once it is passed on."""
    shared = hub.shared
    _check_mark(shared.document, payload.mark)
    resolution = Resolution(by=author(subscriber), at=unix_ms()) if payload.resolved else None
    with shared.edit(role=subscriber.role, person=subscriber.person) as document:
        edits.resolve(document, payload.mark, resolution)
    await shared.passed_on()


@bind(MARKS, Marks)
async def marks(hub: Hub, subscriber: Subscriber, payload: Marks) -> dict[str, Any]:
    """Give the latest marks, or those before another, newest last, each with its notes in order."""
    return hub.talk.marks(limit=payload.limit, before=payload.before)._asdict()


def _check_mark(document: Document, id_: str) -> None:
    if id_ not in document.marks:
        raise RequestRefused(f"there is no mark {id_!r}", code=Code.NOT_FOUND, path=("data", "mark"))
