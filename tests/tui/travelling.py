"""Somebody who travels in time."""

from __future__ import annotations

from collab_dash.board import Pane
from collab_dash.event import Event
from collab_dash.peer.session import Events
from collab_dash.tui.panes.log import LogPane
from collab_dash.tui.streams import Selection
from collab_dash.tui.travel import Travel
from tui.fake_session import FakeSession, board, tick
from tui.opened import Seat

LOG = Pane(feeds=("btc",), view="log", title="Log", width=6)
TABLE = Pane(feeds=("btc",), view="table", title="Table", columns=("key", "price", "age"), width=6)
FEEDS = Pane(view="feeds", title="Feeds", width=6)
PRICES = Selection(("btc",))


def session(*panes: Pane, count: int = 60) -> FakeSession:
    """Give a session whose log has one price a second, the last of them at 13:59:59."""
    return FakeSession(board(*(panes or (LOG, TABLE))), [tick(n, float(n)) for n in range(1, count)])


def travel(seat: Seat) -> Travel:
    return seat.app.live.travel


def shown(seat: Seat) -> list[int | None]:
    """Give the offsets that the log shows, oldest first."""
    [log] = [pane for pane in seat.board.stage.panes if isinstance(pane, LogPane)]
    return [event.offset for event in log._events]


async def arrived(seat: Seat) -> None:
    """Wait until the traveller stands still and every stream has its past."""
    await seat.until(lambda: travel(seat).settled)
    await seat.settle()


async def go(seat: Seat, ms: int) -> None:
    travel(seat).seek(ms)
    await arrived(seat)


async def record(seat: Seat, *events: Event, settled: bool = True) -> None:
    """Let events happen that are in the log too, as all are."""
    seat.session.past += events
    await (seat.happen(*events) if settled else seat.push_unsettled(Events(list(events))))
