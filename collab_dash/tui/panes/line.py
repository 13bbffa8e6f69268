"""The line chart: numbers over time in braille dots."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import Any

from ..drawing.braille import Canvas
from ..drawing.numbers import clock, measured, short, size
from ..drawing.row import Row
from ..drawing.text import clean, cut
from .courses import CoursesPane
from .series import Course
from .signs import under_chart

_INKS = ("accent", "warn", "up", "text", "down", "dim")
MOST_MARKS = 60
_WINDOWS = (60, 120, 300, 900, 1800, 3600, 7200, 21_600, 86_400)
_APART = 8.0
_LONG_PAUSE, _UNUSUAL, _NEARBY = 10_000, 10, 3

Points = list[tuple[int, float, float, float]]


class LinePane(CoursesPane):
    """Numbers over time."""

    depth = 1000

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.reach = self.span
        self._range: tuple[float, float] | None = None
        self._label = 0

    def forget(self) -> None:
        """Forget every number and the scale."""
        super().forget()
        self._range = None

    def body(self, width: int, height: int) -> list[Row]:
        """Draw axes, lines, and a legend where there are several."""
        shown = self._shown()
        if not shown or height < 4 or width < 16:
            return [Row(cut(self.digest(), width), self.ink("text"))]
        marks = self._marks() if height > 6 else []
        legend = len(shown) > 1
        rows = self._chart(shown, width, height - 2 - bool(marks) - legend)
        rows += [self._marks_row(marks, width)] if marks else []
        return rows + ([self._legend(shown, width)] if legend else [])

    def _marks(self) -> list[str]:
        """Give the marks of what is shown, and those of moments."""
        left, right = self._window()
        talk, key = self.live.talk, self.spec.key
        marks = talk.marks.between((*self.spec.feeds, ""), left, right + 1, MOST_MARKS)
        return [id_ for id_ in marks if not key or talk.marks.marks[id_].key in (key, None)]

    def _marks_row(self, marks: list[str], width: int) -> Row:
        start = self._label + 2
        return Row(" " * start, None).extend(under_chart(self, marks, *self._window(), max(width - start, 4)))

    def _shown(self) -> list[tuple[str, Course]]:
        names = self._courses.by_name
        return [(name, course) for name, course in names.items() if course.points][: len(_INKS)]

    def _relative(self, shown: list[tuple[str, Course]]) -> bool:
        """Tell whether the courses are too far apart to share a scale of values."""
        sizes = [abs(course.last) for _, course in shown if course.last]
        return len(sizes) > 1 and max(sizes) / min(sizes) > _APART

    def _window(self) -> tuple[int, int]:
        """Give the chart's left and right edge, Unix milliseconds."""
        now = self.live.clock()
        newest = self._courses.newest()
        right = newest if now - newest > self.span * 1000 else max(now, newest)
        first = min(course.points[0][0] for _, course in self._shown())
        have = (right - first) / 1000
        span = next((window for window in _WINDOWS if window >= have), self.span)
        return right - min(span, self.span) * 1000, right

    def _chart(self, shown: list[tuple[str, Course]], width: int, height: int) -> list[Row]:
        left, right = self._window()
        relative = self._relative(shown)
        lines = [_scaled(course, left, relative=relative) for _, course in shown]
        low, high = self._scale(lines)
        ticks = self._ticks(low, high, height, relative=relative)
        self._label = max([self._label, *(len(label) for label in ticks.values())])
        plot = max(width - self._label - 2, 4)
        canvases = []
        for line in lines:
            canvas = Canvas(plot, height)
            for part in _unbroken(line):
                _trace(canvas, part, (left, right), (low, high))
            canvases.append(canvas)
        ends = self._ends(lines, canvases, (left, right), (low, high))
        rows = [self._plot_row(canvases, y, ticks.get(y, ""), ends) for y in range(height)]
        return [*rows, *self._time_axis(left, right, plot)]

    def _scale(self, lines: list[Points]) -> tuple[float, float]:
        """Give the lowest and highest value of the scale; it grows at once and shrinks seldom."""
        low = min((point[1] for line in lines for point in line), default=0.0)
        high = max((point[2] for line in lines for point in line), default=1.0)
        margin = (high - low) * 0.05 or abs(high) * 0.01 or 1.0
        if self._range is not None:
            old_low, old_high = self._range
            if old_low <= low and high <= old_high and (high - low) * 2.5 > old_high - old_low:
                return self._range
        self._range = (low - margin, high + margin)
        return self._range

    def _ticks(self, low: float, high: float, height: int, *, relative: bool) -> dict[int, str]:
        """Give labels by line: few, round numbers."""
        step = _nice((high - low) / max(height / 3, 1))
        ticks: dict[int, str] = {}
        for index in range(math.ceil(low / step), math.floor(high / step) + 1):
            value = index * step
            y = round((high - value) / (high - low) * (height * 4 - 1)) // 4
            ticks[y] = self._tick(value, step, relative=relative)
        return ticks

    def _tick(self, value: float, step: float, *, relative: bool) -> str:
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        if relative:
            return f"{value:+.{places}f}%"
        if self.spec.unit == "bytes":
            return size(value) if value >= 0 else short(value)
        if abs(value) >= 1e7:
            return short(value)
        return f"{value:,.{places}f}" + (" %" if self.spec.unit == "%" else "")

    def _ends(
        self, lines: list[Points], canvases: list[Canvas], times: tuple[int, int], values: tuple[float, float]
    ) -> dict[tuple[int, int], int]:
        """Say where the number of each line stands, if there are several: at its last point, without hiding another."""
        ends: dict[tuple[int, int], int] = {}
        if len(lines) < 2:
            return ends
        for index, (line, canvas) in enumerate(zip(lines, canvases, strict=True)):
            x, y = _place(canvas, line[-1][0], line[-1][3], times, values)
            x, y = max(x // 2, 0), y // 4
            while (x, y) in ends and x > 0:
                x -= 1
            ends[x, y] = index
        return ends

    def _plot_row(self, canvases: list[Canvas], y: int, label: str, ends: dict[tuple[int, int], int]) -> Row:
        frame = self.ink("frame")
        row = Row(f"{label:>{self._label}} ", self.ink("dim")).add("┤" if label else "│", frame)
        masks = [canvas.row(y) for canvas in canvases]
        if len(masks) == 1:
            return row.add(masks[0], self.ink(_INKS[0]))
        for x, cell in enumerate(zip(*masks, strict=True)):
            index = ends.get((x, y))
            if index is None:
                index = next((i for i, dots in enumerate(cell) if dots != " "), 0)
                row.add(cell[index], self.ink(_INKS[index]))
            else:
                row.add(str(index + 1), self.ink(_INKS[index]))
        return row

    def _time_axis(self, left: int, right: int, plot: int) -> list[Row]:
        frame, dim = self.ink("frame"), self.ink("dim")
        seconds = (right - left) / max(plot // 12, 1) < 60_000  # two ticks would be called by one minute
        gap = 14 if seconds else 12
        count = max(plot // gap, 1)
        line, labels = ["─"] * plot, [" "] * (plot + self._label + 4)
        for index in range(count + 1):
            cell = min(index * (plot - 1) // count, plot - 1)
            line[cell] = "┬"
            text = clock(left + (right - left) * cell // max(plot - 1, 1), seconds=seconds)
            start = min(max(self._label + 2 + cell - len(text) // 2, 0), self._label + 2 + plot - len(text))
            labels[start : start + len(text)] = text
        blank = " " * (self._label + 1)
        return [Row(blank, dim).add("└", frame).add("".join(line), frame), Row("".join(labels).rstrip(), dim)]

    def _legend(self, shown: list[tuple[str, Course]], width: int) -> Row:
        """Name the lines by number and colour, with their last values where there is room."""
        full, short_ = self._legend_row(shown, values=True), self._legend_row(shown, values=False)
        return full if full.cells <= width else short_

    def _legend_row(self, shown: list[tuple[str, Course]], *, values: bool) -> Row:
        row = Row(" " * (self._label + 2), self.ink("dim"))
        for index, (name, course) in enumerate(shown):
            row.add("   " if index else "", None).add(f"{index + 1} ", self.ink(_INKS[index]))
            row.add(clean(name), self.ink("text"))
            if values:
                row.add(f" {self._value(course.last)}", self.ink("dim"))
        return row

    def _value(self, value: float) -> str:
        return measured(value, clean(self.spec.unit))

    def summary(self) -> str:
        """Say the lowest, highest and last value of what is drawn."""
        shown = self._shown()
        if len(shown) != 1:
            return f"{len(shown)} series" if shown else ""
        course = shown[0][1]
        left, _ = self._window()
        points = [point for point in course.points if point[0] >= left] or [course.points[-1]]
        low, high = min(point[1] for point in points), max(point[2] for point in points)
        return f"min {self._value(low)}  max {self._value(high)}  last {self._value(course.last)}"

    def digest(self) -> str:
        """Say the latest values."""
        return "  ".join(f"{clean(name)} {self._value(course.last)}".strip() for name, course in self._shown())


def _scaled(course: Course, left: int, *, relative: bool) -> Points:
    """Give the points in the window and the one before it, as values or as change in percent."""
    points = list(course.points)
    first = next((i for i, point in enumerate(points) if point[0] >= left), len(points) - 1)
    points = points[max(first - 1, 0) :]
    if not relative:
        return points
    base = points[0][3] or 1.0
    return [(t, (a / base - 1) * 100, (b / base - 1) * 100, (c / base - 1) * 100) for t, a, b, c in points]


def _unbroken(line: Points) -> Iterator[Points]:
    """Cut a line where nothing came for much longer than usual then: nobody knows what the number was."""
    pauses = [after[0] - before[0] for before, after in pairwise(line)]
    start = 0
    for index, pause in enumerate(pauses):
        if pause > _LONG_PAUSE and pause > _UNUSUAL * _usual(pauses, index):
            yield line[start : index + 1]
            start = index + 1
    yield line[start:]


def _usual(pauses: list[int], index: int) -> float:
    """Give how long pauses are before or after one, whichever is longer: a source may have become slower or faster."""
    sides = pauses[max(index - _NEARBY, 0) : index], pauses[index + 1 : index + 1 + _NEARBY]
    return max((median(side) for side in sides if side), default=pauses[index])


def _trace(canvas: Canvas, line: Points, times: tuple[int, int], values: tuple[float, float]) -> None:
    points: list[tuple[int, int]] = []
    for time, least, most, last in line:
        x, y = _place(canvas, time, last, times, values)
        if x >= 0 and least != most:
            top, bottom = (_place(canvas, time, value, times, values)[1] for value in (most, least))
            canvas.column(x, top, bottom)
        if points and points[-1][0] == x:
            points.pop()
        points.append((x, y))
    canvas.stroke(points)


def _place(
    canvas: Canvas, time: int, value: float, times: tuple[int, int], values: tuple[float, float]
) -> tuple[int, int]:
    """Give the dot, from the top left, of a value at a time."""
    (left, right), (low, high) = times, values
    x = round((time - left) / (right - left) * (canvas.width * 2 - 1))
    return x, round((high - value) / (high - low) * (canvas.height * 4 - 1))


def _nice(step: float) -> float:
    """Give the next round number: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)
