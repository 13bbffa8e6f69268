"""
What the author of a feed plugin imports in tests: a server to be tested against, and a way to drive a feed.

::

    async def test_ticks_become_events():
        async with ReplicaServer([{"id": 1, "price": 7}]) as replica:
            feed = TicksFeed.configure({"url": replica.ws_url})
            [event] = await collect(feed, FeedContext(name="ticks"), 1)
            assert event.key == "1"

And `FeedConformance`, the checks that every feed must pass; it is imported when asked for, as it needs pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .drive import collect
from .loopback import LoopbackServer
from .relay import Relay
from .replica import ReplicaServer
from .script import ReplicaRequest
from .upstream import NETWORK_FAULTS, NO_FAULTS, REPLICA_FAULTS, Upstream

if TYPE_CHECKING:
    from .conformance import FeedConformance

__all__ = [
    "NETWORK_FAULTS",
    "NO_FAULTS",
    "REPLICA_FAULTS",
    "FeedConformance",
    "LoopbackServer",
    "Relay",
    "ReplicaRequest",
    "ReplicaServer",
    "Upstream",
    "collect",
]


def __getattr__(name: str) -> Any:
    if name == "FeedConformance":
        from .conformance import FeedConformance

        return FeedConformance
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
