"""
A TOML text as the pieces people see in it: tables with their comments, and the lines in them.

Nothing of the text is lost or changed in taking it apart: joined again, the pieces are the text. The text has been read
as TOML before: here nothing is checked.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""
      \#[^\n]*
    | \"\"\" (?:\\.|[^\\])*? "{3,5}
    | ''' .*? '{3,5}
    | " (?:\\.|[^"\\\n])* "
    | ' [^'\n]* '
    | [\[{] | [\]}] | \n | [^#"'\[\]{}\n]+
    """,
    re.VERBOSE | re.DOTALL,
)
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"\n]*"|'[^'\n]*'))[ \t]*=[ \t]*""", re.ASCII)


@dataclass(eq=False)
class Piece:
    """
    A table as written, or what stands between tables.

    Args:
        path: The table's name, part by part; empty for what is in no table.
        array: Whether its header has two brackets.
        before: Blank lines, then comments, that belong to it.
        header: Its header's line, empty for what is in no table.
        body: Its lines, each with all that a value of several lines has.

    """

    path: tuple[str, ...] = ()
    array: bool = False
    before: list[str] = field(default_factory=list)
    header: str = ""
    body: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The piece as written."""
        return "".join((*self.before, self.header, *self.body))

    @property
    def gap(self) -> list[str]:
        """The blank lines it begins with."""
        return self.before[: next((at for at, line in enumerate(self.before) if line.strip()), len(self.before))]

    @property
    def indent(self) -> str:
        """What stands before its header."""
        return self.header[: len(self.header) - len(self.header.lstrip())]


def logical_lines(text: str) -> list[str]:
    """Split a text at the ends of its lines, but not within values."""
    lines: list[str] = []
    start = depth = 0
    for token in _TOKEN.finditer(text):
        depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
        if token[0] == "\n" and not depth:
            lines.append(text[start : token.end()])
            start = token.end()
    return [*lines, text[start:]] if start < len(text) else lines


def pieces_of(text: str) -> list[Piece]:
    """
    Take a text apart.

    Comments directly above a header belong to its table, comments directly below a table's last key to that one. Others
    between two tables are pieces by themselves, as is what stands before the first.
    """
    pieces = [Piece()]
    for line in logical_lines(text):
        if line.lstrip().startswith("["):
            body = pieces[-1].body
            cut = len(body) - _length_of_lead(body)
            if len(pieces) == 1 and not any(_is_blank(above) for above in body) and cut == 0:
                cut = len(body)  # what a file begins with is about the file
            path, array = _name_of(line)
            lead, body[cut:] = body[cut:], []
            pieces += (*_taken_off(pieces[-1]), Piece(path, array, lead, line))
        else:
            pieces[-1].body.append(line)
    return [*pieces, *_taken_off(pieces[-1])]


def join(pieces: Iterable[Piece], newline: str) -> str:
    """Put pieces together, each beginning on a line of its own."""
    text = ""
    for piece in pieces:
        if text and piece.text and not text.endswith("\n"):
            text += newline
        text += piece.text
    return text


def _length_of_lead(lines: list[str]) -> int:
    """Tell how many lines at the end belong to the header that follows: comments above it, blank lines above those."""
    count = 0
    while count < len(lines) and _is_comment(lines[-1 - count]):
        count += 1
    while count < len(lines) and _is_blank(lines[-1 - count]):
        count += 1
    return count


def _taken_off(piece: Piece) -> list[Piece]:
    """Take off a table what follows it but does not belong to it, as a piece or none."""
    if not piece.header:
        return []
    end = max((at + 1 for at, line in enumerate(piece.body) if key_of(line)), default=0)
    while end < len(piece.body) and _is_comment(piece.body[end]):
        end += 1
    rest, piece.body[end:] = piece.body[end:], []
    return [Piece(body=rest)] if rest else []


def _is_blank(line: str) -> bool:
    return not line.strip()


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _name_of(header: str) -> tuple[tuple[str, ...], bool]:
    value = tomllib.loads(header)
    names: list[str] = []
    array = False
    while value:
        ((name, value),) = value.items()
        names.append(name)
        array = isinstance(value, list)
        value = value[0] if array else value
    return tuple(names), array


# Lines of keys


def key_of(line: str) -> str:
    """Give the key that a line sets, empty for a comment, a blank line or a dotted key."""
    match = _KEY.match(line)
    return str(next(iter(tomllib.loads(f"{match[1]} = 0")))) if match else ""


def with_value(line: str, key: str, value: str) -> str:
    """Give a line with another key and value; its indent, its spaces and its comment stay."""
    match = _KEY.match(line)
    if match is None:
        raise ValueError(f"not the line of a key: {line!r}")
    named = (
        line[: match.end()] if key_of(line) == key else line[: match.start(1)] + key + line[match.end(1) : match.end()]
    )
    return named + value + line[_end_of_value(line, match.end()) :]


def _end_of_value(line: str, start: int) -> int:
    end = start
    depth = 0
    for token in _TOKEN.finditer(line, start):
        depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
        if depth or not token[0].startswith(("#", "\n")):
            end = token.end()
        if not depth and token[0].startswith("#"):
            break
    return start + len(line[start:end].rstrip())
