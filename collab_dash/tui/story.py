"""What became of the alerts of late, as the feed ``alerts`` tells."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

import msgspec

from ..event import ALERTS_FEED, FIRED, UNREACHED, Event
from ..wire import ACKNOWLEDGE, Alert
from .streams import Selection

SELECTION = Selection(feeds=(ALERTS_FEED,))
MOST = 500


class Story:
    """
    The alerts that fired lately, who acknowledged them, and which targets they did not reach; a tap of a stream.

    Args:
        changed: Called upon news.

    """

    depth = 400
    reach = 0

    def __init__(self, changed: Callable[[], None]) -> None:
        self.alerts: OrderedDict[str, Alert] = OrderedDict()
        self.by: dict[str, str] = {}
        self.unreached: dict[str, str] = {}
        self._changed = changed

    def take(self, events: Sequence[Event]) -> None:
        """Take events of the feed, oldest first."""
        for event in events:
            self._take(event)
        while len(self.alerts) > MOST:
            forgotten, _ = self.alerts.popitem(last=False)
            self.by.pop(forgotten, None)
            self.unreached.pop(forgotten, None)
        self._changed()

    def _take(self, event: Event) -> None:
        try:
            if event.type == FIRED:
                alert = msgspec.convert(event.data, Alert)
                self.alerts[alert.alert] = alert
            elif event.key is None or event.key not in self.alerts:
                return
            elif event.type == ACKNOWLEDGE:
                self.by[event.key] = msgspec.convert(event.data["by"], str)
            elif event.type == UNREACHED:
                self.unreached[event.key] = msgspec.convert(event.data["target"], str)
        except (msgspec.ValidationError, KeyError):
            return  # written by another version

    def gap(self, first: int, last: int) -> None:
        """Take note that events were not sent: what is missing is not told."""

    def clear(self) -> None:
        """Forget everything: another log follows."""
        self.alerts.clear()
        self.by.clear()
        self.unreached.clear()
