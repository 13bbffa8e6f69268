"""Text for terminals and pipes alike: aligned tables, ages, sizes; what came from upstream made harmless."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

_RAW_CONTROL = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
_KEPT_SPACE = {"\n": "⏎", "\r": "␍", "\t": " "}


def clean(text: str, *, kept: str = "") -> str:
    """
    Show control characters and escape sequences instead of letting a terminal obey them.

    Args:
        text: What came from upstream.
        kept: Characters to leave as they are.

    """
    if text.isprintable():
        return text
    return "".join(character if character in kept else _shown(character) for character in text)


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character in _KEPT_SPACE:
        return _KEPT_SPACE[character]
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def harmless(line: bytes) -> bytes:
    """
    Escape the control characters that JSON allows as they are, so that no terminal obeys them.

    DEL, C1 (U+0080–U+009F) and what turns the direction of text stand only inside strings, where an escape
    means the same.
    """
    return _RAW_CONTROL.sub(lambda found: b"\\u%04x" % ord(found[0].decode()), line)


def width(text: str) -> int:
    """Give the columns a terminal uses for `text`."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def table(contents: Iterable[Sequence[object]], heads: Sequence[str]) -> list[str]:
    """
    Align rows under heads; columns that hold only numbers are aligned to the right.

    Returns:
        The lines, without trailing space.

    """
    rows = list(contents)
    cells = [[clean("" if cell is None else str(cell)) for cell in row] for row in rows]
    right = [
        bool(rows) and all(isinstance(row[column], int | float) or row[column] is None for row in rows)
        for column in range(len(heads))
    ]
    widths = [max([width(head), *(width(row[column]) for row in cells)]) for column, head in enumerate(heads)]
    return [_line(line, widths, right) for line in ([clean(head) for head in heads], *cells)]


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = []
    for cell, columns, numeric in zip(cells, widths, right, strict=True):
        space = " " * (columns - width(cell))
        padded.append(space + cell if numeric else cell + space)
    return "  ".join(padded).rstrip()


def size(count: float) -> str:
    """Write bytes for people: ``214 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def ago(then: int | None, now: int) -> str:
    """Write how long ago a moment in Unix milliseconds was: ``0.4 s``, ``12 m``."""
    if then is None:
        return "never"
    seconds = max(now - then, 0) / 1000
    if seconds < 10:
        return f"{seconds:.1f} s"
    for limit, divisor, unit in ((120, 1, "s"), (7200, 60, "m"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / divisor:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"
