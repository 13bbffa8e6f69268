"""What a hub tells unasked, and what of it makes older news of the same old."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import msgspec

from ..errors import BadFrame, CollabDashError
from ..wire import (
    BROUGHT,
    FEED_STATUS,
    FIRING,
    KNOCKS,
    PEOPLE,
    SKIPPED,
    STATUS,
    Alert,
    Brought,
    FeedStatus,
    Frame,
    Knock,
    Person,
    SessionStatus,
    Skipped,
)
from .updates import Firing, Knocks, People, Update

T = TypeVar("T")

PUSHES: dict[str, tuple[Callable[[Any], Any], Any]] = {
    SKIPPED: (lambda skipped: skipped, Skipped),
    FEED_STATUS: (lambda status: status, FeedStatus),
    STATUS: (lambda status: status, SessionStatus),
    PEOPLE: (People, list[Person]),
    FIRING: (Firing, list[Alert]),
    KNOCKS: (Knocks, list[Knock]),
    BROUGHT: (lambda brought: brought, Brought),
}
"""The pushes that are told as they come: what to make of each, and its shape."""


def matter(update: Update | CollabDashError) -> Hashable | None:
    """Give what newer news makes older news of: a state; events and the link's ups and downs count each by itself."""
    if isinstance(update, FeedStatus):
        return FeedStatus, update.feed
    return type(update) if isinstance(update, SessionStatus | People | Firing | Knocks) else None


def decoded(frame: Frame, shape: type[T]) -> T:
    """
    Read the data of a push.

    Raises:
        BadFrame: If it is not of that shape.

    """
    try:
        return msgspec.json.decode(frame.data, type=shape)
    except msgspec.MsgspecError as error:
        raise BadFrame(f"a {frame.event} that cannot be read: {error}") from None
