"""The timeline: how much happened when, what was marked, and where we are."""

from __future__ import annotations

from collections.abc import Iterator

from textual import events

from ..drawing.numbers import clock, moment, span
from ..drawing.row import Row
from ..drawing.spark import BLOCKS
from ..drawing.text import clean, cut
from ..drawing.text import width as cells_of
from ..live import Live
from ..panes.frame import frame
from ..window import Seen, Window
from .drawn import Drawn

FULL, LOW = 5, 2
EVERY = 2.0
APART = 14
DAY = 86_400_000
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_HINTS = (("t", "close"), (",/.", "step"), ("</>", "1 min"), ("←/→", "seek"), ("(/)", "zoom"), ("T", "go to"))
_AWAY = (("space", "play"), ("{/}", "speed"), ("L", "live"))


class Timeline(Drawn):
    """
    The density of events over a stretch of time, with a cursor at the moment that is shown.

    Args:
        live: The screen's hold on the session.

    """

    def __init__(self, live: Live) -> None:
        super().__init__(live)
        self.window = Window(live)

    def on_mount(self) -> None:
        """Follow the traveller, and the present."""
        self.live.travel.on_moved.append(self._moved)
        self.set_interval(EVERY, self._look_again)

    def on_unmount(self) -> None:
        """Follow nobody."""
        self.live.travel.on_moved.remove(self._moved)

    def _moved(self) -> None:
        before = self.window.edges(self.columns)
        self.window.follow()
        if self.window.edges(self.columns) != before:
            self.look()
        self.want_paint()

    def _look_again(self) -> None:
        if self.display and (self.window.follows or self.window.seen is None):
            self.look()

    def look(self) -> None:
        """Have what is shown brought up to date."""
        if self.display and self.columns > 0:
            self.live.spawn(self._look())

    async def _look(self) -> None:
        await self.window.look(self.columns)
        self.want_paint()

    def zoom(self, by: int) -> None:
        """Show more of time, or less."""
        self.window.zoom(by)
        self.look()
        self.want_paint()

    def seek(self, columns: int) -> None:
        """Go so many columns to the right."""
        part = max(self.window.span // max(self.columns, 1), 1)
        self.live.travel.seek((self.live.travel.position or self.live.state.clock()) + columns * part)

    @property
    def framed(self) -> bool:
        """Whether there is room for a frame."""
        return self.outer_size.height >= FULL

    @property
    def columns(self) -> int:
        """How many parts of time have a column."""
        return max(self.outer_size.width - (4 if self.framed else 2 + len(self._zoom())), 0)

    def on_resize(self, event: events.Resize) -> None:
        """Draw anew at another size."""
        self.look()
        self.want_paint()

    def on_click(self, event: events.Click) -> None:
        """Go to the moment under the mouse, or to what is flagged there."""
        seen = self.window.seen
        column = event.x - (2 if self.framed else 1)
        if seen is None or not 0 <= column < len(seen.counts):
            return
        flagged = [flag.time for flag in self.window.flags() if seen.column(flag.time) == column]
        self.live.travel.seek(flagged[-1] if flagged else seen.end_of(column))

    # Drawing

    def draw(self, width: int, height: int) -> list[Row]:
        """Draw bars, signs and times; with little room signs and times share a line."""
        seen = self.window.seen
        if seen is None:
            rows = [Row("looking…", self.ink("dim"))]
        else:
            axis = self._axis(seen)
            signs = [self._signs(seen), Row(axis, self.ink("dim"))] if self.framed else [self._signs(seen, axis)]
            rows = [self._bars(seen), *signs]
        if not self.framed:
            return [Row(" ").extend(rows[0]).to(width - len(self._zoom()), None).add(self._zoom(), self.ink("dim")),
                    *(Row(" ").extend(row) for row in rows[1:])]  # fmt: skip
        borders = (self._title(seen), self._right(), self._below(), self._beside())
        return frame(rows, width, height, borders, self.ink("frame"), heavy=False)

    def _bars(self, seen: Seen) -> Row:
        if seen.first is None:
            return Row("nothing is recorded yet", self.ink("dim"))
        row = Row()
        most, here = max(seen.counts), self._here(seen)
        for column, count in enumerate(seen.counts):
            ink = "accent" if here is None or column < here else "dim"
            block = BLOCKS[round((len(BLOCKS) - 1) * count / most)] if count else " "
            if seen.end_of(column) < seen.first:
                block, ink = "·", "frame"
            row.add(block, self.ink("badge" if column == here else ink))
        return row

    def _here(self, seen: Seen) -> int | None:
        position = self.live.travel.position
        return None if position is None else seen.column(position)

    def _signs(self, seen: Seen, axis: str = "") -> Row:
        """Draw signs, over the times where both have one line."""
        cells = [(character, "dim") for character in axis.ljust(len(seen.counts))]
        here = self._here(seen)
        if here is not None:
            cells[here] = ("▲", "accent")
        for flag in self.window.flags():
            column = seen.column(flag.time)
            glyph = cut(clean(flag.glyph), 8)
            if column is None or cells_of(glyph) != len(glyph):
                continue
            start = max(min(column, len(cells) - len(glyph)), 0)
            cells[start : start + len(glyph)] = [(character, flag.ink) for character in glyph]
        row = Row()
        for character, ink in cells:
            row.add(character, self.ink(ink))
        return row

    def _axis(self, seen: Seen) -> str:
        labels = [" "] * len(seen.counts)
        for ms in _ticks(seen):
            column = seen.column(ms)
            text = _label(ms, seen)
            if column is not None and column + len(text) <= len(labels):
                labels[column : column + len(text)] = text
        return "".join(labels)

    def _title(self, seen: Seen | None) -> Row:
        row = Row("Timeline", self.ink("strong"))
        if seen is not None:
            day = moment(seen.left)[:10] + " " if seen.left // DAY != self.live.state.clock() // DAY else ""
            right = min(seen.right, self.live.state.clock())
            row.add(f" {day}{clock(seen.left, seconds=False)} – {clock(right, seconds=False)}", self.ink("dim"))
        return row

    def _zoom(self) -> str:
        length = "all" if self.window.whole else span(self.window.span / 1000)
        return f" {length}" if self.framed or self.live.travel.position is not None else f"● {length}"

    def _right(self) -> Row:
        travel = self.live.travel
        row = Row()
        if travel.playing:
            row.add(f"▶ {travel.speed}x", self.ink("badge")).add(" · ", self.ink("dim"))
        elif travel.position is not None:
            row.add(f"plays {travel.speed}x · ", self.ink("dim"))
        return row.add(f"zoom{self._zoom()}", self.ink("dim"))

    def _below(self) -> Row:
        row = Row()
        for key, what in _HINTS + (_AWAY if self.live.travel.position is not None else ()):
            row.add(f"{' · ' if row.cells else ''}", self.ink("dim")).add(key, self.ink("accent"))
            row.add(f" {what}", self.ink("dim"))
        return row

    def _beside(self) -> Row:
        """Say why a wish did not come true, or that nothing was recorded at that time."""
        seen, travel = self.window.seen, self.live.travel
        if not travel.fault and seen is not None and seen.first is not None and travel.clock() < seen.first:
            return Row(f"the recording begins at {moment(seen.first)[:19]}Z", self.ink("warn"))
        return Row(clean(travel.fault), self.ink("warn"))


def _ticks(seen: Seen) -> Iterator[int]:
    """Give round moments, far enough apart for their labels."""
    least = (seen.right - seen.left) / max(len(seen.counts) / APART, 1) / 1000
    step = next((step for step in _STEPS if step >= least), None)
    step = 1000 * (step if step is not None else -(-int(least) // 86_400) * 86_400)
    yield from range(-(-seen.left // step) * step, seen.right, step)


def _label(ms: int, seen: Seen) -> str:
    if seen.right - seen.left > 2 * DAY:
        return moment(ms)[5:10] if ms % DAY == 0 else moment(ms)[5:16]
    return clock(ms, seconds=seen.right - seen.left <= 300_000)
