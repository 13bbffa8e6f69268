"""Requests of the domain ``board``: the board and the workspace file."""

from __future__ import annotations

from pydantic import Field

from ...wire import WRITTEN
from ..hub import Hub
from ..subscriber import Subscriber
from . import Payload, bind


class Written(Payload):
    """The digest of the board that the workspace file has now."""

    seed: str = Field(pattern="^[0-9a-f]{16}$")


@bind(WRITTEN, Written, role="host")
async def written(hub: Hub, subscriber: Subscriber, payload: Written) -> None:
    """Note that the workspace file has the board, lest a hub that starts on it take it for somebody's change."""
    with hub.shared.edit() as document:
        document.roots["meta"]["seed"] = payload.seed
    await hub.shared.passed_on()
