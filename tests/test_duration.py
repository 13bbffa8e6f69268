from __future__ import annotations

import pytest

from collab_dash.duration import parse_duration, parse_rate, write_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90), ("1.5h", 5400), (" 15m ", 900), ("2 d", 172_800), ("1w", 604_800), ("250ms", 0.25), ("0s", 0),
    ],
)  # fmt: skip
def test_spans(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


def test_a_span_is_written_in_the_largest_whole_unit() -> None:
    spans = (0, 1, 60, 90.0, 900, 3600, 5400, 86_400.0, 0.5, 1e-5)
    written = ["0s", "1s", "1m", "90s", "15m", "1h", "90m", "1d", "0.5s", "0.00001s"]
    assert [write_duration(seconds) for seconds in spans] == written
    assert [parse_duration(text) for text in written] == list(spans)


@pytest.mark.parametrize("text", ["", "m", "-1s", "1y", "1h30m", "1.h", "٣s", "1e3", "15 minutes", "inf"])
def test_what_is_no_span_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a span of time such as 90, 15m or 2h"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "per_second"), [("2000/s", 2000), ("30/m", 0.5), (" 1.5 / h ", 1.5 / 3600), ("864/d", 0.01)]
)
def test_rates(text: str, per_second: float) -> None:
    assert parse_rate(text) == pytest.approx(per_second)


@pytest.mark.parametrize("text", ["", "5", "5/", "/s", "5/ms", "0/s", "-1/s", "1e3/s", "fast", "5/s/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a rate such as 2000/s"):
        parse_rate(text)
