"""Spans of time, and rates, as people write them."""

from __future__ import annotations

import re
from decimal import Decimal

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?", re.ASCII)
_RATE = re.compile(r"(\d+(?:\.\d+)?)\s*/\s*(s|m|h|d)", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, None: 1}
_WRITTEN = ((86_400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def parse_duration(text: str) -> float:
    """
    Read ``15m``, ``1.5h``, ``90`` (seconds): a number with ``ms``, ``s``, ``m``, ``h``, ``d`` or ``w``.

    Returns:
        Seconds.

    Raises:
        ValueError: If it is not such a span.

    """
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a span of time such as 90, 15m or 2h")
    return float(match[1]) * _SECONDS[match[2]]


def write_duration(seconds: float) -> str:
    """Write a span as `parse_duration` reads it: in the largest unit that takes a whole number, or else in seconds."""
    if not float(seconds).is_integer():
        return f"{Decimal(repr(seconds)):f}s"
    whole = int(seconds)
    size, unit = next((size, unit) for size, unit in _WRITTEN if whole % size == 0 and (whole or unit == "s"))
    return f"{whole // size}{unit}"


def parse_rate(text: str) -> float:
    """
    Read ``2000/s``, ``30/m``, ``100/h``: a number above zero for each second, minute, hour or day.

    Returns:
        How many a second.

    Raises:
        ValueError: If it is not such a rate.

    """
    match = _RATE.fullmatch(text.strip())
    if match is None or not float(match[1]):
        raise ValueError(f"{text!r} is not a rate such as 2000/s or 30/m")
    return float(match[1]) / _SECONDS[match[2]]
