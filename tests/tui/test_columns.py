"""Columns: what a cell shows, and widths that only grow."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.event import Event
from collab_dash.filter import FilterError
from collab_dash.tui.panes.columns import GAP, MOST_SHOWN, WIDEST, Column, automatic, lay_out, plain
from tui.fake_session import NOON


def event(**data: Any) -> Event:
    return Event(offset=1, feed="f", type="a:b", key="k", time=NOON, received=NOON, data=data)


def test_a_numbers_column_never_changes_places_or_narrows() -> None:
    column = Column("price")
    written = [column.write(value, NOON) for value in (84_737.58, 2_616.2, 0.5, 143)]
    assert written == ["84,737.58", "2,616.20", "0.50", "143"]
    assert (column.right, column.width) == (True, 9)


def test_a_sign_seen_once_is_shown_from_then_on() -> None:
    column = Column("delta")
    assert column.write(5, NOON) == "5"
    before = column.format
    assert column.write(-5, NOON) == "-5"
    assert column.write(5, NOON) == "+5"
    assert column.format != before


def test_text_among_numbers_goes_to_the_left() -> None:
    column = Column("x")
    column.write("n/a", NOON)
    column.write(5, NOON)
    assert not column.right


def test_times_ages_sizes_and_labels() -> None:
    assert Column("time").write(NOON, NOON) == "14:00:00"
    assert Column("age").write(NOON - 54_000, NOON) == "54s"
    size = Column("bytes(memory.used)")
    assert (size.write(1_500_000, NOON), size.label, size.right) == ("1.5 MB", "USED", True)
    assert Column("spark(price)").label == "TREND"
    assert Column("user_id").write(12_345, NOON) == "12345"


@pytest.mark.parametrize("text", ["price >", "spark(", "nope(price)"])
def test_a_bad_expression_is_refused(text: str) -> None:
    with pytest.raises(FilterError):
        Column(text)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (True, "yes"), ("a\nb", "a↵b"), (1234.5, "1,234.5"), ({"a": [1]}, '{"a":[1]}')],
)
def test_any_value_has_one_line(value: Any, shown: str) -> None:
    assert plain(value) == shown


def test_columns_are_chosen_from_scalars() -> None:
    events = [event(a=1, nested={"x": 1}, **{"not a name": 2, "in": 3}), event(b=None), event(b="text")]
    columns = automatic(events, before=["key"], after=["age"])
    assert [column.source for column in columns] == ["key", "a", "not a name", "in", "b", "age"]
    assert [column.value(events[0]) for column in columns[1:4]] == [1, 2, 3]


def test_a_field_may_have_any_name() -> None:
    assert Column("x" * 5000, field=True).width <= 24
    assert Column("spark(price)", field=True).kind == "value"


@given(st.lists(st.text(alphabet="abc", min_size=1, max_size=60), min_size=1, max_size=6), st.integers(4, 120))
def test_columns_never_take_more_than_there_is(texts: list[str], cells: int) -> None:
    columns = [Column(f"field{index}") for index in range(len(texts))]
    for column, text in zip(columns, texts, strict=True):
        column.write(text, NOON)
    widths = lay_out(columns, cells, fill_last=True)
    shown = [width for width in widths if width]
    assert max(shown) <= max(WIDEST, cells)
    assert len(shown) == 1 or sum(shown) + GAP * (len(shown) - 1) <= cells


def test_text_gives_way_before_figures_do() -> None:
    title, price = Column("title"), Column("price")
    title.write("x" * 40, NOON)
    price.write(84_737.58, NOON)
    assert lay_out([title, price], 30) == [19, 9]


def test_labels_give_way_before_a_column_does() -> None:
    columns = [Column("key"), Column("change_24_hours")]
    columns[0].write("BTC-USD", NOON)
    columns[1].write(-1.25, NOON)
    assert lay_out(columns, 20) == [7, 11]


def test_short_keys_are_not_cut_for_the_sake_of_other_text() -> None:
    key, title = Column("key"), Column("title")
    for column, value in ((key, "DEMO-AUR"), (title, "x" * 60)):
        column.write(value, NOON)
    assert lay_out([key, title], 20) == [8, 10]


@pytest.mark.parametrize("value", ["ü" * 100_000, ["ü" * 100_000]])
def test_of_a_very_long_value_the_beginning_is_written(value: object) -> None:
    assert len(plain(value)) == MOST_SHOWN + 1
    assert plain(value).endswith("ü…")
