"""Requests of the domain ``alert``: what is firing, acknowledging it, and the rules."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ...rules import Rule
from ...wire import ACKNOWLEDGE, FIRING, RULES, Alert
from ..hub import Hub
from ..subscriber import Subscriber
from . import Empty, Payload, bind


class OneAlert(Payload):
    """An alert's id."""

    alert: str = Field(max_length=100)


@bind(FIRING, Empty)
async def firing(hub: Hub, subscriber: Subscriber, payload: Empty) -> list[Alert]:
    """Give what fires and nobody has acknowledged yet, oldest first."""
    return hub.alerts.firing


@bind(ACKNOWLEDGE, OneAlert, role="editor")
async def acknowledge(hub: Hub, subscriber: Subscriber, payload: OneAlert) -> dict[str, Any]:
    """Acknowledge an alert; the answer says who did so first."""
    return {"by": await hub.alerts.acknowledge(payload.alert, subscriber.name or subscriber.role)}


@bind(RULES, Empty)
async def rules(hub: Hub, subscriber: Subscriber, payload: Empty) -> list[Rule]:
    """Give the rules."""
    return list(hub.rules.rules)
