"""Bell, toast and desktop notice for alerts that fire while we are here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..wire import Alert
from .drawing.text import clean, cut

if TYPE_CHECKING:
    from .app import BoardApp

MOST_TOASTS = 3
STAYS = 12.0
TITLE_CELLS = 60


class Alerting:
    """
    Makes heard and seen what fires, as each rule wants it; not what was firing when we joined.

    Args:
        app: Rings, toasts and writes to the terminal.

    """

    def __init__(self, app: BoardApp) -> None:
        self._app = app
        self._state = app.live.state
        self._told = self._state.alerts
        self._epoch = ""
        self._state.watch(self._look)

    def _look(self) -> None:
        state = self._state
        if state.alerts is self._told or state.welcome is None:
            return
        before, self._told = self._told, state.alerts
        found = self._epoch != state.welcome.epoch
        self._epoch = state.welcome.epoch
        known = {alert.alert for alert in before}
        fresh = [alert for alert in state.alerts if alert.alert not in known]
        if fresh and not found:
            self._tell(fresh)

    def _tell(self, fresh: Sequence[Alert]) -> None:
        if any("bell" in alert.notify for alert in fresh):
            self._app.bell()
        self._toast([alert for alert in fresh if "toast" in alert.notify])
        if noticed := [alert for alert in fresh if "desktop" in alert.notify]:
            title, text = _title(noticed[-1]), said(noticed[-1])
            more = f" (and {len(noticed) - 1} more)" if len(noticed) > 1 else ""
            self._app.notice(title, f"{text}{more}")

    def _toast(self, toasted: Sequence[Alert]) -> None:
        for alert in toasted[-MOST_TOASTS:]:
            self._app.notify(said(alert), title=_title(alert), severity="warning", timeout=STAYS, markup=False)
        if (more := len(toasted) - MOST_TOASTS) > 0:
            self._app.notify(f"and {more} more alerts; ! lists them", severity="warning", timeout=STAYS, markup=False)


def _title(alert: Alert) -> str:
    return cut(f"! {clean(alert.name)}", TITLE_CELLS)


def said(alert: Alert) -> str:
    """Say in one line what fired it."""
    about = clean(f"{alert.feed} {alert.key}" if alert.key else alert.feed)
    return f"{about}  {clean(alert.text)}".strip()
