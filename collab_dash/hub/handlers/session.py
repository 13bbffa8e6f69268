"""Requests of the domain ``session``: the board, who looks where, links, the end."""

from __future__ import annotations

from typing import Any

import pydantic
from pydantic import Field

from ...board import Board
from ...errors import RequestRefused
from ...glance import LATEST
from ...people import colour_for
from ...wire import (
    BOARD,
    BRING,
    BROUGHT,
    INTRODUCE,
    LEAVE,
    LET_IN,
    LINKS,
    LOOK,
    MAX_NAME,
    REMOVE,
    RENEW,
    STOP,
    TOKEN,
    Brought,
    Close,
    Code,
    may,
)
from ..hub import Hub
from ..subscriber import Subscriber
from . import CALL, Empty, Payload, bind


class Look(Payload):
    """Where somebody looks."""

    page: str = Field("", max_length=200)
    pane: str = Field("", max_length=200)


class Bring(Look):
    """Where everybody is to look, and at which moment; without one, at the present."""

    page: str = Field(min_length=1, max_length=200)
    time: int | None = Field(None, ge=0, le=LATEST)


class Introduce(Payload):
    """What others shall call a peer, and the colour they shall see it in; empty for one that follows from its id."""

    model_config = pydantic.ConfigDict(str_strip_whitespace=True)

    name: str = Field(min_length=1, max_length=MAX_NAME)
    color: str = Field("", max_length=20)


REMOVED = "removed by the host"


class OneClient(Payload):
    """The id of a program in this session."""

    client: str = Field(max_length=100)


class Answer(OneClient):
    """Whether somebody may come in."""

    yes: bool


class Stop(Payload):
    """Whether to end the hub only if it would soon end by itself, nobody else being joined."""

    idle: bool = False


@bind(BOARD, Empty)
async def board(hub: Hub, subscriber: Subscriber, payload: Empty) -> Board:
    """Give the board."""
    return hub.board


@bind(LOOK, Look)
async def look(hub: Hub, subscriber: Subscriber, payload: Look) -> None:
    """Note where a peer looks."""
    hub.presence.look(subscriber, payload.page, payload.pane)


@bind(BRING, Bring, role="editor", edits=CALL)
async def bring(hub: Hub, subscriber: Subscriber, payload: Bring) -> None:
    """Offer everybody else to look where somebody looks; each may decline."""
    offer = Brought(name=subscriber.name, client=subscriber.client, **payload.model_dump())
    for other in hub.peers.joined - {subscriber}:
        other.push(BROUGHT, offer)


@bind(INTRODUCE, Introduce)
async def introduce(hub: Hub, subscriber: Subscriber, payload: Introduce) -> None:
    """Take another name and colour."""
    subscriber.name, subscriber.color = payload.name, colour_for(payload.color, subscriber.person)
    hub.presence.introduce(subscriber)


@bind(LEAVE, Empty)
async def leave(hub: Hub, subscriber: Subscriber, payload: Empty) -> None:
    """Forget a peer at once, without waiting for its link to close."""
    hub.presence.leave(subscriber, clean=True)


@bind(LINKS, Empty)
async def links(hub: Hub, subscriber: Subscriber, payload: Empty) -> dict[str, Any]:
    """Give the links a peer may hand on: nobody gives away more than they have."""
    if hub.links is None:
        raise RequestRefused("this hub has no address to share", code=Code.UNAVAILABLE)
    editor = hub.links.link("editor") if may(subscriber.role, "editor") else None
    return {"editor": editor, "viewer": hub.links.link("viewer")}


@bind(RENEW, Empty, role="host")
async def renew(hub: Hub, subscriber: Subscriber, payload: Empty) -> None:
    """Make new links; the old ones let nobody in any more, and those who are here get what to come back with."""
    if hub.links is None:
        raise RequestRefused("this hub has no address to share", code=Code.UNAVAILABLE)
    await hub.links.renew()
    for other in tuple(hub.peers.joined):
        if other.role != "host":
            other.push(TOKEN, {"token": hub.links.token(other.role)}, lasting=True)


@bind(REMOVE, OneClient, role="host")
async def remove(hub: Hub, subscriber: Subscriber, payload: OneClient) -> None:
    """Close somebody's link for good; where newcomers wait, they wait the next time."""
    if (link := hub.peers.other(payload.client)) is not None:
        hub.shared.cut(link)
        await link.close(Close.REMOVED, REMOVED)
        return
    other = hub.peers.subscriber(payload.client)
    if other is None:
        raise RequestRefused("nobody of that id is here", code=Code.NOT_FOUND, path=("data", "client"))
    hub.peers.admission.forget(other.person)
    other.role = ""  # while its link closes it may nothing, and what waits there is not heard
    hub.shared.cut(other.link)
    hub.presence.leave(other, clean=True)
    hub.leave(other)
    await other.link.close(Close.REMOVED, REMOVED)


@bind(LET_IN, Answer, role="host")
async def let_in(hub: Hub, subscriber: Subscriber, payload: Answer) -> None:
    """Let somebody in who waits, or turn them away."""
    hub.peers.admission.let_in(payload.client, yes=payload.yes)


@bind(STOP, Stop, role="host")
async def stop(hub: Hub, subscriber: Subscriber, payload: Stop) -> None:
    """End the session: the hub in order, and everybody's part in it."""
    if payload.idle and not (hub.passing and hub.peers.nobody_but(subscriber)):
        raise RequestRefused("this hub is in use", code=Code.UNAVAILABLE)
    hub.over = True
    hub.stop()
