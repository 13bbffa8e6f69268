"""The alerts: what is firing, who acknowledged what, and the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from ...errors import RequestRefused
from ...event import Event
from ...rules import Rule
from ...wire import ACKNOWLEDGE, HISTORY, RULES, Alert, History
from ..alerting import said
from ..drawing.numbers import clock, span
from ..drawing.row import Row
from ..drawing.text import clean, fit
from ..live import Live
from ..rule_fields import rule_row
from ..story import SELECTION, Story
from .choosing import ChoiceDialog
from .dialogs import EventDialog
from .modal import put_over

if TYPE_CHECKING:
    from ...doc.document import Changed

NAME, WHO = 16, 14
NARROW, NARROW_NAME, NARROW_WHO = 84, 12, 9


async def acknowledge(app: App[Any], live: Live, alert: Alert) -> None:
    """Acknowledge an alert, and say how that went."""
    try:
        answer = await live.ask(ACKNOWLEDGE, {"alert": alert.alert}, dict[str, str])
    except RequestRefused as error:
        app.notify(clean(str(error)), severity="error", markup=False)
    else:
        app.notify(f"{clean(alert.name)}: acknowledged by {clean(answer.get('by', ''))}", markup=False)


class AlertsDialog(ChoiceDialog):
    """What is firing and what was, the newest on top; one line is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("exclamation_mark", "dismiss", show=False),
        Binding("enter", "show", "Show the event"),
        Binding("a", "acknowledge", "Acknowledge"),
        Binding("r", "rules", "Rules", priority=True),  # what is typed after it is for that dialog
    ]

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self._story = Story(self.fit_sheet)
        self._told: list[Rule] = []

    def on_mount(self) -> None:
        """Listen to the feed, follow the rules, and ask for them in case there is no shared document."""
        self.live.streams.tap(SELECTION, self._story)
        self.live.sharing.watchers.append(self._on_change)
        self.run_worker(self._ask())

    def on_unmount(self) -> None:
        """Listen no more."""
        self.live.streams.leave(self._story)
        self.live.sharing.watchers.remove(self._on_change)

    def _on_change(self, changed: Changed | None) -> None:
        self.fit_sheet()

    async def _ask(self) -> None:
        try:
            self._told = await self.live.ask(RULES, {}, list[Rule])
        except RequestRefused:
            return  # an older hub, or no link: there are alerts without rules to show
        self.fit_sheet()

    # What is shown

    def alerts(self) -> list[Alert]:
        """Give every alert that is known, the newest first."""
        known = {**self._story.alerts, **{alert.alert: alert for alert in self.live.state.alerts}}
        return sorted(known.values(), key=lambda alert: alert.fired, reverse=True)

    def _firing(self) -> set[str]:
        return {alert.alert for alert in self.live.state.alerts}

    def heading(self) -> str:
        """Say how many are firing."""
        return f"Alerts · {len(self.live.state.alerts)} firing"

    def lines(self, width: int) -> list[Row]:
        """Give a line for each alert, then the rules."""
        ink, alerts = self.sheet.ink, self.alerts()
        firing = self._firing()
        rows = self.with_choice([self._line(alert, width, firing=alert.alert in firing) for alert in alerts], width)
        return [*(rows or [Row("no alerts yet", ink("dim"))]), Row(), *self._rule_lines(width)]

    def _line(self, alert: Alert, width: int, *, firing: bool) -> Row:
        ink = self.sheet.ink
        age = span((self.live.clock() - alert.fired) / 1000)
        row = Row(f"{clock(alert.fired)}  ", ink("dim")).add("!" if firing else "·", ink("error" if firing else "dim"))
        name, who = (NARROW_NAME, NARROW_WHO) if width < NARROW else (NAME, WHO)
        row.add(f" {fit(clean(alert.name), name)}  ", ink("strong" if firing else "text"))
        row.add(fit(said(alert), max(width - row.cells - who - 7, 0)), ink("text"))
        return row.add(f" {age:>4}  ", ink("dim")).add(fit(self._who(alert, firing=firing), who), ink("dim"))

    def _who(self, alert: Alert, *, firing: bool) -> str:
        by, unreached = self._story.by.get(alert.alert), self._story.unreached.get(alert.alert)
        if firing:
            return f"✗ {clean(unreached)}" if unreached else "not acked"
        return clean(by) if by else "–"

    def _rules(self) -> list[Rule]:
        document = self.live.sharing.document
        return document.rules if document is not None else self._told

    def _rule_lines(self, width: int) -> list[Row]:
        ink, rules = self.sheet.ink, self._rules()
        if not rules:
            return [Row("no rules", ink("dim"))]
        return [Row("Rules", ink("strong")), *(rule_row(rule, width, ink) for rule in rules)]

    def hints(self) -> list[tuple[str, str]]:
        """Offer what can be done with the chosen one."""
        chosen, rules = self.chosen(), [("r", "rules")]
        if chosen is None:
            return rules
        return [("enter", "show"), *([("a", "acknowledge")] if self._may_acknowledge(chosen) else []), *rules]

    # Choosing

    def ids(self) -> list[str]:
        """Give the alerts' ids; the newest is chosen until another one is."""
        return [alert.alert for alert in self.alerts()]

    def chosen(self) -> Alert | None:
        """Give the chosen alert."""
        alerts = self.alerts()
        return alerts[self.place] if alerts else None

    # Keys

    def _may_acknowledge(self, alert: Alert) -> bool:
        state = self.live.state
        return state.joined and state.may("editor") and alert.alert in self._firing()

    def action_acknowledge(self) -> None:
        """Acknowledge the chosen one."""
        chosen = self.chosen()
        if chosen is not None and self._may_acknowledge(chosen):
            self.chosen_id = chosen.alert
            self.run_worker(acknowledge(self.app, self.live, chosen))

    def action_rules(self) -> None:
        """Go on to the rules."""
        from .rules import RulesDialog

        put_over(self, RulesDialog(self.live))

    def action_show(self) -> None:
        """Show the event that fired the chosen one."""
        if (chosen := self.chosen()) is not None:
            self.run_worker(self._show(chosen))

    async def _show(self, alert: Alert) -> None:
        event = await self._event_of(alert)
        if event is None:
            self.notify("the event that fired it is not in the log", severity="warning", markup=False)
        else:
            put_over(self, EventDialog(self.live, event))

    async def _event_of(self, alert: Alert) -> Event | None:
        if alert.offset is None:
            return None
        query = {"feeds": [alert.feed], "before": alert.offset + 1, "limit": 1}
        try:
            page = await self.live.ask(HISTORY, query, History)
        except RequestRefused:
            return None
        return next((event for event in page.events if event.offset == alert.offset), None)
