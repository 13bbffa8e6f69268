"""Reading what a source sends without trusting it: text, numbers, and HTML as plain text."""

from __future__ import annotations

import math
from html.parser import HTMLParser
from typing import Any

LONGEST = 20_000
_ASIDE = ("script", "style", "template")
_BREAKS = ("p", "br", "div", "li", "tr", "td", "th", "pre", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6")


def text(value: Any) -> str | None:
    """Give text on one line, without space around it; None for what is no text, or empty."""
    if not isinstance(value, str):
        return None
    words = value[:LONGEST].encode(errors="replace").decode().split()
    return " ".join(words) or None


def whole(value: Any) -> int | None:
    """Give a whole number, and None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: Any) -> float | int | None:
    """Give a finite number, and None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def part(value: Any, name: str) -> Any:
    """Give what a JSON object holds under a name; None where it is no object or holds nothing."""
    return value.get(name) if isinstance(value, dict) else None


def excerpt(value: str | None, size: int) -> str | None:
    """Give the beginning of a text, with an ellipsis where it was longer than `size` characters."""
    return value if value is None or len(value) <= size else f"{value[: size - 1].rstrip()}…"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._aside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ASIDE and not self._aside:
            self._aside = tag
        elif tag in _BREAKS:
            self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._aside:
            self._aside = ""
        elif tag in _BREAKS:
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._aside:
            self.words.append(data)


def from_html(value: Any) -> str | None:
    """
    Give the text of HTML on one line: no tags, no scripts, references to characters resolved.

    At most the first 100,000 characters are read.
    """
    if not isinstance(value, str):
        return None
    if "<" not in value and "&" not in value:
        return text(value)
    reader = _Reader()
    reader.feed(value[: 5 * LONGEST])
    reader.close()
    return text("".join(reader.words))
