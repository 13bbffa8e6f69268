"""
Which workspace is meant, and which database is its: read before anything else, so that a board opens fast.

Standard library only. What the files say is checked by
`collab_dash.config`; a wrong type is left for it to report.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .errors import ConfigError

FILE_NAME = "collab.toml"
BUILTIN = "builtin:"
BUILTINS = ("starter", "demo", "stdin")
DEFAULT_DB = "collab.db"

Table = dict[str, Any]


class Location(NamedTuple):
    """
    Where a workspace is.

    Args:
        db: Its database, absolute.
        folder: Its folder, absolute: relative paths in it start there.
        identity: Which workspace it is: its file's absolute path, or ``builtin:NAME``.
        label: The word to show at all times, such as ``DEMO``, or an empty string.
        user: What the person wants to be called, where the settings say so.

    """

    db: Path
    folder: Path
    identity: str
    label: str = ""
    user: str = ""


def locate(
    target: str | Path | None = None,
    *,
    db: str | Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Location:
    """
    Find a workspace and its database.

    Args:
        target: A folder with a ``collab.toml``, a TOML file, ``builtin:NAME``, or None for the current folder. The
            current folder without a ``collab.toml`` means the built-in starter.
        db: The database given by hand, relative to the current folder.
        environ: The environment.

    Raises:
        ConfigError: If there is no such workspace or its file is not TOML.

    """
    source, folder = find_source(target)
    written = read_source(source).get("session", {})
    settings = read_settings(environ)
    session = {**_table(settings.get("session")), **_table(written)}
    variables = environment(environ)
    chosen = _text(variables.get("session", {}).get("db")) if db is None else str(db)
    return Location(
        db=Path.cwd() / chosen if chosen else folder / (_text(session.get("db")) or DEFAULT_DB),
        folder=folder,
        identity=str(source),
        label=_text(variables.get("session", {}).get("label")) or _text(session.get("label")),
        user=_user(variables, settings),
    )


def user_name(environ: Mapping[str, str] = os.environ) -> str:
    """
    Give what the person wants to be called, or an empty string where neither environment nor user file says so.

    Raises:
        ConfigError: If the user file cannot be read or is not TOML.

    """
    return _user(environment(environ), read_settings(environ))


def _user(variables: Mapping[str, Table], settings: Table) -> str:
    return _text(variables.get("user", {}).get("name")) or _text(_table(settings.get("user")).get("name"))


def find_source(target: str | Path | None) -> tuple[Path | str, Path]:
    """
    Give the workspace file, or ``builtin:NAME``, that `target` means, and its folder.

    Raises:
        ConfigError: If there is none.

    """
    here = Path.cwd()
    if str(target).startswith(BUILTIN):
        return _builtin(str(target)), here
    path = here if target is None else Path(target).expanduser().absolute()
    if path == here and not (here / FILE_NAME).is_file():
        return f"{BUILTIN}starter", here
    if path.is_dir():
        path /= FILE_NAME
    if not path.is_file():
        raise ConfigError(
            f"there is no workspace at {path}", hint="collab-dash config init writes an example to start from"
        )
    return path, path.parent


def _builtin(target: str) -> str:
    name = target.removeprefix(BUILTIN)
    if name not in BUILTINS:
        raise ConfigError(f"there is no built-in workspace {name!r}", hint=f"there are {', '.join(BUILTINS)}")
    return target


def source_text(source: Path | str) -> str:
    """
    Read a workspace file or a built-in one.

    Raises:
        ConfigError: If it cannot be read.

    """
    path = source if isinstance(source, Path) else _packaged(source)
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from None


def _packaged(source: str) -> Path:
    return Path(__file__).parent / "workspaces" / f"{source.removeprefix(BUILTIN)}.toml"


def read_source(source: Path | str) -> Table:
    """
    Read a workspace as TOML.

    Raises:
        ConfigError: If it cannot be read or is not TOML; the message names file and line.

    """
    return parse(source_text(source), str(source))


def parse(text: str, where: str) -> Table:
    """
    Read TOML.

    Raises:
        ConfigError: If it is not TOML.

    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).removesuffix(")").rpartition(" (at ")
        line = (
            place.removeprefix("line ").split(",", 1)[0] if place.startswith("line ") else text.rstrip().count("\n") + 1
        )
        at = f"{where}:{line}"
        raise ConfigError(f"{at}: not TOML: {what or error}", hint="strings need quotes, and a key one '='") from None


def settings_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Give the user file: ``COLLAB_DASH_CONFIG``, or ``config.toml`` in the user's configuration folder."""
    chosen = environ.get("COLLAB_DASH_CONFIG")
    if chosen:
        return Path(chosen).expanduser().absolute()
    from platformdirs import user_config_path

    return user_config_path("collab-dash") / "config.toml"


def read_settings(environ: Mapping[str, str] = os.environ) -> Table:
    """
    Read the user file as TOML; one that does not exist is empty.

    Raises:
        ConfigError: If it cannot be read or is not TOML.

    """
    path = settings_path(environ)
    return read_source(path) if path.is_file() else {}


_RESERVED = "COLLAB_DASH_"
_SHORT = ("db", "host", "port", "read_only", "approve", "tls_cert", "tls_key")


def environment(environ: Mapping[str, str] = os.environ) -> dict[str, Table]:
    """
    Read ``COLLAB_DASH_SECTION__KEY`` variables as nested tables.

    ``COLLAB_DASH_DB``, and what else ``serve`` has an option for, may leave ``SESSION__`` out. A value is read as
    TOML where it is TOML (``8765``, ``true``, ``["a", "b"]``), otherwise as text.
    """
    tables: dict[str, Table] = {}
    for variable, value in environ.items():
        path = variable.removeprefix(_RESERVED).lower().split("__")
        if not variable.startswith(_RESERVED) or (len(path) == 1 and path[0] not in _SHORT):
            continue
        *sections, key = path if len(path) > 1 else ["session", path[0]]
        table: Table = tables
        for section in sections:
            inner = table[section] = _table(table.get(section))
            table = inner
        table[key] = _value(value)
    return tables


def _value(text: str) -> Any:
    try:
        read = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return read["value"] if read.keys() == {"value"} else text


def _table(value: Any) -> Table:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
