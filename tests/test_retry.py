from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from collab_dash.retry import BACKOFF_BASE, BACKOFF_CAP, backoff, parse_retry_after


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    highest = list(islice(backoff(draw=lambda low, high: high), 8))
    assert highest == [0.5, 1, 2, 4, 8, 16, 20, 20]


def test_no_delay_is_so_short_that_it_becomes_a_busy_loop() -> None:
    assert list(islice(backoff(draw=lambda low, high: low), 3)) == [BACKOFF_BASE / 2] * 3


def test_jitter_stays_between() -> None:
    assert all(BACKOFF_BASE / 2 <= delay <= BACKOFF_CAP for delay in islice(backoff(), 200))


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("-1", None),
        ("1.5", None),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60.0),
        ("Thu, 01 Jan 2026 00:01:00 -0000", 60.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, now=NOW) == seconds
