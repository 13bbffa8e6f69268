"""The frame around a pane; its border carries what is to be known at a glance."""

from __future__ import annotations

from rich.style import Style

from ..drawing.row import Row

LIGHT = tuple("╭╮╰╯─│")
HEAVY = tuple("┏┓┗┛━┃")


def frame(
    body: list[Row], width: int, height: int, borders: tuple[Row, Row, Row, Row], style: Style, *, heavy: bool
) -> list[Row]:
    """
    Draw a frame around `body`.

    Args:
        body: The lines within, each at most ``width - 4`` cells.
        width: Cells across, frame included.
        height: Lines, frame included.
        borders: What stands on it: top left, top right, bottom left, bottom right.
        style: The frame's colour; the blanks within take it too.
        heavy: Whether the pane has the focus.

    """
    left_top, right_top, left_bottom, right_bottom, bar, side = HEAVY if heavy else LIGHT
    top_left, top_right, bottom_left, bottom_right = borders
    rows = [_edge(left_top + bar, top_left, top_right, bar + right_top, width, bar, style)]
    for y in range(height - 2):
        row = Row(f"{side} ", style)
        if y < len(body):
            row.extend(body[y].crop(width - 4))
        rows.append(row.to(width - 2, style).add(f" {side}", style))
    rows.append(_edge(left_bottom + bar, bottom_left, bottom_right, bar + right_bottom, width, bar, style))
    return rows


def _edge(start: str, left: Row, right: Row, end: str, width: int, bar: str, style: Style) -> Row:
    inner = width - len(start) - len(end)
    if right.cells and right.cells + 2 > inner:
        right = Row()
    room = inner - (right.cells + 3 if right.cells else 0)
    row = Row(start, style)
    if left.cells and room > 4:
        row.add(" ", style).extend(left.crop(room - 2)).add(" ", style)
    if not right.cells:
        return row.to(width - len(end), style, bar).add(end, style)
    row.to(width - len(end) - right.cells - 2, style, bar)
    return row.add(" ", style).extend(right).add(" ", style).add(end, style)
