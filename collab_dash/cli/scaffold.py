"""A package with one feed plugin, written for its author to start from."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import NamedTuple

from .. import __version__
from ..errors import ConfigError, PluginError
from ..event import is_feed_name
from ..plugins import available

_TEMPLATES = Path(__file__).parent / "scaffold_files"
_LONGEST = 64


class Names(NamedTuple):
    """
    What a plugin's name becomes where other rules hold.

    Args:
        name: The plugin's, for ``use``.
        package: The distribution's, and its folder's.
        module: What is imported.
        prefix: What class names begin with.
        version: Of collab-dash, the oldest that the package works with.

    """

    name: str
    package: str
    module: str
    prefix: str
    version: str


def check_name(name: str) -> str:
    """
    Let a name for a new plugin pass.

    Raises:
        ValueError: If no feed can be called that.
        PluginError: If there is such a plugin already.

    """
    if not is_feed_name(name) or len(name) > _LONGEST:
        near = re.sub(r"[^a-z0-9_.-]+", "-", name.lower()).strip("_.-")[:_LONGEST]
        perhaps = f"; perhaps {near}" if is_feed_name(near) else ""
        raise ValueError(f"{name!r} is no name for a feed: it takes lower-case letters, digits, _ . -{perhaps}")
    known = available().get(name)
    if known is not None:
        raise PluginError(f"there is a feed plugin {name!r} already, in {known.where}", hint="choose another name")
    return name


def derive(name: str) -> Names:
    """Give the names that follow from a plugin's."""
    words = [word for word in re.split(r"[-_.]+", name) if word]
    prefix = "".join(word.capitalize() for word in words)
    return Names(
        name=name,
        package="-".join(["collab-dash", *words]),
        module="_".join(["collab_dash", *words]),
        prefix=prefix if prefix[0].isalpha() else f"The{prefix}",
        version=__version__,
    )


def write(names: Names, folder: Path) -> list[Path]:
    """
    Write the package into a folder of its own, and give the files.

    Args:
        names: Whose.
        folder: Where the package's folder is made.

    Raises:
        ConfigError: If that is there and is not empty, or cannot be written.

    """
    home = folder.absolute() / names.package
    files = {
        "pyproject.toml": "pyproject.toml",
        "README.md": "README.md",
        ".gitignore": "gitignore",
        f"src/{names.module}/__init__.py": "feed.py",
        f"src/{names.module}/py.typed": "py.typed",
        f"tests/test_{names.module}.py": "test_feed.py",
        "tests/samples.json": "samples.json",
    }
    try:
        if home.exists() and (not home.is_dir() or any(home.iterdir())):
            raise ConfigError(f"{home} is there already, and not empty", hint="choose another --in, or another name")
        for path, template in files.items():
            file = home / path
            file.parent.mkdir(parents=True, exist_ok=True)
            text = Template((_TEMPLATES / f"{template}.tmpl").read_text(encoding="utf-8"))
            file.write_text(text.substitute(names._asdict()), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {error.filename or home}: {error.strerror}") from None
    return [home / path for path in files]
