"""Moments as people type them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.tui.drawing.numbers import moment
from collab_dash.tui.when import read_moment
from tui.fake_session import NOON

DAY = 86_400_000


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("13:18", "2025-11-22 13:18:00.000 UTC"),
        (" 9:05 ", "2025-11-22 09:05:00.000 UTC"),
        ("13:18:03", "2025-11-22 13:18:03.000 UTC"),
        ("14:00", "2025-11-22 14:00:00.000 UTC"),
        ("14:01", "2025-11-21 14:01:00.000 UTC"),
        ("-5m", "2025-11-22 13:55:00.000 UTC"),
        ("-1.5h", "2025-11-22 12:30:00.000 UTC"),
        ("-90", "2025-11-22 13:58:30.000 UTC"),
        ("2025-11-22T14:00:00+01:00", "2025-11-22 13:00:00.000 UTC"),
        ("2025-11-22T13:18:03Z", "2025-11-22 13:18:03.000 UTC"),
        ("2025-11-22 13:18:03.5", "2025-11-22 13:18:03.500 UTC"),
        ("2025-11-20", "2025-11-20 00:00:00.000 UTC"),
        ("1960-01-01", "1970-01-01 00:00:00.000 UTC"),
    ],
)
def test_a_moment_is_read(text: str, means: str) -> None:
    assert moment(read_moment(text, shown=NOON, now=NOON)) == means


def test_spans_and_times_of_day_count_from_what_is_shown() -> None:
    shown = NOON - 3 * DAY
    assert read_moment("-5m", shown=shown, now=NOON) == shown - 300_000
    assert read_moment("+5m", shown=shown, now=NOON) == shown + 300_000
    assert read_moment("14:18", shown=shown, now=NOON) == shown + 18 * 60_000


@pytest.mark.parametrize("text", ["", "soon", "25:00", "14:60", "14:18:61", "-", "-5 parsecs", "2025-13-01", "9" * 400])
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time such as 14:18"):
        read_moment(text, shown=NOON, now=NOON)


@pytest.mark.parametrize("text", ["+1s", "2025-11-23", "9999-12-31T23:59:59Z"])
def test_what_is_yet_to_come_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is yet to come"):
        read_moment(text, shown=NOON, now=NOON)


@given(st.text(max_size=30))
def test_no_text_does_harm(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert 0 <= read_moment(text, shown=NOON, now=NOON) <= NOON
