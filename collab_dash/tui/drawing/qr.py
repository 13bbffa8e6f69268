"""QR codes in half blocks: two modules a cell, one above the other."""

from __future__ import annotations

_BLOCKS = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}


def qr_lines(text: str, *, border: int = 2) -> list[str]:
    """
    Draw a QR code, to be shown light on dark.

    Args:
        text: What it says.
        border: Light modules around it; two are enough for the cameras of phones.

    """
    import segno

    modules = [list(row) for row in segno.make_qr(text, error="l", boost_error=False).matrix_iter(border=border)]
    if len(modules) % 2:
        modules.append([0] * len(modules[0]))
    pairs = zip(modules[::2], modules[1::2], strict=True)
    return ["".join(_BLOCKS[cell] for cell in zip(upper, lower, strict=True)) for upper, lower in pairs]
