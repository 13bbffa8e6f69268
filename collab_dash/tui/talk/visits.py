"""Going to what somebody refers to: which pane shows it, and fetching what is not on this screen any more."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ...errors import RequestRefused
from ...event import Event
from ...wire import HISTORY, Code, History
from ..streams import Selection, Stream
from .marks import Marks

if TYPE_CHECKING:
    from ...board import Page
    from ...board import Pane as Spec
    from ..live import Live

BEFORE, AFTER = 400, 100
RANK = {"log": 0, "table": 1, "json": 2, "line": 3, "stat": 4, "bars": 5}


async def event_at(live: Live, offset: int) -> Event:
    """
    Give an event of the log.

    Raises:
        RequestRefused: If it is not there, or the hub does not answer.

    """
    page = await live.ask(HISTORY, {"after": offset - 1, "limit": 1}, History)
    if page.events and page.events[0].offset == offset:
        return page.events[0]
    when = "any more" if page.events else "yet"
    raise RequestRefused(f"event #{offset} is not in the log {when}", code=Code.NOT_FOUND)


async def around(live: Live, selection: Selection, offset: int) -> list[Event]:
    """
    Give what a pane would show around an event, oldest first.

    Raises:
        RequestRefused: If the hub does not answer.

    """
    query: dict[str, Any] = {"feeds": list(selection.feeds), "types": list(selection.types)}
    before = await live.ask(HISTORY, {**query, "before": offset + 1, "limit": BEFORE}, History)
    after = await live.ask(HISTORY, {**query, "after": offset, "limit": AFTER}, History)
    return Stream(selection).choose([*before.events, *after.events])


def rank(spec: Spec) -> int:
    """Tell how well a view shows one event: the less, the better."""
    return RANK.get(spec.view, len(RANK))


def walk(marks: Marks, pages: Sequence[Page], open_: int) -> list[str]:
    """
    Give every mark in the order they are walked in.

    First those that the open page shows, then those of the pages after it, round to the one before it, then those that
    no page shows; in each the earliest first.

    Args:
        marks: All there are.
        pages: The board's.
        open_: The index of the open page.

    """
    turned = [*pages[open_:], *pages[:open_]]
    shown = [[(pane.feeds, pane.key) for pane in page.panes if pane.view in RANK] for page in turned]

    @cache
    def place(feed: str, key: str | None) -> int:
        for index, panes in enumerate(shown):
            if any((feed in feeds or "*" in feeds) and wanted in ("", key) for feeds, wanted in panes):
                return index
        return len(shown)

    def order(id_: str) -> tuple[int, int, str]:
        mark = marks.marks[id_]
        return place(mark.feed, mark.key), mark.time, id_

    return sorted(marks.newest, key=order)
