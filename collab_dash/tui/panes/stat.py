"""The stat: the latest number, large, with its recent course; a grid of them when there are several."""

from __future__ import annotations

from typing import Any

from textual.renderables.digits import DIGITS, DIGITS3X3

from ..drawing.braille import area
from ..drawing.numbers import decimals, number, size
from ..drawing.row import Row
from ..drawing.spark import spark
from ..drawing.text import clean, cut, fit
from .courses import CoursesPane
from .parts import Parts
from .series import Course
from .signs import signs

TILE, HIGHEST = 20, 5
_GLYPHS = DIGITS3X3


class StatPane(CoursesPane):
    """The latest number, large."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._places: dict[str, int] = {}
        self._parts = self._courses.parts = Parts()

    def forget(self) -> None:
        """Forget every number, and what it came from."""
        super().forget()
        self._parts.clear()

    def body(self, width: int, height: int) -> list[Row]:
        """Draw a tile for every number."""
        self._parts.look(self.live.talk.marks, self.spec.feeds)
        courses = list(self._courses.by_name.items())
        if not courses:
            return [
                Row(cut(f"No number in what came: {clean(self.spec.field) or 'any field'}", width), self.ink("dim"))
            ]
        across = max(min(len(courses), width // TILE), 1)
        down = -(-len(courses) // across)
        each = (height + 1) // down
        cells = max(width // across - 2, 1)
        rows: list[Row] = []
        for start in range(0, len(courses), across):
            tiles = [self._tile(*course, cells, each - 1) for course in courses[start : start + across]]
            for line in zip(*tiles, strict=True):
                row = Row()
                for index, part in enumerate(line):
                    row.to(index * (cells + 2), self.ink("text")).extend(part)
                rows.append(row)
            rows.append(Row())
        return rows

    def _tile(self, name: str, course: Course, width: int, height: int) -> list[Row]:
        """Draw a name, a number, and its course in what height is left, but no higher than looks well."""
        value, unit = self._write(name, course.last)
        strong, dim, accent = self.ink("strong"), self.ink("dim"), self.ink("accent")
        rows = [self._label(name, width)]
        if height >= 5 and len(value) * 3 + len(unit) + 1 <= width:
            rows += [Row(line, strong) for line in _big(value)]
        else:
            rows.append(Row(cut(value, width), strong))
        if unit:
            rows[-1].add(f" {unit}", dim)
        room = min(height - len(rows), HIGHEST)
        if room == 1:
            rows.append(Row(spark(course.values()[-2 * width :], width), accent))
        elif room > 1:
            rows += [Row(line, accent) for line in area(course.values()[-2 * width :], width, room)]
        return rows

    def _label(self, name: str, width: int) -> Row:
        """Name a number, with its marks at the end."""
        label = clean(name or self.spec.field.replace("_", " ").replace(".", " "))
        if not (marks := self._parts.marked(name)):
            return Row(cut(label, width), self.ink("dim"))
        end = signs(self, marks).crop(width // 2)
        room = width - end.cells
        return Row(cut(label, room - 1), self.ink("dim")).to(room, self.ink("text")).extend(end)

    def _write(self, name: str, value: float) -> tuple[str, str]:
        if self.spec.unit == "bytes":
            amount, _, unit = size(value).partition(" ")
            return amount, unit
        places = self._places[name] = max(self._places.get(name, 0), decimals(value))
        return number(value, places), clean(self.spec.unit)

    def digest(self) -> str:
        """Say the latest values."""
        parts = []
        for name, course in self._courses.by_name.items():
            value, unit = self._write(name, course.last)
            parts.append(" ".join(part for part in (clean(name), value, unit) if part))
        return "  ".join(parts)


def _big(text: str) -> list[str]:
    """Write a number three lines tall."""
    lines = ["", "", ""]
    for character in text:
        index = DIGITS.find(character)
        for y in range(3):
            if index >= 0:
                lines[y] += _GLYPHS[index * 3 + y].ljust(3)
            else:
                lines[y] += character if y == 2 else " "
    return [fit(line, len(line)) for line in lines]
