"""
What the author of a feed plugin imports in tests: a server to be tested against, and a way to drive a feed.

::

    async def test_ticks_become_events():
        async with ReplicaServer([{"id": 1, "price": 7}]) as replica:
            feed = TicksFeed.configure({"url": replica.ws_url})
            [event] = await collect(feed, FeedContext(name="ticks"), 1)
            assert event.key == "1"
"""

from __future__ import annotations

from .drive import collect
from .replica import ReplicaServer
from .script import ReplicaRequest

__all__ = ["ReplicaRequest", "ReplicaServer", "collect"]
