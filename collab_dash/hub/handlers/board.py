"""Requests of the domain ``board``: what people share, and the workspace file."""

from __future__ import annotations

from pydantic import Field

from ...wire import WRITTEN
from ..hub import Hub
from ..subscriber import Subscriber
from . import Payload, bind

DIGEST = "^[0-9a-f]{16}$"


class Written(Payload):
    """The digests of the pages and rules that the workspace file has now."""

    pages: str = Field(pattern=DIGEST)
    rules: str = Field(pattern=DIGEST)


@bind(WRITTEN, Written, role="host", edits=1)
async def written(hub: Hub, subscriber: Subscriber, payload: Written) -> None:
    """Note that the workspace file has what is shared, lest a hub that starts on it take it for somebody's change."""
    with hub.shared.edit() as document:
        document.roots["meta"]["seed"] = payload.pages
        document.roots["meta"]["rules"] = payload.rules
    await hub.shared.passed_on()
