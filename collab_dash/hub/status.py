"""How the hub and its feeds are, as peers are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..wire import FEED_STATUS, STATUS, FeedStatus, SessionStatus
from .peers import Peers
from .rate import Rate
from .recorder import Recorder
from .runner import Runner
from .subscriber import Subscriber


class Status:
    """
    Tells everybody how things are: a feed's state when it changes, and figures when `tell` is called.

    Args:
        recorder: What writes the log.
        peers: Who is told.
        last: Gives the offset of the last delivered event.
        feeds: The names of the feeds to tell of, in order.
        problems: How those are that cannot run.
        exposed: The address if other machines can reach the hub, else empty.

    Attributes:
        runners: What runs each feed, by its name.

    """

    def __init__(
        self,
        recorder: Recorder,
        peers: Peers,
        last: Callable[[], int],
        *,
        feeds: Sequence[str],
        problems: Sequence[FeedStatus] = (),
        exposed: str = "",
    ) -> None:
        self.runners: Mapping[str, Runner] = {}
        self._recorder = recorder
        self._peers = peers
        self._last = last
        self._feeds = feeds
        self._problems = problems
        self._exposed = exposed
        self._rate = Rate()
        self._told: dict[str, FeedStatus] = {}

    @property
    def feeds(self) -> list[FeedStatus]:
        """How every feed is doing, those that cannot run included."""
        running = [self.runners[name].status_of(name) for name in self._feeds if name in self.runners]
        return [*running, *self._problems]

    @property
    def session(self) -> SessionStatus:
        """How the hub is doing."""
        return SessionStatus(
            offset=self._last(),
            rate=self._rate.per_second(),
            db_bytes=self._recorder.log.size(),
            recording=self._recorder.recording,
            exposed=self._exposed,
        )

    def count(self, events: int) -> None:
        """Take note that so many events were delivered."""
        self._rate.add(events)

    def enter(self, subscriber: Subscriber) -> None:
        """Tell a newcomer everything."""
        for status in self.feeds:
            subscriber.push(FEED_STATUS, status)
        subscriber.push(STATUS, self.session)

    def changed(self, status: FeedStatus) -> None:
        """Tell of a feed whose state has changed."""
        self._peers.push(FEED_STATUS, status)

    def tell(self) -> None:
        """Tell how the hub is; of feeds what is not as it was told here before."""
        self._peers.push(STATUS, self.session)
        for feed in self.feeds:
            if self._told.get(feed.feed) != feed:
                self._told[feed.feed] = feed
                self._peers.push(FEED_STATUS, feed)
