"""A live terminal dashboard for realtime feeds that people watch together, with a memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import CollabDashError as CollabDashError
    from .event import Event as Event
    from .event import Position as Position
    from .feed import Feed as Feed
    from .feed import FeedContext as FeedContext
    from .feed import FeedOptions as FeedOptions
    from .peer.session import Session as Session
    from .peer.session import join as join

__version__ = "0.1.0"

_HOME = {
    "CollabDashError": "errors",
    "Event": "event",
    "Feed": "feed",
    "FeedContext": "feed",
    "FeedOptions": "feed",
    "Position": "event",
    "Session": "peer.session",
    "join": "peer.session",
}
__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
