"""Numbers, tiny charts and canvases."""

from __future__ import annotations

import pytest

from collab_dash.tui.drawing import numbers
from collab_dash.tui.drawing.braille import Canvas, area
from collab_dash.tui.drawing.row import Row
from collab_dash.tui.drawing.spark import Trend, bar, spark


@pytest.mark.parametrize(
    ("value", "meant"),
    [(3, 3), (2.5, 2.5), ("84737.58", 84737.58), ("-0.5", -0.5), ("84737", None), ("1e5", None), (True, None),
     (None, None), (float("nan"), None), (float("inf"), None), ([1], None)],
)  # fmt: skip
def test_only_what_can_only_be_a_number_is_one(value: object, meant: float | None) -> None:
    assert numbers.as_number(value) == meant


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (9.14, "9.14"),
        (312, "312"),
        (40_210, "40.2k"),
        (270_000_000, "270M"),
        (999.6, "1.0k"),
        (-1500, "-1.5k"),
    ],
)
def test_short_numbers(value: float, written: str) -> None:
    assert numbers.short(value) == written


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [(84_737.58, 2, "84,737.58"), (0.1311, 5, "0.13110"), (84_737.58, 5, "84,737.58"), (1e15, 0, "1.000e+15")],
)
def test_numbers_have_thousands_and_sensible_places(value: float, places: int, written: str) -> None:
    assert numbers.number(value, places) == written


@pytest.mark.parametrize(("seconds", "written"), [(-3, "0.0s"), (0.3, "0.3s"), (54, "54s"), (720, "12m"), (9e4, "25h")])
def test_spans_take_few_cells(seconds: float, written: str) -> None:
    assert numbers.span(seconds) == written


@pytest.mark.parametrize(
    ("rate", "written"), [(0, "–"), (12.2, "12/s"), (0.05, "3/min"), (0.0003, "1/h"), (20_000, "20.0k/s")]
)
def test_rates_are_in_the_unit_people_would_use(rate: float, written: str) -> None:
    assert numbers.rate(rate) == written


def test_sizes() -> None:
    assert numbers.size(214_000_000) == "214 MB"
    assert numbers.size(999) == "999 B"


def test_a_time_no_calendar_has_is_still_written() -> None:
    assert numbers.clock(10**18) == "23:59:59"
    assert numbers.moment(-5).startswith("1970-01-01 00:00:00")


def test_sparks_go_from_lowest_to_highest() -> None:
    assert spark([1, 2, 3], 12) == "▁▄▇"
    assert spark([5, 5], 12) == "▄▄"
    assert spark(list(range(100)), 4) == "▁▃▅▇"
    assert spark([], 4) == spark([1], 0) == ""


def test_a_trend_keeps_one_value_a_second() -> None:
    trend = Trend(size=3)
    for ms, value in ((0, 1), (500, 2), (1000, 3), (2000, 4), (3000, 5)):
        trend.add(ms, value)
    assert list(trend.samples) == [3, 4, 5]


def test_bars_show_something_for_anything() -> None:
    assert bar(0.5, 8) == "▇▇▇▇"
    assert bar(2, 4) == "▇▇▇▇"
    assert bar(0.001, 8) == "▎"
    assert bar(0, 8) == bar(-1, 8) == ""


def test_a_stroke_has_no_gaps() -> None:
    canvas = Canvas(4, 2)
    canvas.stroke([(0, 7), (7, 0)])
    assert [canvas.row(y) for y in range(2)] == ["  ⡠⠊", "⡠⠊  "]


def test_dots_outside_are_ignored() -> None:
    canvas = Canvas(1, 1)
    canvas.set(-1, 0)
    canvas.set(2, 0)
    canvas.column(0, -9, 99)
    assert canvas.row(0) == "⡇"


def test_an_area_is_filled_below() -> None:
    assert area([0, 1], 1, 1) == ["⣸"]
    assert area([], 2, 1) == ["  "]


def test_a_row_is_cut_where_it_must_be() -> None:
    row = Row("abc", None).add("defg", None)
    assert row.crop(5).text == "abcd…"
    assert row.crop(7) is row
    assert Row().to(3, None).text == "   "


def test_a_row_is_trimmed_of_the_blanks_at_its_end() -> None:
    row = Row("ab", None).add(" c  ", None).add("   ", None)
    assert (row.trimmed().text, row.trimmed().cells, row.text) == ("ab c", 4, "ab c     ")
    assert Row("  ", None).trimmed().cells == 0


def test_numbers_are_written_with_their_unit() -> None:
    assert [numbers.measured(*each) for each in ((12.5, "ms"), (3.0, ""), (2_500_000.0, "bytes"))] == [
        "12.5 ms",
        "3",
        "2.5 MB",
    ]
