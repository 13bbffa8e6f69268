"""Requests of the domain ``session``: the board, who looks where, links, the end."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...board import Board
from ...errors import RequestRefused
from ...wire import BOARD, LEAVE, LINKS, LOOK, STOP, Code, may
from ..hub import Hub
from ..subscriber import Subscriber
from . import Empty, Payload, bind


class Look(Payload):
    """Where somebody looks."""

    page: str = Field("", max_length=200)
    pane: str = Field("", max_length=200)


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


@bind(LEAVE, Empty)
async def leave(hub: Hub, subscriber: Subscriber, payload: Empty) -> None:
    """Forget a peer at once, without waiting for its link to close."""
    hub.presence.leave(subscriber)


@bind(LINKS, Empty)
async def links(hub: Hub, subscriber: Subscriber, payload: Empty) -> dict[str, Any]:
    """Give the links a peer may hand on: nobody gives away more than they have."""
    if hub.links is None:
        raise RequestRefused("this hub has no address to share", code=Code.UNAVAILABLE)
    editor, viewer = hub.links
    return {"editor": editor if may(subscriber.role, "editor") else None, "viewer": viewer}


@bind(STOP, Stop, role="host")
async def stop(hub: Hub, subscriber: Subscriber, payload: Stop) -> None:
    """End the session: the hub in order, and everybody's part in it."""
    if payload.idle and not (hub.passing and hub.subscribers <= {subscriber}):
        raise RequestRefused("this hub is in use", code=Code.UNAVAILABLE)
    hub.over = True
    hub.stop()
