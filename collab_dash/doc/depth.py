"""How deeply an update is nested, told before the library reads it: its stack overflows, and the process ends."""

from __future__ import annotations

from ..errors import BadFrame
from .sync import Reader

DEEPEST = 1000
_ARRAY, _OBJECT = 117, 118
_BLOCKS = (116, 119)  # bytes, a string
_SIZES = {120: 0, 121: 0, 122: 8, 123: 8, 124: 4, 126: 0, 127: 0}
_INTEGER = 125
_GC, _DELETED, _JSON, _BINARY, _STRING, _EMBED, _FORMAT, _TYPE, _ANY, _SKIP = 0, 1, 2, 3, 4, 5, 6, 7, 8, 10
_PLAIN_TYPES = (0, 1, 2, 4, 6)  # arrays, maps, texts and such; the others have more than a number


def is_deep(update: bytes) -> bool:
    """
    Tell whether JSON in an update has more than `DEEPEST` levels; true too for what no update of ours has in it.

    Each level begins with one of two bytes. Only where there are enough of those it is read, which takes longer.
    """
    if update.count(_ARRAY) + update.count(_OBJECT) <= DEEPEST:
        return False
    try:
        _Walk(update).structs()
    except BadFrame:
        return True
    return False


class _Walk(Reader):
    """Goes over an update of the first encoding, see Yjs's encoding.js; raises `BadFrame` where it cannot go on."""

    def structs(self) -> None:
        for _ in range(self.number()):
            count = self.number()
            self._id()
            for _ in range(count):
                self._struct(self._byte())

    def _struct(self, info: int) -> None:
        kind = info & 0x1F
        if kind not in (_GC, _SKIP):
            self._place(info)
        if kind in (_GC, _SKIP, _DELETED):
            self.number()
        elif kind in (_BINARY, _STRING, _EMBED):
            self.block()
        elif kind == _FORMAT:
            self.block()
            self.block()
        elif kind == _TYPE and self.number() in _PLAIN_TYPES:
            pass
        elif kind == _JSON:
            for _ in range(self.number()):
                self.block()
        elif kind == _ANY:
            self._values()
        else:
            raise BadFrame(f"content of kind {kind}")

    def _place(self, info: int) -> None:
        for side in (0x80, 0x40):
            if info & side:
                self._id()
        if info & 0xC0:
            return
        if self.number() == 1:
            self.block()
        else:
            self._id()
        if info & 0x20:
            self.block()

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
                    raise BadFrame(f"more than {DEEPEST} levels")
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

    def _id(self) -> None:
        self.number()
        self.number()

    def _byte(self) -> int:
        if self._at >= len(self._frame):
            raise BadFrame("an update ends too early")
        self._at += 1
        return self._frame[self._at - 1]
