"""What a hub says unasked, read."""

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
from .pending import Pending
from .updates import Firing, Joined, Knocks, Lost, People, Update

T = TypeVar("T")
News = Pending[Update | CollabDashError]


def _as_it_is(told: Any) -> Any:
    return told


_PUSHES: dict[str, tuple[Callable[[Any], Update], Any]] = {
    SKIPPED: (_as_it_is, Skipped),
    FEED_STATUS: (_as_it_is, FeedStatus),
    STATUS: (_as_it_is, SessionStatus),
    PEOPLE: (People, list[Person]),
    FIRING: (Firing, list[Alert]),
    KNOCKS: (Knocks, list[Knock]),
    BROUGHT: (_as_it_is, Brought),
}


def update_of(frame: Frame) -> Update | None:
    """
    Give what a push tells of the session; None for one of another kind, such as a newer hub's.

    Raises:
        BadFrame: If it cannot be read.

    """
    if frame.event not in _PUSHES:
        return None
    make, shape = _PUSHES[frame.event]
    return make(decoded(frame, shape))


def decoded(frame: Frame, shape: type[T]) -> T:
    """
    Read the payload of a push.

    Raises:
        BadFrame: If it cannot be read.

    """
    try:
        return msgspec.json.decode(frame.data, type=shape)
    except msgspec.MsgspecError as error:
        raise BadFrame(f"a {frame.event} that cannot be read: {error}") from None


def matter(update: Update | CollabDashError) -> Hashable | None:
    """
    Give what newer news makes older news of: a state, or that the link went and came back without loss.

    Events count each by itself, and so does a link to another log.
    """
    if isinstance(update, FeedStatus):
        return FeedStatus, update.feed
    if isinstance(update, Joined):
        return Joined if update.welcome.recovered else None
    return type(update) if isinstance(update, SessionStatus | People | Firing | Knocks | Lost) else None
