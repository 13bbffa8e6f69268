"""One growing file: a place in it, and reading on from there."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

import msgspec

HEAD_BYTES = 256
_CHUNK = 1 << 16


class Place(msgspec.Struct, frozen=True):
    """
    Where in which file: a cursor.

    Args:
        device: The file's device.
        inode: Its inode on that device.
        offset: Bytes read, up to the end of a line.
        head: How many of the file's first bytes `mark` was made of.
        mark: A fingerprint of those bytes: an inode may be used again, a rotated copy has another.

    """

    device: int
    inode: int
    offset: int
    head: int = 0
    mark: str = ""

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


def read_place(cursor: str | None) -> Place | None:
    """Read a cursor; None for none and for one that is not ours."""
    try:
        return msgspec.json.decode(cursor, type=Place) if cursor else None
    except msgspec.DecodeError:
        return None


def _fingerprint(head: bytes) -> str:
    return blake2b(head, digest_size=8).hexdigest()


class OpenFile:
    """
    One file, open, read from a place on.

    Args:
        path: Where it was found.
        place: Where to start, or None for the start of the file.

    """

    def __init__(self, path: Path, place: Place | None = None) -> None:
        self._file: BinaryIO = path.open("rb", buffering=0)
        stat = os.fstat(self._file.fileno())
        self.identity = (stat.st_dev, stat.st_ino)
        self._head = b""
        self._mark = _fingerprint(b"")
        self._position = self.offset = place.offset if place else 0
        self._grow_head()

    def close(self) -> None:
        """Close it."""
        self._file.close()

    @property
    def place(self) -> Place:
        """Where reading would go on: after the lines counted by `advance`."""
        return Place(*self.identity, self.offset, len(self._head), self._mark)

    def advance(self, size: int) -> None:
        """Count a line of `size` bytes as done."""
        self.offset += size

    def read(self) -> bytes:
        """Read on, at most 64 KiB; empty at the end of what is there."""
        chunk = os.pread(self._file.fileno(), _CHUNK, self._position)
        self._position += len(chunk)
        if chunk and len(self._head) < HEAD_BYTES:
            self._grow_head()
        return chunk

    def replaced(self) -> bool:
        """Tell whether the file lost or changed what was already read of it, as by truncation."""
        size = os.fstat(self._file.fileno()).st_size
        return size < self._position or os.pread(self._file.fileno(), len(self._head), 0) != self._head

    def begins_like(self, place: Place) -> bool:
        """Tell whether the file begins as the one of `place` did."""
        return not place.head or _fingerprint(os.pread(self._file.fileno(), place.head, 0)) == place.mark

    def skip_to_last_line(self) -> None:
        """Go to the start of the last line, or to the end if that line is complete."""
        size = os.fstat(self._file.fileno()).st_size
        start = max(size - _CHUNK, 0)
        tail = os.pread(self._file.fileno(), size - start, start)
        self._position = self.offset = start + tail.rfind(b"\n") + 1 if b"\n" in tail else (start and size)
        self._grow_head()

    def _grow_head(self) -> None:
        self._head = os.pread(self._file.fileno(), min(HEAD_BYTES, self._position), 0)
        self._mark = _fingerprint(self._head)
