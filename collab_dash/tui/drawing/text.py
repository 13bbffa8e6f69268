"""
Upstream text made safe and of known width.

Whatever a source sends, it is shown and never obeyed: a control character, an escape sequence or a change of
writing direction becomes a visible symbol of one cell.
"""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len

ELLIPSIS = "…"


def _symbols() -> dict[int, str | None]:
    table: dict[int, str | None] = {code: chr(0x2400 + code) for code in range(0x20)}
    table.update({0x09: "⇥", 0x0A: "↵", 0x0D: "␍", 0x7F: "␡", 0x2028: "↵", 0x2029: "¶"})
    table.update(dict.fromkeys(range(0x80, 0xA0), "�"))
    table.update(dict.fromkeys(range(0xD800, 0xE000), "�"))
    bidi = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    table.update(dict.fromkeys(bidi, "⇆"))
    table.update(dict.fromkeys((0x00AD, 0x200B, 0x2060, 0xFEFF, *range(0xE0000, 0xE0080)), "·"))
    # Terminals disagree on the width of joined and re-presented emoji; apart, they agree.
    table.update(dict.fromkeys((0x200D, *range(0xFE00, 0xFE10))))
    return table


_SYMBOLS = _symbols()


def clean(text: str) -> str:
    """Replace everything in `text` that a terminal might obey by a visible symbol."""
    if text.isascii() and text.isprintable():
        return text
    return _clean(text)


@lru_cache(maxsize=4096)
def _clean(text: str) -> str:
    return text.translate(_SYMBOLS)


def width(text: str) -> int:
    """Count the cells that cleaned `text` takes."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, cells: int) -> str:
    """Shorten cleaned `text` to at most `cells`, ending in ``…`` where something was cut."""
    if text.isascii():
        return text if len(text) <= cells else text[: max(cells - 1, 0)] + ELLIPSIS[: max(cells, 0)]
    return _cut(text, cells)


@lru_cache(maxsize=4096)
def _cut(text: str, cells: int) -> str:
    if cell_len(text) <= cells:
        return text
    if cells <= 0:
        return ""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if cell_len(text[:middle]) <= cells - 1:
            low = middle
        else:
            high = middle - 1
    return text[:low] + ELLIPSIS


def wrap(text: str, cells: int) -> list[str]:
    """Break cleaned `text` between words into lines of at most `cells`; a longer word is cut."""
    lines: list[str] = []
    for word in text.split():
        if lines and width(lines[-1]) + 1 + width(word) <= cells:
            lines[-1] += f" {word}"
        else:
            lines.append(cut(word, cells))
    return lines


def folded(text: str, cells: int) -> list[str]:
    """Break cleaned `text` into lines of at most `cells`, between words where that can be; nothing is lost."""
    lines = [""]
    for word in text.split(" "):
        if width(lines[-1]) + width(word) + 1 <= cells or not lines[-1]:
            lines[-1] += f" {word}" if lines[-1] else word
        else:
            lines.append(word)
        while width(lines[-1]) > max(cells, 2):
            head = _head(lines[-1], max(cells, 2))
            lines[-1:] = [head, lines[-1][len(head) :]]
    return lines


def _head(text: str, cells: int) -> str:
    """Give as much of `text` as fits into `cells`."""
    end = len(text)
    while width(text[:end]) > cells:
        end -= max((width(text[:end]) - cells) // 2, 1)
    return text[:end]


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """Make cleaned `text` exactly `cells` wide: cut it or fill it with blanks, on the left when `right`."""
    if text.isascii() and len(text) <= cells:
        return text.rjust(cells) if right else text.ljust(cells)
    text = cut(text, cells)
    blanks = " " * (cells - width(text))
    return blanks + text if right else text + blanks
