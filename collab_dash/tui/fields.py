"""A pane's description as people type it: each of its fields to text and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Any, NamedTuple

from ..board import VIEWS, Board
from ..duration import parse_duration, write_duration
from ..filter import FilterError, compile_expression, compile_filter
from ..type_globs import check_type_glob
from .drawing.grid import COLUMNS
from .panes.columns import Column

LONGEST = 2000


def write(value: Any) -> str:
    """Give a field's value as it is typed."""
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def write_span(seconds: float) -> str:
    """Give a span of time as it is typed; nothing for none."""
    return write_duration(seconds) if seconds else ""


def no_remark(value: Any, board: Board) -> str:
    """Have nothing to say of a value."""
    return ""


class Field(NamedTuple):
    """
    One field of an entry.

    Args:
        name: As the entry has it.
        usual: What stands there while nothing is typed and the feed's plugin has no wish.
        hint: What may be typed.
        read: Gives what a text means; raises ValueError, which says why it means nothing.
        write: Gives a value as it is typed.
        remark: Says something of a value that can be used; empty to say the hint.
        label: What it is called on the screen, if not by its name.
        required: Whether something must be typed.

    """

    name: str
    usual: str
    hint: str
    read: Callable[[str, Board], Any]
    write: Callable[[Any], str] = write
    remark: Callable[[Any, Board], str] = no_remark
    label: str = ""
    required: bool = False


def parts(text: str) -> Iterator[str]:
    """Give what commas part, except those in quotes and parentheses."""
    part, quote, depth = "", "", 0
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        else:
            depth += (character == "(") - (character == ")")
        if character == "," and not quote and depth <= 0:
            yield part.strip()
            part = ""
        else:
            part += character
    if part.strip():
        yield part.strip()


def _known(name: str, names: tuple[str, ...], what: str) -> str:
    if name in names:
        return name
    near = get_close_matches(name, names, n=1)
    raise ValueError(f"there is no {what} {name}; {f'did you mean {near[0]}?' if near else ', '.join(names)}")


def _text(text: str, board: Board) -> str:
    return text.strip()


def _feeds(text: str, board: Board) -> tuple[str, ...]:
    return tuple(_known(name, (*board.feeds, "*"), "feed") for name in parts(text))


def _view(text: str, board: Board) -> str:
    return _known(text.strip(), VIEWS, "view") if text.strip() else ""


def _columns(text: str, board: Board) -> tuple[str, ...]:
    found = tuple(parts(text))
    for column in found:
        try:
            Column(column)
        except FilterError as error:
            raise ValueError(f"{column or 'an empty column'}: {error.brief}") from None
    return found


def _types(text: str, board: Board) -> tuple[str, ...]:
    return tuple(check_type_glob(name) for name in parts(text))


def _filter(text: str, board: Board) -> str:
    try:
        compile_filter(text)
    except FilterError as error:
        raise ValueError(error.brief) from None
    return text.strip()


def _expression(text: str, board: Board) -> str:
    if not text.strip():
        return ""
    try:
        compile_expression(text)
    except FilterError as error:
        raise ValueError(error.brief) from None
    return text.strip()


def _seconds(text: str, board: Board) -> int:
    seconds = int(parse_duration(text)) if text.strip() else 0
    if text.strip() and seconds < 1:
        raise ValueError("a span is at least 1 s")
    return seconds


def _whole(most: int) -> Callable[[str, Board], int]:
    def read(text: str, board: Board) -> int:
        number = text.strip()
        if not number.isascii() or not number.isdigit() or not 1 <= int(number) <= most:
            raise ValueError(f"a whole number from 1 to {most}")
        return int(number)

    return read


FIELDS = (
    Field("title", "", "on the border; the feed's name by default", _text),
    Field("feeds", "none", "the feeds it shows, commas between them; * for all", _feeds),
    Field("view", "log", ", ".join(VIEWS), _view),
    Field(
        "columns", "the payload's first fields", "of a table or log: price, spark(price), bytes(used), age", _columns
    ),
    Field("types", "all", "event types, such as ticker:*", _types),
    Field("filter", "none", 'which events, such as mag >= 4.5 and place ~ "alaska"', _filter),
    Field("field", "the first number", "what line, stat and bars draw", _expression),
    Field("by", "the key", "what bars counts by, line and stat split by, a table is sorted by", _expression),
    Field("key", "all", "only events of this key", _text),
    Field("unit", "none", "written after numbers; bytes and % are understood", _text),
    Field("span", "15m, bars 60s", "how much is shown or counted: 90s, 15m, 2h", _seconds, write_span),
    Field("width", "6", "columns of the page's twelve, 1 to 12", _whole(COLUMNS)),
    Field("height", "1", "its row's height relative to the others, 1 to 100", _whole(100)),
)
