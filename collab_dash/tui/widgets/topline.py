"""The top line: which session, is it live, is it recorded, who is here."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ..drawing.numbers import clock, moment, rate, size, span
from ..drawing.row import Row
from ..drawing.text import clean, cut
from ..live import Live
from ..state import GLYPHS, OFFLINE, next_try
from .drawn import Drawn

if TYPE_CHECKING:
    from ...wire import Person

_MARKS = {"host": "*", "viewer": "(ro)"}


class TopLine(Drawn):
    """Always visible."""

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        live.state.watch(self.want_paint)
        live.travel.on_moved.append(self.want_paint)

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw it; on a narrow screen, what matters least is left out."""
        left = self._session(named=width >= 100).extend(self._moment()).extend(self._link())
        if not self.live.state.joined:
            return [left]
        apart = apart_of(width)
        right = self._alerts(named=width >= 100)
        right = right.add(apart, self.ink("text")).extend(self._people()) if right.cells else self._people()
        parts = (
            self._unshared(),
            self._company(),
            self._knocks(),
            self._exposed(),
            self._feeds(),
            self._rate(),
            self._recording(),
        )
        for part in parts:
            if part.cells and left.cells + part.cells + len(apart) + right.cells + 2 <= width:
                left.add(apart, self.ink("text")).extend(part)
        left.to(width - right.cells - 1, self.ink("text"))
        return [left.extend(right)]

    def _session(self, *, named: bool) -> Row:
        state = self.live.state
        row = Row(" collab-dash  " if named or not state.name else " ", self.ink("dim"))
        if state.board and state.board.label:
            row.add(f" {clean(state.board.label)} ", self.ink("badge")).add("  ", self.ink("text"))
        return row.add(cut(clean(state.name), 24) + "  ", self.ink("strong")) if state.name else row

    def _link(self) -> Row:
        state = self.live.state
        now = state.clock()
        if state.waiting:
            return Row(f"{OFFLINE} waiting for the host to let you in", self.ink("warn"))
        if state.lost is not None:
            row = Row(f" {OFFLINE} OFFLINE since {clock(state.since)}Z ", self.ink("alarm"))
            if (unshared := self._unshared()).cells:
                row.add("  ", self.ink("text")).extend(unshared)
            return row.add(f"  {next_try(state.lost.retry_at, now)} · {clean(state.lost.reason)}", self.ink("warn"))
        if state.welcome is None:
            return Row(f"{OFFLINE} connecting…", self.ink("warn"))
        if self.live.travel.position is not None:
            return Row()
        return Row("● LIVE ", self.ink("up")).add(f"{clock(now)}Z", self.ink("text"))

    def _unshared(self) -> Row:
        count = self.live.sharing.unshared
        return Row(f"not yet shared: {count}", self.ink("warn")) if count else Row()

    def _moment(self) -> Row:
        """Say which moment is shown, if it is not the present."""
        travel = self.live.travel
        if travel.position is None:
            return Row()
        today = moment(self.live.state.clock())[:10]
        day, _, _ = moment(travel.position).partition(" ")
        sign = f"▶ {travel.speed}x" if travel.playing else "❚❚"
        row = Row(sign, self.ink("badge")).add(f" {day} " if day != today else " ", self.ink("text"))
        return row.add(f"{clock(travel.position)}Z", self.ink("strong")).add(" ", self.ink("text"))

    def _feeds(self) -> Row:
        states = Counter(GLYPHS.get(status.state, "?") for status in self.live.state.all_feeds())
        if not states:
            return Row()
        row = Row("feeds", self.ink("dim"))
        for glyph, ink in (("●", "up"), ("◐", "warn"), ("✗", "error")):
            row.add(f" {states[glyph]}{glyph}", self.ink(ink if states[glyph] else "dim"))
        return row.add(f" {states['○']}○", self.ink("dim")) if states["○"] else row

    def _rate(self) -> Row:
        status = self.live.state.status
        if status is None:
            return Row()
        row = Row("in ", self.ink("dim")).add(f"{rate(status.rate):>6}", self.ink("text"))
        if status.lag >= 1:
            row.add(f" lag {span(status.lag)}", self.ink("warn"))
        return row

    def _recording(self) -> Row:
        status = self.live.state.status
        if status is None or status.recording.state != "on":
            return Row()
        return Row("rec ", self.ink("dim")).add(size(status.db_bytes), self.ink("text"))

    def _knocks(self) -> Row:
        count = len(self.live.state.knocks)
        return Row(f"{count} at the door", self.ink("warn")) if count else Row()

    def _exposed(self) -> Row:
        status = self.live.state.status
        if status is None or not status.exposed:
            return Row()
        return Row(f"open to {clean(status.exposed)}", self.ink("warn"))

    def _alerts(self, *, named: bool) -> Row:
        firing = len(self.live.state.alerts)
        row = Row("alerts " if named and firing else "", self.ink("dim"))
        return row.add(f" {firing}! ", self.ink("alarm")) if firing else row

    def _people(self) -> Row:
        people = self.live.state.people
        if not people:
            return Row()
        row = Row("⇄", self.ink("dim"))
        for person in sorted(people, key=lambda person: not self.live.state.is_me(person))[:6]:
            row.add(" ", self.ink("text")).extend(self._person(person))
        return row.add(f" +{len(people) - 6}", self.ink("dim")) if len(people) > 6 else row

    def _person(self, person: Person) -> Row:
        """Name somebody, dim while they are away, and say which moment they are at."""
        name = self.live.state.name_of(person, 12) + _MARKS.get(person.role, "")
        row = Row(f"{name}(z)", self.ink("dim")) if person.away else Row(name, self.ink_of(person))
        if person.time is None:
            return row
        return row.add(f"❚❚{clock(person.time, seconds=False)}", self.ink("warn"))

    def _company(self) -> Row:
        """Say whom we follow, and who follows us."""
        company, state = self.live.company, self.live.state
        row = Row()
        if company.following.client:
            what = "following" if company.following.whole else "travelling with"
            row.add(f"{what} {company.following.name}", self.ink("accent")).add(" · Esc stops", self.ink("dim"))
        if followers := company.followers:
            names = ", ".join(state.name_of(person, 12) for person in followers[:3])
            more = f" +{len(followers) - 3}" if len(followers) > 3 else ""
            row.add("  " if row.cells else "", self.ink("text"))
            row.add(f"followed by {names}{more}", self.ink("dim"))
        return row


def apart_of(width: int) -> str:
    """Give the blanks between parts, fewer on a narrow screen."""
    return "   " if width >= 100 else "  "


class Banner(Drawn):
    """A line that says loudly that nothing is being written; gone while all is well."""

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self.display = False
        live.state.watch(self._look)

    def _look(self) -> None:
        status = self.live.state.status
        self.display = status is not None and status.recording.state != "on"
        if self.display:
            self.want_paint()

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw it."""
        status = self.live.state.status
        if status is None:
            return []
        recording = status.recording
        alarm = self.ink("alarm")
        text = f" ✗ NOT RECORDING since {clock(recording.since, seconds=False)}: {clean(recording.reason)}"
        count = f"{recording.missed:,} event{'' if recording.missed == 1 else 's'}"
        return [Row(cut(f"{text} — {count} not kept; live goes on", width), alarm).to(width, alarm)]
