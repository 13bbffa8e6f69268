"""One hub per log file: an advisory lock beside the database decides."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import HubError


class HubRuns(HubError):
    """Another hub holds this database."""


@contextmanager
def locked(db: Path) -> Iterator[None]:
    """
    Hold the lock of a database; the system frees it if this process dies, however it dies.

    Raises:
        HubRuns: If another hub holds it.
        HubError: If the folder cannot be written.

    """
    path = db.with_name(db.name + ".lock")
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HubError(
            f"cannot write beside the database {db}: {error.strerror}",
            hint="choose another place with --db, or make the folder writable",
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HubRuns(
                f"another hub already records to {db}", hint="join it, or end it with: collab-dash stop"
            ) from None
        yield
    finally:
        os.close(handle)
