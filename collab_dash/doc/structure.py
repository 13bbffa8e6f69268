"""
What an update is made of, told before the library reads it.

The library's stack overflows on what is nested too deeply, and the process ends. What stands in a root's list changes
no entry, and a shared text where JSON belongs looks like JSON. Nothing may pass that the library reads otherwise than
it is read here.
"""

from __future__ import annotations

from ..errors import BadFrame
from .sync import Reader

DEEPEST = 1000
LONGEST = 64  # bytes of a name that a refusal tells
_ARRAY, _OBJECT = 117, 118
_BLOCKS = (116, 119)  # bytes, a string
_SIZES = {120: 0, 121: 0, 122: 8, 123: 8, 124: 4, 126: 0, 127: 0}
_INTEGER = 125
_GC, _DELETED, _BINARY, _TYPE, _ANY, _SKIP = 0, 1, 3, 7, 8, 10
_OF_TEXTS = (4, 5, 6)
_MAP = 1
_MOST = 1 << 32


class BadStructure(Exception):
    """
    An update has in it what none of this document has, or is no update.

    Attributes:
        path: The root and the key where that is, as far as the update says.

    """

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.path = path


def check_structure(update: bytes) -> None:
    """
    Check that an update's edits are maps and JSON under keys, of no more than `DEEPEST` levels.

    Raises:
        BadStructure: If they are not.

    """
    _walked(update)


def apart(update: bytes) -> list[bytes]:
    """
    Give an update's parts: what each client wrote, and what was deleted of each one's, by whomever.

    Raises:
        BadStructure: If `check_structure` would.

    """
    walk = _walked(update)
    edits = [b"\x01" + update[start:end] + b"\x00" for start, end in walk.clients]
    return edits + [b"\x00\x01" + update[start:end] for start, end in walk.deletions]


def _walked(update: bytes) -> _Walk:
    walk = _Walk(update)
    try:
        walk.all()
    except BadFrame as error:
        raise BadStructure(f"not an update of a shared document: {error}") from None
    return walk


class _Walk(Reader):
    """
    Goes over an update of the first encoding, see Yjs's encoding.js.

    Attributes:
        clients: Where each client's edits begin and end.
        deletions: Where what was deleted of each client's begins and ends.

    """

    def all(self) -> None:
        self.clients: list[tuple[int, int]] = []
        self.deletions: list[tuple[int, int]] = []
        self._structs()
        for _ in range(self.number()):
            start = self._at
            self._client()
            for _ in range(self.number()):
                self.number()
                self.number()
            self.deletions.append((start, self._at))

    def _structs(self) -> None:
        for _ in range(self.number()):
            start = self._at
            count = self.number()
            self._id()
            for _ in range(count):
                self._struct(self._byte())
            self.clients.append((start, self._at))

    def _struct(self, info: int) -> None:
        if info in (_GC, _SKIP):
            self.number()
            return
        kind, path = info & 0x1F, self._place(info)
        if kind == _ANY:
            self._values()
        elif kind == _TYPE:
            if self._byte() != _MAP:
                raise BadStructure("expected JSON or a shared map, found a shared type of another kind", *path)
        elif kind == _DELETED:
            self.number()
        elif kind == _BINARY:
            self.block()
        elif kind in _OF_TEXTS:
            raise BadStructure("expected JSON or a shared map, found a piece of a text", *path)
        else:
            raise BadStructure(f"content of kind {kind} is not known here", *path)  # 2: what old programs had for JSON

    def _place(self, info: int) -> tuple[str, ...]:
        """Go over where an edit stands; what follows another one under its key says no more than that."""
        if info & 0xC0:
            for side in (0x80, 0x40):
                if info & side:
                    self._id()
            return ()
        path = [self._text()] if self.number() == 1 else self._id()
        if not info & 0x20:
            raise BadStructure("expected a key of a map, found an item of a list", *path)
        return (*path, self._text())

    def _values(self) -> None:
        """Go over JSON values; `open_` says of each level how many are left, and whether each has a key."""
        open_ = [(self.number(), False)]
        while open_:
            left, keyed = open_.pop()
            if not left:
                continue
            open_.append((left - 1, keyed))
            if keyed:
                self.block()
            kind = self._byte()
            if kind in (_ARRAY, _OBJECT):
                open_.append((self.number(), kind == _OBJECT))
                if len(open_) > DEEPEST:
                    raise BadStructure("its values are nested too deeply")
            else:
                self._scalar(kind)

    def _scalar(self, kind: int) -> None:
        if kind in _BLOCKS:
            self.block()
        elif kind == _INTEGER:
            while self._byte() & 0x80:
                pass
        elif kind in _SIZES:
            self._at += _SIZES[kind]
        else:
            raise BadFrame(f"a value of kind {kind}")

    def number(self) -> int:
        """
        Read a number that has 32 bits, as all but clients have: of a longer one the library takes what it has room for.

        Raises:
            BadFrame: If it has more, or as for others.

        """
        number = super().number()
        if number >= _MOST:
            raise BadFrame("a number of more than 32 bits")
        return number

    def _client(self) -> None:
        super().number()

    def _id(self) -> list[str]:
        self._client()
        self.number()
        return []

    def _text(self) -> str:
        return self.block()[:LONGEST].decode(errors="replace")

    def _byte(self) -> int:
        if self._at >= len(self._frame):
            raise BadFrame("an update ends too early")
        self._at += 1
        return self._frame[self._at - 1]
