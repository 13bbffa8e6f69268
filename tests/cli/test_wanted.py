from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from collab_dash.cli.wanted import Since, Wanted, parse_since
from collab_dash.event import Event

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("0", Since(offset=0)),
        (" 41 ", Since(offset=41)),
        ("15m", Since(time=1_000_000 - 900_000)),
        ("1.5h", Since(time=1_000_000 - 5_400_000)),
        ("2026-01-31T12:00Z", Since(time=round(NOON.timestamp() * 1000))),
        ("2026-01-31T14:00:00.250+02:00", Since(time=round(NOON.timestamp() * 1000) + 250)),
    ],
)
def test_an_offset_a_moment_or_how_long_ago(text: str, since: Since) -> None:
    assert parse_since(text, now=1000) == since


def test_a_moment_without_an_offset_from_utc_is_local() -> None:
    local = NOON.astimezone().replace(tzinfo=None)
    assert parse_since(local.isoformat()) == Since(time=round(NOON.timestamp() * 1000))


@pytest.mark.parametrize("text", ["", "yesterday", "-5", "15 minutes", "2026-13-01", "٣", "9" * 400 + "d"])
def test_nonsense_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not an offset, a time such as .* 15m"):
        parse_since(text)


def test_how_long_ago_is_counted_from_now() -> None:
    before = datetime.now(UTC) - timedelta(minutes=15)
    found = parse_since("15m").time
    assert found is not None
    assert 0 <= found / 1000 - before.timestamp() + 0.001 < 5


@pytest.mark.parametrize(
    ("wanted", "accepted"),
    [
        (Wanted(), True),
        (Wanted(feeds=("a", "b")), True),
        (Wanted(feeds=("b",)), False),
        (Wanted(types=("tick:*",)), True),
        (Wanted(types=("x:y", "*:update")), True),
        (Wanted(types=("tick:delete",)), False),
        (Wanted(where=lambda event: event.data["n"] > 1), False),
        (Wanted(feeds=("a",), types=("tick:*",), where=lambda event: event.data["n"] == 1), True),
    ],
)
def test_which_events_are_asked_for(wanted: Wanted, accepted: bool) -> None:
    assert wanted.acceptance()(Event(feed="a", type="tick:update", data={"n": 1})) is accepted
