"""Requests of the domain ``chat``, for programs without a replica of the shared document."""

from __future__ import annotations

from pydantic import Field

from ...doc import edits
from ...doc.entries import ChatLine
from ...event import unix_ms
from ...wire import CHAT
from ..hub import Hub
from ..subscriber import Subscriber
from ..talk import author
from . import Payload, bind


class Post(Payload):
    """Something to say to all."""

    text: str = Field(min_length=1, max_length=4000)


@bind(CHAT, Post, role="editor", edits=1)
async def post(hub: Hub, subscriber: Subscriber, payload: Post) -> dict[str, str]:
    """Say something; the answer comes once it is passed on."""
    shared = hub.shared
    with shared.edit(role=subscriber.role, person=subscriber.person, adds_to="chat") as document:
        id_ = edits.say(document, ChatLine(text=payload.text, by=author(subscriber), at=unix_ms()))
    await shared.passed_on()
    return {"id": id_}
