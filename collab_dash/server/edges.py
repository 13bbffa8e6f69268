"""Where frames begin and end in what a client sends, RFC 6455 section 5.2, without reading them."""

from __future__ import annotations

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

_FIN_BINARY = 0x82
_FIN, _CONTROL = 0x80, 0x08
_MASKED = 0x80
_EXTENDED = {126: 2, 127: 8}


class Edges:
    """
    Follows a stream of frames.

    Attributes:
        clean: Whether whole messages have come so far, and nothing of another.

    """

    def __init__(self) -> None:
        self.clean = True
        self._head = b""
        self._left = 0
        self._in_parts = False

    def pass_over(self, data: bytes) -> None:
        """Take note of what came."""
        data = self._head + data
        at = 0
        while True:
            passed = min(self._left, len(data) - at)
            at, self._left = at + passed, self._left - passed
            if self._left or (start := _payload(data, at)) is None:
                break
            first = data[at]
            if not first & _CONTROL:
                self._in_parts = not first & _FIN
            self._left = _size(data, at)
            at = start
        self._head = data[at:]
        self.clean = not (self._head or self._left or self._in_parts)


def short_binary(data: bytes) -> bytes | None:
    """Give the message that data is, if that is one masked binary frame of up to 125 bytes and no more."""
    size = len(data) - 6
    if 0 < size < 126 and data[0] == _FIN_BINARY and data[1] == _MASKED | size:
        return bytes(apply_mask(data[6:], data[2:6]))
    return None


def _payload(data: bytes, at: int) -> int | None:
    """Give where the payload of the frame at a place begins; None if less than its head is there."""
    if len(data) < at + 2:
        return None
    start = at + 2 + _EXTENDED.get(data[at + 1] & 0x7F, 0) + (4 if data[at + 1] & _MASKED else 0)
    return None if start > len(data) else start


def _size(data: bytes, at: int) -> int:
    """Give the size of the payload of the frame at a place whose head is there."""
    size = data[at + 1] & 0x7F
    extended = _EXTENDED.get(size, 0)
    return int.from_bytes(data[at + 2 : at + 2 + extended]) if extended else size
