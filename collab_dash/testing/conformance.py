"""
Checks that every feed must pass, as a class for pytest.

::

    class TestTicks(FeedConformance):
        plugin = TicksFeed
        messages = ({"id": 1, "price": 7}, {"id": 2, "price": 8})

        def options(self, upstream):
            return {"url": upstream.ws_url}

pytest with pytest-asyncio runs them, in either of its modes.
"""

from __future__ import annotations

from typing import Any

from .checks_cursor import CursorChecks
from .checks_description import DescriptionChecks
from .checks_ending import EndingChecks
from .checks_events import EventChecks
from .checks_faults import FaultChecks

__all__ = ["FeedConformance"]


class FeedConformance(DescriptionChecks, EventChecks, EndingChecks, CursorChecks, FaultChecks):
    """
    What every feed must do; derive from it, say which feed, and have pytest collect the class.

    `Subject` tells what a class may declare and override, the reference of the kit what each check is about. A check
    that is not about the feed, by what the class declares, is not there: nothing passes unasked.
    """

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        for name in dir(FeedConformance):
            check = getattr(FeedConformance, name)
            condition = getattr(check, "applies", None)
            if condition is None or name in cls.__dict__:
                continue
            setattr(cls, name, check if condition(cls) else None)
