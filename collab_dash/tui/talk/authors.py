"""Who wrote something, as it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...people import COLOURS
from ..drawing.text import clean

if TYPE_CHECKING:
    from ...doc.entries import Author


def called(by: Author) -> str:
    """Give what to call who wrote something, clean; behind ``~`` without an id, since anybody may write any name."""
    name = clean(by.name) or "somebody"
    return name if by.id else f"~{name}"


def ink_of(by: Author) -> str:
    """Give the name of the ink that what somebody wrote is drawn in."""
    return f"person-{by.color}" if by.color in COLOURS else "text"
