"""Write plans into arrays of tables, ``[[pages]]``: tables that stay keep their text and their place."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from .inline import rewrite_line
from .plan import Fields, Kind, Place, Plan
from .toml_text import Piece, join, key_of, pieces_of, with_value
from .values import written


def rewrite(text: str, kind: Kind, plans: Sequence[Plan]) -> str:
    """
    Write tables into a TOML text.

    What stays is as it was, byte for byte; what moved takes the comments along that belong to it, what goes takes them
    away. An array that is written inline stays so.

    Args:
        text: The text.
        kind: Of the tables.
        plans: All tables that are to be there, in order.

    """
    pieces = pieces_of(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    for at, line in enumerate(pieces[0].body):
        if key_of(line) == kind.name:
            pieces[0].body[at] = rewrite_line(line, kind, plans)
            return join(pieces, newline)
    there = _places(pieces, kind)
    writer = _Writer(there, kind, newline)
    wanted = [piece for plan in plans for piece in writer.outer(plan)]
    arranged = _arranged(pieces, list(there.values()), wanted)
    if not text.startswith(("\r", "\n")):
        _begin_alike(pieces, arranged, newline)
    return join(arranged, newline)


def _begin_alike(before: list[Piece], after: list[Piece], newline: str) -> None:
    """Where something else begins the text now, let that have no blank line above it, and what began it have one."""
    old, new = (next((piece for piece in pieces if piece.text), None) for pieces in (before, after))
    if old is not new and old is not None and new is not None:
        del new.before[: len(new.gap)]
        old.before.insert(0, newline)


def _places(pieces: list[Piece], kind: Kind) -> dict[Place, Piece]:
    """Find the tables of a kind, and those within, by their place; another table under one is taken as part of it."""
    there: dict[Place, Piece] = {}
    outer, inner = (kind.name,), (kind.name, kind.inner.name) if kind.inner else None
    last: Place = ()
    for piece in tuple(pieces):
        if piece.path == outer:
            last = (last[0] + 1 if last else 0,)
        elif piece.path == inner:
            last = (last[0], last[1] + 1 if len(last) > 1 else 0)
        elif piece.path[:1] == outer:
            there[last].body += (*piece.before, piece.header, *piece.body)
            pieces.remove(piece)
            continue
        else:
            continue
        there[last] = piece
    return there


class _Writer:
    """Makes the pieces of tables, in the manner of those that are there."""

    def __init__(self, there: dict[Place, Piece], kind: Kind, newline: str) -> None:
        self._there = there
        self._kind = kind
        self._newline = newline

    def outer(self, plan: Plan) -> list[Piece]:
        """Give a table's piece, and those of the tables within that have one."""
        piece = self._piece(plan, self._kind, (self._kind.name,))
        within = self._kind.inner
        if within is None:
            return [piece]
        for at, line in enumerate(piece.body):
            if key_of(line) == within.name:
                piece.body[at] = rewrite_line(line, within, plan.inner, plan.old or ())
                return [piece]
        return [piece, *(self._piece(each, within, (self._kind.name, within.name)) for each in plan.inner)]

    def _piece(self, plan: Plan, kind: Kind, path: tuple[str, ...]) -> Piece:
        piece = self._there.get(plan.old) if plan.old is not None else None
        if piece is None:
            return self._new(plan.fields, kind, path)
        _change(piece, plan.changes, kind, self._newline)
        return piece

    def _new(self, fields: Fields, kind: Kind, path: tuple[str, ...]) -> Piece:
        alike = [piece for piece in self._there.values() if piece.path == path]
        indent = alike[-1].indent if alike else ""
        close = len(alike) > 2 - len(path) and not any(piece.gap for piece in alike)
        before = [] if close else [self._newline]
        lines = [f"{indent}{key} = {written(fields[key])}{self._newline}" for key in kind.order if key in fields]
        return Piece(path, True, before, f"{indent}[[{'.'.join(path)}]]{self._newline}", lines)


def _change(piece: Piece, changes: Fields, kind: Kind, newline: str) -> None:
    """Change the lines of the keys that change, and no others."""
    for key, value in _in_each_others_place(piece, changes, kind).items():
        at = next((at for at, line in enumerate(_own_lines(piece)) if key_of(line) == key), None)
        if at is None and value is not None:
            _add(piece, key, value, kind, newline)
        elif at is not None and value is None:
            del piece.body[at]
        elif at is not None:
            piece.body[at] = with_value(piece.body[at], key, written(value))


def _in_each_others_place(piece: Piece, changes: Fields, kind: Kind) -> Fields:
    """Let a key take the line of the one it stands for."""
    goes = next((key for key in kind.instead if changes.get(key, "") is None), None)
    comes = next((key for key in kind.instead if changes.get(key) is not None), None)
    if goes is None or comes is None:
        return changes
    for at, line in enumerate(_own_lines(piece)):
        if key_of(line) == goes:
            piece.body[at] = with_value(line, comes, written(changes[comes]))
            return {key: value for key, value in changes.items() if key not in kind.instead}
    return changes


def _add(piece: Piece, key: str, value: Any, kind: Kind, newline: str) -> None:
    """Add a line behind those of the keys that are usually before it."""
    earlier = kind.order[: kind.order.index(key)]
    own = _own_lines(piece)
    lines = [(at, line) for at, line in enumerate(own) if key_of(line)]
    behind = max((at + 1 for at, line in lines if key_of(line) in earlier), default=lines[0][0] if lines else 0)
    indent = next((line[: len(line) - len(line.lstrip())] for _, line in lines), piece.indent)
    for before in (behind - 1,) if behind else ():
        if not piece.body[before].endswith("\n"):
            piece.body[before] += newline
    piece.body.insert(behind, f"{indent}{key} = {written(value)}{newline}")
    if not piece.header.endswith("\n"):
        piece.header += newline


def _own_lines(piece: Piece) -> list[str]:
    """Give the lines before a table under this one begins."""
    end = next((at for at, line in enumerate(piece.body) if line.lstrip().startswith("[")), len(piece.body))
    return piece.body[:end]


# Order


def _arranged(pieces: list[Piece], movable: list[Piece], wanted: list[Piece]) -> list[Piece]:
    """Put the wanted pieces into a text's, moving as few as can be; what cannot move stays behind what it is behind."""
    at = {piece: index for index, piece in enumerate(pieces)}
    known = [piece for piece in wanted if piece in at]
    stay = {known[index] for index in _longest_rising([at[piece] for piece in known])}
    arranged = [piece for piece in pieces if piece in stay or piece not in movable]
    for place, piece in enumerate(wanted):
        if piece in stay:
            continue
        if place:
            arranged.insert(arranged.index(wanted[place - 1]) + 1, piece)
        else:
            arranged.insert(_first_place(pieces, movable, arranged), piece)
    return arranged


def _first_place(pieces: list[Piece], movable: list[Piece], arranged: list[Piece]) -> int:
    """Tell where the first table goes: where the first was, or to the end."""
    if not movable:
        return len(arranged)
    before = pieces[: pieces.index(movable[0])]
    return max((arranged.index(piece) + 1 for piece in before), default=0)


def _longest_rising(numbers: list[int]) -> list[int]:
    """Give the indexes of a longest rising subsequence."""
    ends: list[int] = []
    at: list[int] = []
    previous: list[int] = []
    for index, number in enumerate(numbers):
        length = bisect_left(ends, number)
        ends[length:], at[length:] = [number, *ends[length + 1 :]], [index, *at[length + 1 :]]
        previous.append(at[length - 1] if length else -1)
    chosen: list[int] = []
    index = at[-1] if at else -1
    while index >= 0:
        chosen.append(index)
        index = previous[index]
    return chosen[::-1]
