"""
Which drop-in plugins may run: the SHA-256 of each trusted file's content, kept in the user's data folder.

A file that changed since is not trusted any more.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path

import msgspec
import platformdirs

from .errors import PluginError

DATA_DIR_VARIABLE = "COLLAB_DASH_DATA_DIR"


def store_path() -> Path:
    """Give the file that remembers what is trusted; ``COLLAB_DASH_DATA_DIR`` moves it."""
    folder = os.environ.get(DATA_DIR_VARIABLE) or platformdirs.user_data_dir("collab-dash", appauthor=False)
    return Path(folder) / "trusted.json"


def trust(path: Path) -> None:
    """
    Let the file at `path` run as long as its content stays what it is now.

    Raises:
        PluginError: If it cannot be read, or the decision cannot be kept.

    """
    digests = _load()
    digests[_name(path)] = _digest(_read(path))
    try:
        _save(digests)
    except OSError as error:
        raise PluginError(
            f"cannot write {store_path()}: {error.strerror or error}",
            hint=f"make its folder writable, or set {DATA_DIR_VARIABLE}",
        ) from error


def is_trusted(path: Path) -> bool:
    """Tell whether the present content of the file at `path` is trusted."""
    try:
        read_trusted(path)
    except PluginError:
        return False
    return True


def read_trusted(path: Path) -> bytes:
    """
    Read a file and give its content if that is trusted; what is given is what was checked.

    Raises:
        PluginError: If it is not trusted, changed since it was, or cannot be read.

    """
    content = _read(path)
    known = _load().get(_name(path))
    if known != _digest(content):
        what = "is not trusted yet" if known is None else "changed since it was trusted"
        raise PluginError(f"feed plugin {path} {what}", hint=f"read it, then run: collab-dash feeds trust {path.stem}")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PluginError(f"cannot read feed plugin {path}: {error.strerror or error}") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _name(path: Path) -> str:
    return str(path.resolve())


def _load() -> dict[str, str]:
    """Read the store; one that is missing or damaged trusts nothing."""
    try:
        return msgspec.json.decode(store_path().read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError, UnicodeError):
        return {}


def _save(digests: dict[str, str]) -> None:
    target = store_path()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=target.name)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(digests)))
        Path(temporary).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
