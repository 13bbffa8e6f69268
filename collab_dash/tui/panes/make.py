"""From a pane's description to the pane."""

from __future__ import annotations

from ...board import Pane as Spec
from ..live import Live
from .bars import BarsPane
from .base import Pane
from .chat import ChatPane
from .feeds import FeedsPane
from .json import JsonPane
from .line import LinePane
from .log import LogPane
from .marks import MarksPane
from .people import PeoplePane
from .stat import StatPane
from .table import TablePane

VIEWS: dict[str, type[Pane]] = {
    "table": TablePane,
    "log": LogPane,
    "line": LinePane,
    "stat": StatPane,
    "bars": BarsPane,
    "json": JsonPane,
    "feeds": FeedsPane,
    "people": PeoplePane,
    "marks": MarksPane,
    "chat": ChatPane,
}


def make_pane(live: Live, spec: Spec, number: int) -> Pane:
    """Make the pane that `spec` describes; a view of a newer version is shown as a log."""
    return VIEWS.get(spec.view, LogPane)(live, spec, number)
