"""Find the way from a place in a rotated log to the present."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from ._following import HEAD_BYTES, OpenFile, Place

_LOOKS = 8
_ROTATED = re.compile(r"[.-]\d[\dT:_.-]*")  # a count, or a date
_DATE_DIGITS = 6


class Step(NamedTuple):
    """
    What to read next.

    Args:
        path: Where the file was found; it may have moved on since.
        begin: Where in it to start, or None for its start.
        identity: Its device and inode, or None if any file there will do.

    """

    path: Path
    begin: Place | None = None
    identity: tuple[int, int] | None = None

    def open(self) -> OpenFile:
        """
        Open the file.

        Raises:
            FileNotFoundError: If another one, or none, is there by now.

        """
        file = OpenFile(self.path, self.begin)
        if self.identity not in (None, file.identity):
            file.close()
            raise FileNotFoundError(self.path)
        return file


def next_step(path: Path, place: Place | None) -> Step:
    """
    Find what to read next to get from `place` to the present.

    What was rotated away, or copied away before a truncation, comes first, as far as it can be found beside
    `path`: the file that `place` is in, then each newer one. The last one is always `path` itself, from its start
    unless `place` is in it.

    Args:
        path: The file that is followed.
        place: The last place in what is or used to be at `path`, or None to start with `path`.

    Raises:
        FileNotFoundError: If there is nothing at `path` just now, or files move while they are looked at.

    """
    if place is None:
        return Step(path)
    beside = _beside(path)
    here = beside.pop(path)
    same = (place.device, place.inode)
    ours = next((other for other in beside.values() if other.identity == same and other.holds(place)), None)
    # A whole fingerprint outlives a move to another disk; a device's number may not outlive a reboot.
    alike = here.identity == same or (ours is None and place.head == HEAD_BYTES)
    if alike and here.holds(place):
        return here.step(place)
    if ours is None and place.head:
        ours = next((other for other in beside.values() if other.holds(place)), None)
    if ours is None:
        return here.step(None)
    if ours.size > place.offset:
        return ours.step(place)
    newer = [other for other in beside.values() if _is_rotated(path, other.path) and other.age > ours.age]
    return min(newer, key=lambda other: other.age, default=here).step(None)


class _Found(NamedTuple):
    """
    A file at one moment.

    Args:
        path: Where it was then.
        identity: Its device and inode.
        size: In bytes.
        age: Grows with the time it was written last.

    """

    path: Path
    identity: tuple[int, int]
    size: int
    age: tuple[int, int]

    def step(self, begin: Place | None) -> Step:
        return Step(self.path, begin, self.identity)

    def holds(self, place: Place) -> bool:
        """Tell whether the file begins as the one of `place` did and reaches as far."""
        if self.size < place.offset:
            return False
        try:
            with closing(self.step(None).open()) as file:
                return file.begins_like(place)
        except FileNotFoundError:
            raise
        except OSError:
            return False


def _beside(path: Path) -> dict[Path, _Found]:
    """Look at `path` and the files whose names begin with its name, all at one moment."""
    found = _look(path)
    for _ in range(_LOOKS):  # a rotation in the midst of a look may hide a file from it
        before, found = found, _look(path)
        if _names(found) == _names(before):
            break
    return found


def _names(found: dict[Path, _Found]) -> dict[Path, tuple[int, int]]:
    return {path: file.identity for path, file in found.items()}


def _look(path: Path) -> dict[Path, _Found]:
    found = {}
    for other in (path, *path.parent.iterdir()):
        if not other.name.startswith(path.name):
            continue
        try:
            stat = other.stat()
        except OSError:
            if other == path:
                raise
            continue
        if other != path and not S_ISREG(stat.st_mode):
            continue
        # Clocks of file systems are coarse: of files written last at the same moment the names tell the order.
        age = (stat.st_mtime_ns, _order(path, other))
        found[other] = _Found(other, (stat.st_dev, stat.st_ino), stat.st_size, age)
    return found


def _is_rotated(path: Path, other: Path) -> bool:
    """Tell whether a name has a count or a date behind that of `path`; those of backups and locks have not."""
    return _ROTATED.fullmatch(other.name, len(path.name)) is not None


def _order(path: Path, other: Path) -> int:
    """Give a number that grows with the time of rotation."""
    if not _is_rotated(path, other):
        return 0
    digits = re.sub(r"\D", "", other.name[len(path.name) :])
    return int(digits) if len(digits) >= _DATE_DIGITS else -int(digits)
