"""One line of a pane, built from left to right."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from .text import cut, width


class Row:
    """Cleaned text in styles, and how wide it is so far."""

    __slots__ = ("cells", "segments")

    def __init__(self, text: str = "", style: Style | None = None) -> None:
        self.segments: list[Segment] = []
        self.cells = 0
        if text:
            self.add(text, style)

    def add(self, text: str, style: Style | None) -> Row:
        """Append cleaned text."""
        self.segments.append(Segment(text, style))
        self.cells += width(text)
        return self

    def extend(self, other: Row) -> Row:
        """Append what another row holds."""
        self.segments.extend(other.segments)
        self.cells += other.cells
        return self

    def to(self, column: int, style: Style | None, fill: str = " ") -> Row:
        """Fill up to `column`, where that is further right."""
        if column > self.cells:
            self.add(fill * (column - self.cells), style)
        return self

    def crop(self, cells: int) -> Row:
        """Give this row, cut to at most `cells`."""
        if self.cells <= cells:
            return self
        cropped = Row()
        for text, style, _ in self.segments:
            if cropped.cells + width(text) > cells:
                return cropped.add(cut(text, cells - cropped.cells), style)
            cropped.add(text, style)
        return cropped

    def trimmed(self) -> Row:
        """Give this row without the blanks at its end."""
        row = Row().extend(self)
        while row.segments and not row.segments[-1].text.rstrip(" "):
            row.cells -= width(row.segments.pop().text)
        if row.segments:
            text, style, _ = row.segments.pop()
            row.cells -= width(text)
            row.add(text.rstrip(" "), style)
        return row

    def restyle(self, style: Style) -> Row:
        """Give this row with `style` laid over every part."""
        row = Row()
        row.cells = self.cells
        row.segments = [Segment(text, own + style if own else style) for text, own, _ in self.segments]
        return row

    def plain(self, style: Style) -> Row:
        """Give this row all in one style."""
        row = Row()
        row.cells = self.cells
        row.segments = [Segment(text, style) for text, _, _ in self.segments]
        return row

    def strip(self, cells: int, style: Style | None) -> Strip:
        """Give a strip of exactly `cells`, filled up in `style`."""
        row = self.crop(cells).to(cells, style)
        return Strip(row.segments, cells)

    @property
    def text(self) -> str:
        """The row without its styles."""
        return "".join(segment.text for segment in self.segments)
