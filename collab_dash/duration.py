"""Spans of time as people write them."""

from __future__ import annotations

import re

_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)?", re.ASCII)
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800, None: 1}


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
