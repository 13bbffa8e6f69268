"""Moments as people type them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ..duration import parse_duration

_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_NOT = "is not a time such as 14:18, 14:18:03, -5m or 2025-11-22T14:18:03Z"


def read_moment(text: str, *, shown: int, now: int) -> int:
    """
    Read ``14:18``, ``14:18:03``, ``-5m``, ``+1h`` or an RFC 3339 date, all in UTC unless it says otherwise.

    A time of day is of the day that is shown, or of the day before if that is yet to come. A span counts from what
    is shown.

    Args:
        text: What was typed.
        shown: The moment that is shown, Unix milliseconds.
        now: The present.

    Returns:
        Unix milliseconds.

    Raises:
        ValueError: If it is no moment, or is yet to come; the text says so in a few words.

    """
    text = text.strip()
    try:
        moment = _read(text, shown, now)
    except (ValueError, OverflowError, OSError):
        raise ValueError(_NOT) from None
    if moment > now:
        raise ValueError("is yet to come")
    return max(moment, 0)


def _read(text: str, shown: int, now: int) -> int:
    if text[:1] in ("-", "+"):
        return shown + int(text[0] + "1") * round(parse_duration(text[1:]) * 1000)
    if match := _TIME_OF_DAY.fullmatch(text):
        hour, minute, second = (int(part or 0) for part in match.groups())
        day = datetime.fromtimestamp(shown / 1000, UTC)
        at = day.replace(hour=hour, minute=minute, second=second, microsecond=0)
        return _ms(at if _ms(at) <= now else at - timedelta(days=1))
    found = datetime.fromisoformat(text)
    return _ms(found if found.tzinfo else found.replace(tzinfo=UTC))


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
