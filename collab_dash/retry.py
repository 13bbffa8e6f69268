"""When to try again: pure arithmetic, no clock and no sleeping of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BACKOFF_BASE = 0.5
BACKOFF_CAP = 20.0


def backoff(
    *,
    base: float = BACKOFF_BASE,
    cap: float = BACKOFF_CAP,
    draw: Callable[[float, float], float] = random.uniform,
) -> Iterator[float]:
    """
    Yield delays in seconds, for ever: exponential with full jitter, never under half of `base`.

    Args:
        base: The ceiling of the first delay.
        cap: The ceiling of every delay.
        draw: Picks a number between two; for tests.

    """
    ceiling = base
    while True:
        yield max(draw(0, ceiling), base / 2)
        ceiling = min(ceiling * 2, cap)


def parse_retry_after(value: str | None, *, now: datetime | None = None) -> float | None:
    """
    Read an HTTP ``Retry-After`` header, RFC 9110 section 10.2.3.

    Args:
        value: Delay seconds or an HTTP date; None or anything else gives None.
        now: For tests; the present moment by default.

    Returns:
        Seconds to wait, never negative.

    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max((when - (now or datetime.now(UTC))).total_seconds(), 0.0)
