"""Lines of a terminal as SVG that needs no font for its frames, bars and charts: those are drawn as shapes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

WIDE, HIGH, FONT, BASE = 8.43, 18.0, 14, 13.6
MARGIN = 12
FAMILY = "'DejaVu Sans Mono', 'JetBrains Mono', Menlo, Consolas, monospace"

# The arms of a frame character, by weight: left, right, up, down.
ARMS = {
    "─": (1, 1, 0, 0), "│": (0, 0, 1, 1), "╴": (1, 0, 0, 0), "╶": (0, 1, 0, 0), "╵": (0, 0, 1, 0), "╷": (0, 0, 0, 1),
    "╭": (0, 1, 0, 1), "╮": (1, 0, 0, 1), "╰": (0, 1, 1, 0), "╯": (1, 0, 1, 0), "┤": (1, 0, 1, 1), "├": (0, 1, 1, 1),
    "┌": (0, 1, 0, 1), "┐": (1, 0, 0, 1), "└": (0, 1, 1, 0), "┘": (1, 0, 1, 0), "┬": (1, 1, 0, 1), "┴": (1, 1, 1, 0),
    "┼": (1, 1, 1, 1), "━": (2, 2, 0, 0), "┃": (0, 0, 2, 2), "┏": (0, 2, 0, 2), "┓": (2, 0, 0, 2), "┗": (0, 2, 2, 0),
    "┛": (2, 0, 2, 0),
}  # fmt: skip
BRAILLE = 0x2800
LOWER, LEFT = "▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉█"
DOTS = ((0x01, 0, 0), (0x02, 0, 1), (0x04, 0, 2), (0x40, 0, 3), (0x08, 1, 0), (0x10, 1, 1), (0x20, 1, 2), (0x80, 1, 3))


def svg(lines: Sequence[Strip], ground: str) -> str:
    """
    Draw lines.

    Args:
        lines: The screen, from the top.
        ground: The colour around it.

    """
    width = lines[0].cell_length * WIDE + 2 * MARGIN
    height = len(lines) * HIGH + 2 * MARGIN
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FAMILY}" font-size="{FONT}">',
        f'<rect width="100%" height="100%" rx="8" fill="{ground}"/>',
    ]
    for y, line in enumerate(lines):
        x = 0
        for segment in line:
            parts += _segment(segment, MARGIN + x * WIDE, MARGIN + y * HIGH, ground)
            x += segment.cell_length
    return "\n".join([*parts, "</svg>"])


def _colours(style: Style, ground: str) -> tuple[str, str]:
    front = style.color.get_truecolor().hex if style.color else "#ffffff"
    back = style.bgcolor.get_truecolor().hex if style.bgcolor else ground
    return (back, front) if style.reverse else (front, back)


def _segment(segment: Segment, x: float, y: float, ground: str) -> Iterator[str]:
    style = segment.style or Style()
    front, back = _colours(style, ground)
    if back != ground:
        yield f'<rect x="{x:.1f}" y="{y:.1f}" width="{segment.cell_length * WIDE:.1f}" height="{HIGH}" fill="{back}"/>'
    weight = ' font-weight="bold"' if style.bold else ""
    strokes: dict[int, str] = {}
    shapes = ""
    for text, start in _runs(segment.text):
        left = x + start * WIDE
        if text in ARMS:
            for thick, path in _frame(text, left, y):
                strokes[thick] = strokes.get(thick, "") + path
        elif shape := _shape(text, left, y):
            shapes += shape
        else:
            places = " ".join(f"{left + cell * WIDE:.1f}" for cell in _cells(text))
            yield f'<text x="{places}" y="{y + BASE:.1f}" fill="{front}"{weight}>{escape(text)}</text>'
    if shapes:
        yield f'<path d="{shapes}" fill="{front}"/>'
    for thick, path in strokes.items():
        yield f'<path d="{path}" stroke="{front}" stroke-width="{1.1 * thick:.1f}" fill="none"/>'


def _runs(text: str) -> Iterator[tuple[str, int]]:
    """Give words, and each character that is drawn, with the cell it starts at."""
    word, start, cell = "", 0, 0
    for character in text:
        drawn = character in ARMS or character in LOWER or character in LEFT or BRAILLE < ord(character) < BRAILLE + 256
        if drawn or character == " ":
            if word:
                yield word, start
            word = ""
            if drawn:
                yield character, cell
        else:
            start = start if word else cell
            word += character
        cell += cell_len(character)
    if word:
        yield word, start


def _cells(text: str) -> Iterator[int]:
    """Give the cell that each character starts at."""
    cell = 0
    for character in text:
        yield cell
        cell += cell_len(character)


def _frame(character: str, x: float, y: float) -> Iterator[tuple[int, str]]:
    middle_x, middle_y = x + WIDE / 2, y + HIGH / 2
    ends = ((x, middle_y), (x + WIDE, middle_y), (middle_x, y), (middle_x, y + HIGH))
    arms = [(weight, end) for weight, end in zip(ARMS[character], ends, strict=True) if weight]
    if character in "╭╮╰╯":
        (weight, (x0, y0)), (_, (x1, y1)) = arms
        yield weight, f"M{x0:.1f} {y0:.1f}Q{middle_x:.1f} {middle_y:.1f} {x1:.1f} {y1:.1f}"
        return
    for weight, (end_x, end_y) in arms:
        yield weight, f"M{end_x:.1f} {end_y:.1f}L{middle_x:.1f} {middle_y:.1f}"


def _shape(character: str, x: float, y: float) -> str:
    """Draw a block or braille dots."""
    if character in LOWER:
        high = (LOWER.index(character) + 1) / 8 * HIGH
        return _box(x, y + HIGH - high, WIDE, high)
    if character in LEFT:
        return _box(x, y, (LEFT.index(character) + 1) / 8 * WIDE, HIGH)
    mask = ord(character) - BRAILLE if len(character) == 1 else 0
    if not 0 < mask < 256:
        return ""
    dots = [(x + (across + 0.5) * WIDE / 2, y + (down + 0.5) * HIGH / 4) for bit, across, down in DOTS if mask & bit]
    return "".join(_box(dot_x - 1.3, dot_y - 1.3, 2.6, 2.6) for dot_x, dot_y in dots)


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:.2f} {y:.2f}h{width:.2f}v{height:.2f}h{-width:.2f}z"
