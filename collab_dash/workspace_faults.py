"""Say what is wrong with a configuration file: file and line, the key, and what was probably meant."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

import pydantic
from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[\[?[^\]]+\]\]?)\s*(?:#.*)?")
_BRANCH = re.compile(r"int|float|str|bool|(?:list|dict|tuple|set|literal|constrained-|function-|nullable)[\[-].*")
_IN_TOML = {
    "int": "should be a whole number",
    "float": "should be a number",
    "bool": "should be true or false",
    "string": "should be text in quotes",
    "list": "should be a list in [ ]",
    "tuple": "should be a list in [ ]",
    "dict": "should be a table",
    "model": "should be a table",
}
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")


class Fault(NamedTuple):
    """What is wrong, where, and what to do about it."""

    message: str
    hint: str = ""


class Source:
    """
    Where values came from, for naming them.

    Args:
        name: The file, or another word for the place, such as ``environment``.
        text: The file's TOML text, or an empty string where there are no lines.
        overlaid: Keys whose values came from elsewhere, and from where.

    """

    def __init__(self, name: str, text: str = "", overlaid: Mapping[Path, str] | None = None) -> None:
        self.name = name
        self.overlaid = overlaid or {}
        self._text = text
        self._lines: dict[Path, int] | None = None

    def at(self, path: Path) -> str:
        """Give ``FILE:LINE`` of a key, or of the nearest table around it."""
        if self._lines is None:
            self._lines = {}
            for known, line in key_lines(self._text):
                for length in range(len(known)):  # [feeds.btc] is also where feeds begins
                    self._lines.setdefault(known[: length + 1], line)
        for length in range(len(path), 0, -1):
            if path[:length] in self.overlaid:
                return self.overlaid[path[:length]]
            if path[:length] in self._lines:
                return f"{self.name}:{self._lines[path[:length]]}"
        return self.name


def key_lines(text: str) -> Iterator[tuple[Path, int]]:
    """
    Find the line of each table header and key in a TOML document.

    Yields:
        The path of a key, with indexes for arrays of tables, and its line from 1; not keys in inline tables.

    """
    table: Path = ()
    counts: dict[Path, int] = {}
    quoted = ""
    for number, line in enumerate(text.splitlines(), 1):
        if quoted:
            quoted = "" if quoted in line else quoted
            continue
        if (header := _HEADER.fullmatch(line)) and (names := _names(header[1])):
            table = _indexed(names, counts, header[1].startswith("[["))
            yield table, number
        elif (key := _KEY.match(line)) and (names := _names(f"{key[1]} = 0")):
            yield (*table, *names), number
        quoted = next((mark for mark in ('"""', "'''") if line.count(mark) % 2), "")


def _names(toml: str) -> Path:
    """Give the keys of a one-line document, outermost first."""
    try:
        value: Any = tomllib.loads(toml)
    except tomllib.TOMLDecodeError:
        return ()
    names: list[str] = []
    while isinstance(value, dict | list) and value:
        value = value[0] if isinstance(value, list) else value
        name = next(iter(value), None)
        if name is None:
            break
        names.append(name)
        value = value[name]
    return tuple(names)


def _indexed(names: Path, counts: dict[Path, int], repeated: bool) -> Path:
    path: Path = ()
    for position, name in enumerate(names):
        path = (*path, name)
        if repeated and position == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def nearest(name: str, names: Iterable[str]) -> str:
    """Give a hint with the valid name closest to `name`, or all of them where none is close."""
    known = list(names)
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known) or 'none'}"


def faults_of(
    error: pydantic.ValidationError, model: type[pydantic.BaseModel], *, source: Source, path: Path
) -> list[tuple[str, Fault]]:
    """
    Turn what pydantic found into lines for people.

    Args:
        error: What it found.
        model: The model that refused.
        source: Where the values came from.
        path: Where in the source the model's table is.

    Returns:
        The key that is wrong, or an empty string for the table as a whole, with its fault.

    """
    faults: dict[tuple[str, ...], tuple[str, Fault]] = {}
    details = error.errors(include_url=False)
    for detail in sorted(details, key=lambda detail: detail["type"] == "missing"):  # what lacks may be misspelt
        place = tuple(str(step) for step in detail["loc"] if not _BRANCH.fullmatch(str(step)))
        faults.setdefault(place, _fault(detail, place, model, source, path))  # one for all branches of a union
    return list(faults.values())


def _fault(
    detail: ErrorDetails, place: tuple[str, ...], model: type[pydantic.BaseModel], source: Source, path: Path
) -> tuple[str, Fault]:
    where, table = source.at((*path, *place)), shown(path)
    key, dotted = place[0] if place else "", ".".join(place)
    if detail["type"] == "extra_forbidden":
        hint = nearest(key, _keys(model)) if len(place) == 1 else ""
        return key, Fault(f"{where}: {table} has no key {dotted!r}", hint)
    if detail["type"] == "missing":
        return key, Fault(f"{where}: {table} lacks {dotted!r}")
    return key, Fault(f"{where}: {table} {dotted}: {_message(detail)}".replace(" : ", ": "))


def _keys(model: type[pydantic.BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _message(detail: ErrorDetails) -> str:
    kind, _, what = detail["type"].partition("_")
    if what in ("type", "parsing", "from_float") and kind in _IN_TOML:
        return _IN_TOML[kind]
    return detail["msg"].removeprefix("Value error, ")


def shown(path: Path) -> str:
    """Write a table's name as in the file: ``[session]``, ``[feeds.btc]``, ``page 1, pane 2``, ``rule 1``."""
    if len(path) == 4:
        return f"page {int(path[1]) + 1}, pane {int(path[3]) + 1}"
    if len(path) == 2 and path[0] in ("pages", "rules"):
        return f"{str(path[0])[:-1]} {int(path[1]) + 1}"
    return f"[{'.'.join(map(str, path))}]"
