"""The alerts: what is firing, who acknowledged what, and the rules."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType

from ...errors import RequestRefused
from ...event import Event
from ...rules import COOLDOWN, Rule
from ...wire import ACKNOWLEDGE, HISTORY, RULES, Alert, History
from ..alerting import said
from ..drawing.numbers import clock, span
from ..drawing.row import Row
from ..drawing.text import clean, cut, fit
from ..live import Live
from ..story import SELECTION, Story
from .dialogs import Dialog, EventDialog, Sheet

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


class AlertsSheet(Sheet):
    """Lines of which one is chosen: moving goes from line to line."""

    def __init__(self, live: Live, dialog: AlertsDialog) -> None:
        super().__init__(live, dialog)
        self._alerts = dialog

    def action_scroll_by(self, lines: int) -> None:
        """Choose another line, and keep it in the window."""
        place, space = self._alerts.move(lines), self.size.height - 2
        at_end = lines > 0 and place == self._alerts.last_place
        self._top = 1 << 20 if at_end else max(min(self._top, place), place - space + 1)
        self.want_paint()

    def on_click(self, event: events.Click) -> None:
        """Choose by mouse."""
        self._alerts.choose(self._top + event.y - 1)
        self.want_paint()


class AlertsDialog(Dialog):
    """What is firing and what was, the newest on top; one line is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("exclamation_mark", "dismiss", show=False),
        Binding("enter", "show", "Show the event"),
        Binding("a", "acknowledge", "Acknowledge"),
    ]

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self.sheet = AlertsSheet(live, self)
        self._story = Story(self.fit_sheet)
        self._rules: list[Rule] = []
        self._chosen = ""

    def on_mount(self) -> None:
        """Listen to the feed, and ask for the rules."""
        self.live.streams.tap(SELECTION, self._story)
        self.run_worker(self._ask())

    def on_unmount(self) -> None:
        """Listen no more."""
        self.live.streams.leave(self._story)

    async def _ask(self) -> None:
        try:
            self._rules = await self.live.ask(RULES, {}, list[Rule])
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
        chosen = self.chosen()
        firing = self._firing()
        rows = [self._line(alert, width, firing=alert.alert in firing) for alert in alerts]
        if chosen is not None:
            place = alerts.index(chosen)
            rows[place] = rows[place].to(width, ink("text")).restyle(ink("select"))
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

    def _rule_lines(self, width: int) -> list[Row]:
        ink = self.sheet.ink
        if not self._rules:
            return [Row("no rules; the workspace file may have them", ink("dim"))]
        rows = [Row("Rules", ink("strong"))]
        for rule in self._rules:
            row = Row(cut(clean(rule.when), width), ink("text" if rule.enabled else "dim"))
            rows.append(row.add(f"  {clean(_terms(rule))}", ink("dim")))
        return rows

    def hints(self) -> list[tuple[str, str]]:
        """Offer what can be done with the chosen one."""
        chosen = self.chosen()
        if chosen is None:
            return []
        return [("enter", "show"), *([("a", "acknowledge")] if self._may_acknowledge(chosen) else [])]

    # Choosing

    def chosen(self) -> Alert | None:
        """Give the chosen alert: the newest until another one is."""
        alerts = self.alerts()
        return next((alert for alert in alerts if alert.alert == self._chosen), alerts[0] if alerts else None)

    @property
    def last_place(self) -> int:
        """The place of the oldest alert."""
        return len(self.alerts()) - 1

    def move(self, lines: int) -> int:
        """Choose the alert so many lines below; give its place."""
        alerts, chosen = self.alerts(), self.chosen()
        if chosen is None:
            return 0
        place = max(min(alerts.index(chosen) + lines, len(alerts) - 1), 0)
        self._chosen = alerts[place].alert
        return place

    def choose(self, place: int) -> None:
        """Choose the alert of that line, if there is one."""
        alerts = self.alerts()
        if 0 <= place < len(alerts):
            self._chosen = alerts[place].alert

    # Keys

    def _may_acknowledge(self, alert: Alert) -> bool:
        state = self.live.state
        return state.joined and state.may("editor") and alert.alert in self._firing()

    def action_acknowledge(self) -> None:
        """Acknowledge the chosen one."""
        chosen = self.chosen()
        if chosen is not None and self._may_acknowledge(chosen):
            self._chosen = chosen.alert
            self.run_worker(acknowledge(self.app, self.live, chosen))

    def action_show(self) -> None:
        """Show the event that fired the chosen one."""
        if (chosen := self.chosen()) is not None:
            self.run_worker(self._show(chosen))

    async def _show(self, alert: Alert) -> None:
        event = await self._event_of(alert)
        if event is None:
            self.notify("the event that fired it is not in the log", severity="warning", markup=False)
        else:
            self.app.push_screen(EventDialog(self.live, event))

    async def _event_of(self, alert: Alert) -> Event | None:
        if alert.offset is None:
            return None
        query = {"feeds": [alert.feed], "before": alert.offset + 1, "limit": 1}
        try:
            page = await self.live.ask(HISTORY, query, History)
        except RequestRefused:
            return None
        return next((event for event in page.events if event.offset == alert.offset), None)


def _terms(rule: Rule) -> str:
    parts = [
        f"“{rule.name}”" if rule.name else "",
        f"for {span(rule.hold)}" if rule.hold else "",
        f"cooldown {span(rule.cooldown)}" if rule.cooldown != COOLDOWN else "",
        ", ".join(rule.notify),
        "" if rule.enabled else "off",
    ]
    return " · ".join(part for part in parts if part)
