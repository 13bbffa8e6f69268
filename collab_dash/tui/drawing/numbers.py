"""Numbers, sizes and times as people read them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

_DECIMAL = re.compile(r"-?\d{1,15}\.\d{1,12}")
LARGEST, SMALLEST = 1e100, 1e-100
_POWERS = ("", "k", "M", "G", "T", "P")


def as_number(value: Any) -> float | int | None:
    """
    Give `value` as a number if it is one, or is text that can only mean one, such as ``"84737.58"``.

    One that is too large to be added to another is none here, and one too near to zero to be divided by is zero.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return value if -LARGEST < value < LARGEST else None
    if isinstance(value, float):
        return (value if abs(value) > SMALLEST else 0.0) if abs(value) < LARGEST else None
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    return None


def decimals(value: float) -> int:
    """Count the decimals worth showing: those `value` has, at most two from 1 on and five below."""
    if isinstance(value, int) or value == 0 or abs(value) >= 1e12:
        return 0
    most = 2 if abs(value) >= 1 else 5
    _, _, digits = f"{value:.{most}f}".rstrip("0").partition(".")
    return len(digits)


def number(value: float, places: int = 0, *, sign: bool = False) -> str:
    """
    Write a number with thousands apart.

    Args:
        value: The number.
        places: Decimals, used as far as its size makes them worth showing.
        sign: Whether a positive number carries ``+``.

    """
    if abs(value) >= 1e12:
        return f"{value:{'+' if sign else ''}.3e}"
    places = min(places, 2 if abs(value) >= 1 else 5)
    return f"{value:{'+' if sign else ''},.{places}f}"


def short(value: float) -> str:
    """Write a number in at most five or six cells: ``9.1``, ``312``, ``40.2k``, ``270M``."""
    size, power = abs(value), 0
    while size >= 999.5 and power < len(_POWERS) - 1:
        size, power = size / 1000, power + 1
    if size >= 999.5:
        return f"{value:.0e}"
    if power == 0 and float(value).is_integer():
        return f"{value:.0f}"
    places = 0 if size >= 100 else 1 if size >= 10 or power else 2
    return f"{math.copysign(size, value):.{places}f}{_POWERS[power]}"


def size(count: float) -> str:
    """Write a number of bytes: ``214 MB``."""
    power = 0
    while count >= 999.5 and power < len(_POWERS) - 1:
        count, power = count / 1000, power + 1
    if count >= 999.5:
        return f"{count:.0e} {_POWERS[-1]}B"
    places = 1 if power and count < 10 else 0
    return f"{count:.{places}f} {_POWERS[power]}B"


def measured(value: float, unit: str) -> str:
    """Write a number with its unit; of ``bytes``, in the one that suits it."""
    if unit == "bytes":
        return size(value)
    return f"{number(value, decimals(value))} {unit}".rstrip()


def rate(per_second: float) -> str:
    """Write events per second, or per minute or hour where they are few: ``12/s``, ``3/min``, ``1/h``."""
    if per_second <= 0:
        return "–"
    if per_second >= 0.95:
        return f"{short(round(per_second))}/s"
    if per_second * 60 >= 0.95:
        return f"{per_second * 60:.0f}/min"
    return f"{max(per_second * 3600, 1):.0f}/h"


def span(seconds: float) -> str:
    """Write a length of time in at most four cells: ``0.3s``, ``54s``, ``12m``, ``3h``, ``8d``."""
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    if seconds < 90:
        return f"{seconds:.0f}s"
    if seconds < 5400:
        return f"{seconds / 60:.0f}m"
    if seconds < 129_600:
        return f"{seconds / 3600:.0f}h"
    return f"{min(seconds / 86_400, 9999):.0f}d"


def clock(ms: int, *, seconds: bool = True) -> str:
    """Write the UTC time of day of a Unix time in milliseconds: ``14:23:29``."""
    return _utc(ms).strftime("%H:%M:%S" if seconds else "%H:%M")


def moment(ms: int) -> str:
    """Write date and time of a Unix time in milliseconds: ``2025-11-22 14:23:29.123 UTC``."""
    return _utc(ms).strftime("%Y-%m-%d %H:%M:%S") + f".{ms % 1000:03d} UTC"


def _utc(ms: int) -> datetime:
    # A source may send any number as a time.
    return datetime.fromtimestamp(min(max(ms, 0), 253_402_300_799_000) / 1000, UTC)
