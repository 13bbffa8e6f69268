"""Notes and alerts: every mark and every alert of late, that of the latest event first."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.message import Message

from ...doc.entries import Mark
from ...event import FIRED, Event
from ...wire import Alert
from ..alerting import said
from ..drawing.numbers import clock, moment
from ..drawing.row import Row
from ..drawing.text import clean, cut, fit
from ..story import SELECTION, Story
from ..talk.references import DAY
from .rows import RowsPane

NAME, FEED = 9, 12


class Item(NamedTuple):
    """A line: when, Unix milliseconds, and the id of a mark or an alert."""

    time: int
    id: str
    alert: Alert | None = None


class MarksPane(RowsPane):
    """Every mark of the session with the first thing that was said about it, and the alerts."""

    class Visit(Message):
        """Somebody wants to go where a mark or an alert is."""

        def __init__(self, mark: str, offset: int | None) -> None:
            super().__init__()
            self.mark = mark
            self.offset = offset

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "visit", "Go there", key_display="enter"),
        Binding("a", "acknowledge", "Acknowledge"),
    ]

    header_rows = 0
    of_session = True

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # as every pane
        self._story = Story(self.want_paint)
        self._items: list[Item] = []
        self._made_of: tuple[object, ...] = ()

    @property
    def name_on_screen(self) -> str:
        """What this pane is called."""
        return self.spec.title or "Notes & alerts"

    def on_mount(self) -> None:
        """Listen to the feed of alerts."""
        self.live.streams.tap(SELECTION, self._story)

    def on_unmount(self) -> None:
        """Listen no more."""
        self.live.streams.leave(self._story)

    # What there is

    @property
    def items(self) -> list[Item]:
        """Marks and alerts, those of the latest events first; put in order only when something changed."""
        marks = self.live.talk.marks
        alerts = {**self._story.alerts, **self._firing}
        facts = (marks.changes, tuple(alerts))
        if facts != self._made_of:
            self._made_of = facts
            items = [Item(mark.time, id_) for id_, mark in marks.marks.items()]
            items += [Item(alert.time or alert.fired, id_, alert) for id_, alert in alerts.items()]
            self._items = sorted(items, key=lambda item: item[:2], reverse=True)
            self.keep_place()
        return self._items

    def name_at(self, index: int) -> str:
        """Give the id of a mark or an alert."""
        return self.items[index].id

    @property
    def _firing(self) -> dict[str, Alert]:
        return {alert.alert: alert for alert in self.live.state.alerts}

    @property
    def item(self) -> Item | None:
        """What the cursor is on, or else the topmost."""
        index = self.cursor or 0
        return self.items[index] if index < len(self.items) else None

    @property
    def chosen_mark(self) -> str:
        """The id of the mark that the cursor is on, empty for none."""
        item = self.item
        if item is None:
            return ""
        marks = self.live.talk.marks
        return item.id if item.alert is None else marks.speaking(marks.on_event(item.alert.offset))

    def chosen(self) -> Event | None:
        """Give the event that the cursor is on, as far as its mark or alert tells of it."""
        item = self.item
        if item is None or not self.has_cursor:
            return None
        about: Mark | Alert = item.alert or self.live.talk.marks.marks[item.id]
        if about.offset is None:
            return None
        return Event(
            offset=about.offset,
            feed=about.feed,
            type=FIRED,
            key=about.key,
            time=item.time,
            received=item.time,
            data={"text": about.text},
        )

    def count(self) -> int:
        """Count the lines."""
        return len(self.items)

    # Drawing

    def body(self, width: int, height: int) -> list[Row]:
        """Draw those in the window."""
        if not self.count():
            row = Row("Nothing is marked yet. ", self.ink("dim"))
            if self.live.talk.may_speak:
                row.add("m", self.ink("accent")).add(" marks an event", self.ink("dim"))
            return [row]
        return super().body(width, height)

    def row(self, index: int, width: int) -> Row:
        """Draw one mark or alert."""
        item = self.items[index]
        today = item.time // DAY == self.live.state.clock() // DAY
        row = Row(f"{clock(item.time) if today else moment(item.time)[5:16]}  ", self.ink("dim"))
        return self._mark(row, item.id, width) if item.alert is None else self._alert(row, item.alert, width)

    def _mark(self, row: Row, id_: str, width: int) -> Row:
        """Add who, what, what was said first, and how many answered."""
        marks, dim = self.live.talk.marks, self.ink("dim")
        mark, sign = marks.marks[id_], marks.sign(id_)
        row.add(fit(sign.glyph, NAME) + "  ", self.ink(sign.ink))
        row.add(fit(clean(mark.feed) or "moment", FEED) + "  ", dim)
        tail = _replies(marks.count(id_))
        room = max(width - row.cells - len(tail) - 2, 0)
        note = marks.first_note(id_, room // 2)
        about = marks.about(id_) if mark.feed else clean(mark.text)
        row.add(cut(about, max(room - len(note) - 2, 0)), self.ink("text"))
        row.add(f"  {note}" if note else "", self.ink("strong"))
        row = row.crop(width - len(tail)).to(width - len(tail), dim).add(tail, dim)
        return row.plain(dim) if id_ in marks.resolved else row

    def _alert(self, row: Row, alert: Alert, width: int) -> Row:
        """Add which rule, what fired it, and who acknowledged it."""
        dim, firing = self.ink("dim"), alert.alert in self._firing
        row.add(fit("!" if firing else "·", NAME) + "  ", self.ink("error" if firing else "dim"))
        row.add(fit(clean(alert.name), FEED) + "  ", self.ink("strong" if firing else "dim"))
        by = self._story.by.get(alert.alert, "")
        tail = "not acked" if firing else f"acked by {cut(clean(by), NAME)}" if by else ""
        row.add(cut(said(alert), max(width - row.cells - len(tail) - 2, 0)), self.ink("text" if firing else "dim"))
        return row.to(width - len(tail), dim).add(tail, self.ink("warn" if firing else "dim"))

    def summary(self) -> str:
        """Say how many there are, and how many are settled."""
        marks = self.live.talk.marks
        count, firing, settled = len(marks.marks), len(self.live.state.alerts), marks.settled
        parts = [f"{count:,} mark{'' if count == 1 else 's'}"]
        parts += [f"{settled:,} resolved"] if settled else []
        parts += [f"{firing:,} firing"] if firing else []
        return " · ".join(parts)

    def digest(self) -> str:
        """Say the latest."""
        if not self.items:
            return ""
        item = self.items[0]
        if item.alert is not None:
            return f"! {clean(item.alert.name)} {said(item.alert)}"
        return f"{self.live.talk.marks.sign(item.id).glyph} {self.live.talk.marks.about(item.id)}"

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only the keys that do something here and now."""
        match action:
            case "visit":
                return self.item is not None
            case "acknowledge":
                return self._acknowledgeable() is not None
            case "inspect" | "copy":
                return False
        return super().check_action(action, parameters)

    def _acknowledgeable(self) -> Alert | None:
        item, state = self.item, self.live.state
        may = self.has_cursor and item is not None and state.joined and state.may("editor")
        return self._firing.get(item.id) if may and item is not None else None

    def action_acknowledge(self) -> None:
        """Acknowledge the alert under the cursor."""
        from ..screens.alerts import acknowledge

        if (alert := self._acknowledgeable()) is not None:
            self.run_worker(acknowledge(self.app, self.live, alert))

    def action_visit(self) -> None:
        """Go where the mark or the alert under the cursor is."""
        if (item := self.item) is not None:
            offset = None if item.alert is None else item.alert.offset
            self.post_message(self.Visit("" if item.alert else item.id, offset))


def _replies(notes: int) -> str:
    """Count the notes that followed the first."""
    if notes < 2:
        return ""
    return "1 reply" if notes == 2 else f"{notes - 1} replies"
