"""
How the hub of a workspace is found on its machine: a private file in the user's runtime directory.

Only the standard library and msgspec: the board reads it before its first paint.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import msgspec

from .errors import HubError
from .wire import PROTOCOL


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a hub says of itself.

    Args:
        url: Its address, ``http(s)://host:port``.
        host: The token of its own machine's screens.
        editor: The token of editors, or an empty string where nobody may edit.
        viewer: The token of viewers.
        pid: Its process.
        db: The database, absolute.
        workspace: Which workspace it runs: a file's absolute path, or ``builtin:NAME``.
        epoch: Which log.
        protocol: The peer protocol's version.
        version: The program's version.
        approve: Whether newcomers wait until a host lets them in.
        certificate: The file of the certificate it shows, for https; empty for none.

    """

    url: str
    host: str
    editor: str
    viewer: str
    pid: int
    db: str
    workspace: str
    epoch: str
    protocol: int = PROTOCOL
    version: str = ""
    approve: bool = False
    certificate: str = ""


def runtime_dir() -> Path:
    """Give the folder of announcements: ``COLLAB_DASH_RUNTIME_DIR``, or a private one of the user's."""
    chosen = os.environ.get("COLLAB_DASH_RUNTIME_DIR")
    if chosen:
        return Path(chosen)
    for runtime in (os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}"):
        if runtime and Path(runtime).is_dir() and os.access(runtime, os.W_OK):
            return Path(runtime) / "collab-dash"
    return state_dir() / "run"


def state_dir() -> Path:
    """Give the folder of what outlives a hub: ``COLLAB_DASH_STATE_DIR``, or the user's own."""
    chosen = os.environ.get("COLLAB_DASH_STATE_DIR")
    if chosen:
        return Path(chosen)
    from platformdirs import user_state_path

    return user_state_path("collab-dash")


def name_of(db: Path) -> str:
    """Give the name under which things about this database are kept."""
    from hashlib import sha256  # a board opens without it

    return sha256(str(db.resolve()).encode()).hexdigest()[:20]


def path_of(db: Path) -> Path:
    """Give the file in which the hub of this database announces itself."""
    return runtime_dir() / f"{name_of(db)}.json"


def hub_log(db: Path) -> Path:
    """Give the file to which a hub of this database narrates, where a screen started it."""
    return state_dir() / f"{name_of(db)}.log"


def write_private(path: Path, content: bytes, *, replace: bool = True) -> None:
    """
    Write a file that only its owner can read, whole or not at all.

    Args:
        path: Where.
        content: What.
        replace: Whether it takes the place of one that is there already.

    Raises:
        HubError: If it cannot be written.

    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        if replace:
            fresh.replace(path)
        else:
            with suppress(FileExistsError):
                path.hardlink_to(fresh)
            fresh.unlink()
    except OSError as error:
        raise HubError(
            f"cannot write {path}: {error.strerror or error}",
            hint="make its folder writable, or set COLLAB_DASH_RUNTIME_DIR and COLLAB_DASH_STATE_DIR to others",
        ) from error


def announce(announcement: Announcement) -> Path:
    """Write the file; the hub removes it when it ends."""
    path = path_of(Path(announcement.db))
    write_private(path, msgspec.json.encode(announcement))
    return path


def announced(db: Path) -> Announcement | None:
    """
    Read what the hub of `db` said of itself.

    A file that is not ours alone, cannot be read, or names a process that is gone counts as none. That the process
    is there does not prove that it is the hub: the caller connects to find out.
    """
    announcement = left_behind(db)
    if announcement is not None:
        try:
            os.kill(announcement.pid, 0)
        except OSError:
            return None
    return announcement


def left_behind(db: Path) -> Announcement | None:
    """Read what a hub of `db` said of itself that runs, or that did not end in order."""
    path = path_of(db)
    try:
        found = path.stat()
        if found.st_uid != os.getuid() or found.st_mode & 0o077:
            return None
        return msgspec.json.decode(path.read_bytes(), type=Announcement)
    except (OSError, msgspec.MsgspecError):
        return None


def certificate_of(url: str) -> str:
    """Give the file of the certificate that a hub of this machine's said it shows at `url`; empty if none did."""
    for path in runtime_dir().glob("*.json"):
        with suppress(OSError, msgspec.MsgspecError):
            announcement = msgspec.json.decode(path.read_bytes(), type=Announcement)
            if announcement.url == url:
                return announcement.certificate
    return ""
