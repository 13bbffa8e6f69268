"""What `FeedConformance` asks of the other end of a feed."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable
from typing import Any, Final, Protocol

NO_FAULTS: Final = ()
"""The faults of an upstream that is on no network, such as a file."""

NETWORK_FAULTS: Final = ("cut_now", "refuse", "go_silent")
"""The faults of a `Relay`: they need no knowledge of the protocol."""

REPLICA_FAULTS: Final = (*NETWORK_FAULTS, "never_answer", "cut", "answer", "answer_html", "answer_garbage")
"""The faults of a `ReplicaServer`."""


class Upstream(Protocol):
    """
    The other end of a feed under test: a `ReplicaServer`, or anything that can be made to say something.

    An upstream whose faults a conformance class declares has a method for each of them, as `ReplicaServer` and
    `Relay` have, and tells its open ``connections``.
    """

    def play(self, *messages: Any) -> Awaitable[None] | None:
        """
        Say something, to the feed that is connected or is about to be.

        May be ``async``. A source that forgets what nobody hears waits here until the feed listens.
        """


async def play(upstream: Upstream, *messages: Any) -> None:
    """Have `upstream` say `messages`, whether its ``play`` is ``async`` or not."""
    played = upstream.play(*messages)
    if inspect.isawaitable(played):
        await played
