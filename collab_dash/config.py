"""
The workspace: what a session shows and how its hub runs.

Values are taken from, in this order: the command line, ``COLLAB_DASH_*`` variables, the workspace file, the
user file. ``${NAME}`` in a feed's options stays as written: the feed expands it, so no secret is ever in a
`Workspace`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pydantic

from .board import FEEDLESS, Board, Page, Pane
from .errors import ConfigError
from .event import OWN_FEEDS, is_feed_name
from .rules import Rule
from .workspace_faults import Fault, Source, faults_of, nearest, shown
from .workspace_location import (
    DEFAULT_DB,
    Table,
    environment,
    find_source,
    parse,
    settings_path,
    source_text,
)
from .workspace_models import (
    EDIT_LIMIT,
    PageTable,
    PaneTable,
    SessionTable,
    SettingsFile,
    UserTable,
    WorkspaceFile,
)
from .workspace_rules import Target, read_rules, read_targets

_Model = TypeVar("_Model", bound=pydantic.BaseModel)
_PATHS = ("db", "tls_cert", "tls_key")


@dataclass(frozen=True, slots=True)
class FeedConfig:
    """
    One configured feed.

    Args:
        name: Its name in the workspace.
        use: The feed plugin's name.
        options: What the plugin's options model is to validate; secrets still as ``${NAME}``.
        source: Where it is written.
        intake: What says how much of it is recorded, as written: ``limit`` and ``overflow``.

    """

    name: str
    use: str
    options: dict[str, Any] = field(default_factory=dict)
    source: Source = field(default=Source("workspace"), compare=False, repr=False)
    intake: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """
    What is wrong with one feed or pane; it stops that one, not the board.

    Args:
        feed: The feed's name, or ``page 1, pane 2``.
        message: What and where, in one line.
        hint: What to do, or an empty string.

    """

    feed: str
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Workspace:
    """
    A workspace, ready to be run.

    Args:
        identity: Its file's absolute path, or ``builtin:NAME``.
        name: The session's name.
        folder: Relative paths in feeds' options start here; absolute.
        db: The database, absolute.
        host: The address the hub listens on.
        port: The hub's port, 0 for any.
        port_given: Whether somebody asked for that port.
        read_only: Whether every link is a viewer's.
        approve: Whether newcomers wait until a host lets them in.
        tls_cert: A certificate chain file, or None.
        tls_key: Its key, or None.
        edit_limit: How fast a program may edit the shared document, ``200/s`` or ``off``.
        feeds: The feeds that can be tried, by name.
        board: The pages; a pane's view and the like are unset where the workspace left them to the plugin.
        label: The word to show at all times, such as ``DEMO``.
        rules: When to alert whom.
        targets: Where the hub sends alerts, by name.
        problems: What was wrong with single feeds, panes, rules and targets.
        user: What the person wants to be called, or an empty string.
        origins: Where each value that somebody set came from, by its dotted key.

    """

    identity: str
    name: str
    folder: Path
    db: Path
    host: str = "127.0.0.1"
    port: int = 8765
    port_given: bool = False
    read_only: bool = False
    approve: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    edit_limit: str = EDIT_LIMIT
    feeds: dict[str, FeedConfig] = field(default_factory=dict)
    board: Board = field(default_factory=lambda: Board(session=""))
    label: str = ""
    rules: tuple[Rule, ...] = ()
    targets: dict[str, Target] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    user: str = ""
    origins: dict[str, str] = field(default_factory=dict)


def load_workspace(
    target: str | Path | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Workspace:
    """
    Read a workspace with everything that bears on it.

    Args:
        target: As `collab_dash.workspace_location.locate` takes it.
        overrides: Keys of ``[session]`` given on the command line; None counts as not given.
        environ: The environment.

    Raises:
        ConfigError: If a file is not TOML, has unknown tables, or ``[session]`` cannot be used.

    """
    found, folder = find_source(target)
    text = source_text(found)
    variables = environment(environ)
    source = Source(str(found), text, _overlaid(variables))
    written = parse(text, source.name)
    _check_tables(written, WorkspaceFile, source)
    _check_tables(variables, (*WorkspaceFile.model_fields, "user"), Source("environment"))
    settings, settings_source = _settings(environ)
    given = {key: value for key, value in (overrides or {}).items() if value is not None}
    session, origins = _layered(
        _Layer(settings, settings_source, folder),
        _Layer(written, Source(str(found), text), folder),
        _Layer(variables, Source("environment"), Path.cwd()),
        _Layer({"session": given}, Source("command line"), Path.cwd()),
    )
    feeds, problems = _feeds(written, variables, source)
    board = Board(
        session=session.get("name") or folder.name or "collab-dash",
        label=session.get("label", ""),
        feeds=tuple(_tables(written, "feeds") | _tables(variables, "feeds")),
        pages=_pages(written, feeds, source, problems),
    )
    rules, targets = _alerting(written, variables, board.feeds, source, problems)
    user = _checked(UserTable, _tables(settings, "user"), settings_source, ("user",))
    user |= _checked(UserTable, _tables(variables, "user"), Source("environment"), ("user",))
    _check_tls(session)
    return Workspace(
        identity=str(found),
        name=board.session,
        folder=folder,
        db=session.get("db", folder / DEFAULT_DB),
        port_given="port" in session,
        **{key: session[key] for key in session if key not in ("name", "db")},
        feeds=feeds,
        board=board,
        rules=rules,
        targets=targets,
        problems=problems,
        user=user.get("name", ""),
        origins=origins | {".".join(map(str, path)): where for path, where in source.overlaid.items() if len(path) > 2},
    )


class _Layer(NamedTuple):
    """One place that ``[session]`` may be set in; relative paths in it start at `base`."""

    tables: Table
    source: Source
    base: Path


def _layered(*layers: _Layer) -> tuple[Table, dict[str, str]]:
    """Validate each layer's ``[session]``; the later ones win. Gives what is set, and where it was."""
    session: Table = {}
    origins: dict[str, str] = {}
    for tables, source, base in layers:
        table = _checked(SessionTable, _tables(tables, "session"), source, ("session",))
        for key, value in table.items():
            session[key] = base / Path(value).expanduser() if value and key in _PATHS else value
            origins[f"session.{key}"] = source.at(("session", key))
    return session, origins


def _overlaid(variables: Table) -> dict[tuple[str | int, ...], str]:
    """Give the feeds and targets, and their options, that the environment sets."""
    named = [(kind, name, table) for kind in ("feeds", "targets") for name, table in _tables(variables, kind).items()]
    keys = [(kind, name, key) for kind, name, table in named if isinstance(table, dict) for key in table]
    return dict.fromkeys(
        [*keys, *((kind, name) for kind, name, table in named if not isinstance(table, dict))], "environment"
    )


def _check_tls(session: Table) -> None:
    if bool(session.get("tls_cert")) != bool(session.get("tls_key")):
        raise ConfigError(
            "tls_cert and tls_key go together; only one is given",
            hint="give both --tls-cert and --tls-key, or neither",
        )


def _check_tables(tables: Table, known: type[pydantic.BaseModel] | tuple[str, ...], source: Source) -> None:
    names = known if isinstance(known, tuple) else tuple(known.model_fields)
    for name, value in tables.items():
        if name not in names:
            raise ConfigError(f"{source.at((name,))}: there is no [{name}] here", hint=nearest(name, names))
        if not isinstance(value, list if name in ("pages", "rules") else dict):
            raise ConfigError(f"{source.at((name,))}: {name} is not a table", hint=f"write {_heading(name)}")


def _heading(name: str) -> str:
    headings = {"pages": "[[pages]]", "rules": "[[rules]]", "feeds": "[feeds.NAME]", "targets": "[targets.NAME]"}
    return headings.get(name, f"[{name}]")


def _tables(tables: Table, name: str) -> Table:
    found = tables.get(name, {})
    return found if isinstance(found, dict) else {}


def _settings(environ: Mapping[str, str]) -> tuple[Table, Source]:
    path = settings_path(environ)
    text = source_text(path) if path.is_file() else ""
    source = Source(str(path), text)
    tables = parse(text, source.name)
    _check_tables(tables, SettingsFile, source)
    return tables, source


def _checked(model: type[_Model], table: Table, source: Source, path: tuple[str | int, ...]) -> Table:
    try:
        return model.model_validate(table).model_dump(exclude_unset=True)
    except pydantic.ValidationError as error:
        (_, fault), *_ = faults_of(error, model, source=source, path=path)
        raise ConfigError(fault.message, hint=fault.hint) from None


def _feeds(written: Table, variables: Table, source: Source) -> tuple[dict[str, FeedConfig], list[Problem]]:
    feeds: dict[str, FeedConfig] = {}
    problems: list[Problem] = []
    added = _tables(variables, "feeds")
    for name, table in (_tables(written, "feeds") | added).items():
        merged = {**_tables(_tables(written, "feeds"), name), **_tables(added, name)}
        fault = _feed_fault(name, table, merged, source)
        if fault:
            problems.append(Problem(name, *fault))
        else:
            use = merged.pop("use")
            intake: Table = {key: merged.pop(key) for key in ("limit", "overflow") if key in merged}
            feeds[name] = FeedConfig(name, use, merged, source, intake)
    return feeds, problems


def _feed_fault(name: str, table: Any, merged: Table, source: Source) -> Fault | None:
    where = source.at(("feeds", name))
    if not is_feed_name(name):
        return Fault(
            f"{where}: a feed cannot be called {name!r}",
            "lower-case letters, digits and _ . - make a name; hub and alerts are taken",
        )
    if not isinstance(table, dict):
        return Fault(f"{where}: feeds.{name} is not a table", f"write [feeds.{name}]")
    if not isinstance(merged.get("use"), str) or not merged["use"]:
        return Fault(
            f"{where}: [feeds.{name}] does not say which plugin to use",
            'add use = "…"; collab-dash feeds list names the plugins',
        )
    return None


def _alerting(
    written: Table, variables: Table, feeds: tuple[str, ...], source: Source, problems: list[Problem]
) -> tuple[tuple[Rule, ...], dict[str, Target]]:
    tables, added = _tables(written, "targets"), _tables(variables, "targets")
    merged = {name: _merged(tables.get(name), added.get(name)) for name in tables | added}
    targets, wrong = read_targets(merged, source)
    rules, faults = read_rules(written.get("rules", []), targets=merged, feeds=feeds, source=source)
    problems.extend(Problem(table, *fault) for table, fault in (*wrong, *faults))
    return rules, targets


def _merged(table: Any, over: Any) -> Any:
    return {**table, **over} if isinstance(table, dict) and isinstance(over, dict) else over or table


def _pages(written: Table, feeds: dict[str, FeedConfig], source: Source, problems: list[Problem]) -> tuple[Page, ...]:
    names = tuple(_tables(written, "feeds") | feeds)
    if not written.get("pages"):
        panes = tuple(Pane(feeds=(name,), width=12 if len(names) == 1 else 6) for name in names)
        return (Page(title="Overview", panes=panes or (Pane(view="feeds", width=12),)),)
    return tuple(_page(table, number, names, source, problems) for number, table in enumerate(written["pages"]))


class WrittenPage(NamedTuple):
    """
    A page as it stands in a file.

    Args:
        title: Its title, or what it is called without one.
        panes: A pane for each table there; None for one that cannot be shown.

    """

    title: str
    panes: tuple[Pane | None, ...]


def read_pages(text: str) -> list[WrittenPage]:
    """Give the pages that a workspace file has, each pane in its place; `text` is valid TOML."""
    tables = tomllib.loads(text).get("pages", [])
    return [_written_page(table, number, (), Source(""), []) for number, table in enumerate(tables)]


def _page(table: Any, number: int, names: tuple[str, ...], source: Source, problems: list[Problem]) -> Page:
    page = _written_page(table, number, names, source, problems)
    return Page(title=page.title, panes=tuple(pane for pane in page.panes if pane is not None))


def _written_page(
    table: Any, number: int, names: tuple[str, ...], source: Source, problems: list[Problem]
) -> WrittenPage:
    path = ("pages", number)
    kept = _salvaged(PageTable, {**table, "panes": []} if isinstance(table, dict) else table, source, path, problems)
    tables = table.get("panes", []) if isinstance(table, dict) else []
    panes = [
        _pane(pane_table, (*path, "panes", place), names, source, problems)
        for place, pane_table in enumerate(tables if isinstance(tables, list) else [tables])
    ]
    return WrittenPage((kept.title if kept else "") or f"Page {number + 1}", tuple(panes))


def _pane(
    table: Any, path: tuple[str | int, ...], names: tuple[str, ...], source: Source, problems: list[Problem]
) -> Pane | None:
    kept = _salvaged(PaneTable, table, source, path, problems)
    if kept is None:
        return None
    pane = kept.as_pane()
    if not pane.feeds and pane.view not in FEEDLESS:
        hint = 'add feed = "…"' + (f"; the workspace has {', '.join(names)}" if names else "")
        problems.append(Problem(shown(path), f"{source.at(path)}: {shown(path)} names no feed", hint))
        return None
    for name in pane.feeds:
        if name not in (*names, *OWN_FEEDS) and not any(problem.feed == name for problem in problems):
            where = source.at((*path, "feed" if len(pane.feeds) == 1 else "feeds"))
            problems.append(
                Problem(name, f"{where}: {shown(path)} shows {name!r}, which is no feed", nearest(name, names))
            )
    return pane


def _salvaged(
    model: type[_Model], table: Any, source: Source, path: tuple[str | int, ...], problems: list[Problem]
) -> _Model | None:
    """Validate a table, leave out what is wrong in it, and note that as problems; None if nothing can be kept."""
    try:
        return model.model_validate(table)
    except pydantic.ValidationError as error:
        faults = faults_of(error, model, source=source, path=path)
    problems.extend(Problem(shown(path), *fault) for _, fault in faults)
    wrong = {key for key, _ in faults}
    if "" in wrong:
        return None
    kept = {key: value for key, value in table.items() if key not in wrong}
    return _salvaged(model, kept, source, path, problems)  # which tells what was not looked at yet
