"""What people type into the form of a pane, and what that means."""

from __future__ import annotations

from typing import Any

import pytest

from collab_dash.board import Board, Pane
from collab_dash.tui.fields import FIELDS, parts, write_span

BOARD = Board(session="s", feeds=("btc", "quakes"))
FIELD = {field.name: field for field in FIELDS}


def test_every_field_of_a_pane_can_be_edited() -> None:
    assert set(FIELD) | {"id"} == set(Pane.__struct_fields__)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("title", " Prices ", "Prices"),
        ("feeds", "btc, quakes", ("btc", "quakes")),
        ("feeds", "*", ("*",)),
        ("feeds", "", ()),
        ("view", "table", "table"),
        ("view", "", ""),
        ("columns", 'key, spark(price), type in ("a:b", "c:d")', ("key", "spark(price)", 'type in ("a:b", "c:d")')),
        ("types", "ticker:*", ("ticker:*",)),
        ("filter", "price > 1 ", "price > 1"),
        ("field", "price", "price"),
        ("by", "", ""),
        ("span", "15m", 900),
        ("span", "", 0),
        ("width", "12", 12),
        ("height", "100", 100),
    ],
)
def test_what_is_typed_means_something_and_is_written_as_it_was(name: str, text: str, value: Any) -> None:
    assert FIELD[name].read(text, BOARD) == value
    assert FIELD[name].read(FIELD[name].write(value), BOARD) == value
    assert FIELD[name].write(value) == text.strip()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("feeds", "btx", "there is no feed btx; did you mean btc?"),
        ("view", "tabel", "there is no view tabel; did you mean table?"),
        ("columns", "price, spark(", "spark(: character 1: no function"),
        ("columns", "price,,age", "an empty column: character 1"),
        ("types", "Ticker", "is not an event type"),
        ("filter", "price >", "character 8"),
        ("field", "price +", "character 8"),
        ("span", "soon", "is not a span of time"),
        ("span", "0", "at least 1 s"),
        ("width", "13", "a whole number from 1 to 12"),
        ("width", "", "a whole number from 1 to 12"),
        ("height", "²", "a whole number from 1 to 100"),
    ],
)
def test_what_means_nothing_is_told(name: str, text: str, says: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - its text is what is tested
        FIELD[name].read(text, BOARD)
    assert says in str(raised.value)


def test_spans_are_written_in_the_largest_unit_that_fits() -> None:
    assert [write_span(n) for n in (0, 59, 60, 5400, 7200, 86_400)] == ["", "59s", "1m", "90m", "2h", "1d"]


def test_commas_in_quotes_and_parentheses_part_nothing() -> None:
    assert list(parts("a, 'b, c', f(d, e) ,g,")) == ["a", "'b, c'", "f(d, e)", "g"]
