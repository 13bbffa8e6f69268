"""What a TARGET means: a session's link, a workspace, or a database file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..peer.address import is_link
from ..workspace_location import Location, locate

if TYPE_CHECKING:
    from ..announcement import Announcement

_MAGIC = b"SQLite format 3\x00"


def target_of(text: str) -> str | Location | Path:
    """
    Tell what is meant.

    Returns:
        A link as it is, a database file's path, or the location of a workspace.

    Raises:
        ConfigError: If it is none of these.

    """
    if is_link(text):
        return text
    path = Path(text).expanduser()
    if path.is_file() and (_is_database(path) or path.suffix in (".db", ".sqlite", ".sqlite3")):
        return path.absolute()
    return locate(text)


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


async def link_of(target: str | Location) -> str:
    """
    Give the link to a session: itself, or that of the hub that records to the workspace's database.

    Where none does, the workspace's own is started.

    Raises:
        HubError: If no hub could be found or started.

    """
    if isinstance(target, str):
        return target
    announcement = await hub_of(target.db)
    if announcement is not None:
        return f"{announcement.url}/#{announcement.host}"
    from ..peer.launch import find_or_start

    found = await find_or_start(target)
    if found.started:
        click.echo(f"collab-dash: started the hub of {target.identity}", err=True)
    return found.link()


async def hub_of(db: Path) -> Announcement | None:
    """Give the hub that records to a database, whichever workspace it runs; None if none answers."""
    from ..announcement import announced
    from ..peer.launch import find

    announcement = announced(db)
    if announcement is None:
        return None
    return await find(Location(db=db, folder=db.parent, identity=announcement.workspace))
