"""A hub as a process that outlives the screen that started it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from ..announcement import hub_log
from ..errors import HubError
from ..workspace_location import Location

LINGER = 5.0

_started: list[subprocess.Popen[bytes]] = []  # a hub outlives us; dropping the handle would warn that it does


class LastWords(NamedTuple):
    """
    Why a hub did not start, in its own words.

    Args:
        what: What is wrong.
        hint: What to do, if it said so.

    """

    what: str
    hint: str = ""


def spawn(location: Location, stdin: int | None, *, approve: bool) -> subprocess.Popen[bytes]:
    """
    Start a hub that ends soon after its last peer has left; it announces itself once peers can join.

    It is a process of its own, in a session of its own: it outlives this screen, no key pressed here reaches it, and no
    pipe leads here, which would break under it when we end. It narrates to its log.

    Args:
        location: The workspace.
        stdin: A file descriptor to hand to it as its standard input, None for none.
        approve: Whether newcomers shall wait until a host lets them in.

    Raises:
        HubError: If there is no place for its log, or the system starts no process there.

    """
    log = hub_log(location.db)
    try:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        narration = log.open("wb")
    except OSError as error:
        raise HubError(
            f"cannot write {log}: {error.strerror}",
            hint="make its folder writable, or set COLLAB_DASH_STATE_DIR to another",
        ) from None
    with narration:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own program
                _command(location, approve=approve),
                cwd=location.folder,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=subprocess.DEVNULL,
                stderr=narration,
                start_new_session=True,
            )
        except OSError as error:
            raise HubError(
                f"cannot start a hub in {location.folder}: {error.strerror}",
                hint="check that the folder is there, and that more processes may run",
            ) from None
    _started.append(process)
    return process


def reap() -> None:
    """Let go of the hubs started here that have ended: until then the system counts them as running."""
    for process in tuple(_started):
        if process.poll() is not None:
            _started.remove(process)


def last_words(log: Path) -> LastWords:
    """Give what a hub that did not start wrote last: a line that says what, and perhaps one on what to do."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    for index in reversed(range(len(lines))):
        if lines[index].startswith("collab-dash: "):
            hint = lines[index + 1].strip() if lines[index + 1 :] else ""
            return LastWords(lines[index].removeprefix("collab-dash: "), hint)
    return LastWords(lines[-1] if lines else "the hub did not start and did not say why")


def _command(location: Location, *, approve: bool) -> list[str]:
    command = [sys.executable, "-m", "collab_dash", "serve", location.identity, "--db", str(location.db)]
    return [*command, "--linger", f"{LINGER:g}", "--any-port", *(["--approve"] if approve else [])]
