"""
Feed plugins: find their names (importing nothing), load one.

A plugin is an entry point of the group ``collab_dash.feeds``, or a drop-in: a ``.py`` file in the ``feeds``
folder of a workspace, which runs only once somebody has trusted its present content.
"""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import CodeType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from .errors import PluginError
from .trusted import is_trusted, read_trusted, trust

if TYPE_CHECKING:
    from .feed import Feed

__all__ = ["PluginSource", "available", "how_to_install", "is_trusted", "load", "trust", "untrusted"]

GROUP = "collab_dash.feeds"
FOLDER = "feeds"


class PluginSource(NamedTuple):
    """
    Where a plugin's name was found.

    Args:
        name: What ``use =`` names.
        origin: ``package`` or ``drop-in``.
        where: The package with its version, or the file.
        entry: The entry point of a package's plugin.
        path: A drop-in's file.
        clash: Where else the same name was found; such a plugin cannot be loaded.

    """

    name: str
    origin: str
    where: str
    entry: EntryPoint | None = None
    path: Path | None = None
    clash: str = ""


def available(folder: Path | None = None) -> dict[str, PluginSource]:
    """
    Find all plugins by name, importing none.

    Args:
        folder: The workspace's folder, for its drop-ins.

    """
    found: dict[str, PluginSource] = {}
    for source in [*_packaged(), *_dropped_in(folder)]:
        known = found.get(source.name)
        if known is None:
            found[source.name] = source
        elif known.entry is None or source.entry is None or known.entry != source.entry:
            found[source.name] = known._replace(clash=source.where)
    return dict(sorted(found.items()))


def load(name: str, folder: Path | None = None) -> type[Feed[Any]]:
    """
    Import one plugin.

    Args:
        name: What ``use =`` names.
        folder: The workspace's folder, for its drop-ins.

    Raises:
        PluginError: If there is no such plugin, two have this name, it is not trusted, it fails on import, or
            what it names is no feed.

    """
    sources = available(folder)
    source = sources.get(name)
    if source is None:
        raise _not_found(name, list(sources))
    if source.clash:
        raise PluginError(
            f"two feed plugins are called {name!r}: {source.where} and {source.clash}",
            hint="rename the file, or uninstall one of the packages",
        )
    if source.path is not None:
        return _load_dropped_in(source, source.path)
    assert source.entry is not None  # noqa: S101 - for the type checker: it came from one or the other
    return _load_packaged(source, source.entry)


def how_to_install(packages: Sequence[str]) -> str:
    """Say what to type so that `packages`, as `Feed.missing` gives them, are there."""
    return "pip install " + " ".join(f"'{package}'" for package in packages) + ", where collab-dash is installed"


def untrusted(folder: Path) -> list[Path]:
    """Give the drop-ins of the workspace at `folder` that may not run: new ones, and those changed since."""
    return [source.path for source in _dropped_in(folder) if source.path and not is_trusted(source.path)]


def _packaged() -> Iterator[PluginSource]:
    for entry in entry_points(group=GROUP):
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.module
        yield PluginSource(entry.name, "package", package, entry=entry)


def _dropped_in(folder: Path | None) -> Iterator[PluginSource]:
    if folder is None:
        return
    for path in sorted((folder / FOLDER).glob("*.py")):
        if path.is_file() and not path.stem.startswith(("_", ".")):
            yield PluginSource(path.stem, "drop-in", str(path), path=path.absolute())


def _not_found(name: str, known: list[str]) -> PluginError:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    else:
        hint = "install a package that provides it, or see: collab-dash feeds list"
    return PluginError(f"there is no feed plugin {name!r}", hint=hint)


def _load_packaged(source: PluginSource, entry: EntryPoint) -> type[Feed[Any]]:
    try:
        plugin = entry.load()
    except (Exception, SystemExit) as error:
        raise _import_failed(source, error) from error
    if not _is_feed(plugin):
        raise _not_a_feed(source, f"{entry.value} is not a subclass of collab_dash.Feed")
    return plugin


def _load_dropped_in(source: PluginSource, path: Path) -> type[Feed[Any]]:
    content = read_trusted(path)  # the very bytes that are executed
    module = ModuleType(f"collab_dash_dropins.{source.name}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # pydantic looks annotations up there
    try:
        _execute(compile(content, str(path), "exec", dont_inherit=True), module)
    except (Exception, SystemExit) as error:
        del sys.modules[module.__name__]
        raise _import_failed(source, error) from error
    feeds = [
        value
        for name, value in vars(module).items()
        if not name.startswith("_") and _is_feed(value) and value.__module__ == module.__name__
    ]
    if len(feeds) != 1:
        raise _not_a_feed(source, f"expected one public subclass of collab_dash.Feed, found {len(feeds)}")
    return feeds[0]


def _execute(code: CodeType, module: ModuleType) -> None:
    exec(code, vars(module))  # noqa: S102 - a drop-in that was trusted


def _is_feed(value: object) -> TypeGuard[type[Feed[Any]]]:
    from .feed import Feed

    return inspect.isclass(value) and issubclass(value, Feed) and value is not Feed


def _not_a_feed(source: PluginSource, reason: str) -> PluginError:
    return PluginError(
        f"feed plugin {source.name!r} ({source.where}) is no feed: {reason}",
        hint="a plugin is a subclass of collab_dash.Feed; its documentation shows one",
    )


def _import_failed(source: PluginSource, error: BaseException) -> PluginError:
    reason = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    place = _place(error, source.path)
    return PluginError(
        f"feed plugin {source.name!r} fails on import: {type(error).__name__}: {reason} ({place})",
        hint=f"mend or update {source.where}",
    )


def _place(error: BaseException, path: Path | None) -> str:
    """Name the file and line where an import failed: the last in the drop-in, else the last of all."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    frames = list(_frames(error.__traceback__))
    own = [frame for frame in frames if path is not None and frame[0] == str(path)]
    real = [frame for frame in frames if not frame[0].startswith("<")]
    file, line = (own or real or frames)[-1]
    return f"{file}:{line}"


def _frames(traceback: TracebackType | None) -> Iterator[tuple[str, int]]:
    while traceback is not None:
        yield traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        traceback = traceback.tb_next
