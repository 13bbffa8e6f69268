"""Upstream text is shown and never obeyed, in cells that are counted right."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from collab_dash.tui.drawing.row import Row
from collab_dash.tui.drawing.text import clean, cut, fit, width, wrap

anything = st.text(alphabet=st.characters())


@given(anything)
def test_clean_text_has_nothing_a_terminal_obeys(text: str) -> None:
    cleaned = clean(text)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f]", cleaned)
    assert not any(unicodedata.category(character) == "Cs" for character in cleaned)


@given(anything)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(anything, st.integers(0, 40))
def test_cut_text_fits(text: str, cells: int) -> None:
    assert width(cut(clean(text), cells)) <= cells


@given(anything, st.integers(1, 40), st.booleans())
def test_fitted_text_takes_exactly_its_cells(text: str, cells: int, right: bool) -> None:
    assert cell_len(fit(clean(text), cells, right=right)) == cells


@given(anything, st.integers(0, 40))
def test_a_row_becomes_a_strip_of_exactly_its_cells(text: str, cells: int) -> None:
    strip = Row(clean(text), None).add(clean(text), None).strip(cells, None)
    assert sum(cell_len(segment.text) for segment in strip) == cells


@given(st.text(alphabet="ab 日"), st.integers(2, 20))
def test_wrapped_lines_fit_and_keep_short_words(text: str, cells: int) -> None:
    lines = wrap(text, cells)
    assert all(width(line) <= cells for line in lines)
    if all(width(word) <= cells for word in text.split()):
        assert " ".join(lines).split() == text.split()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("a\tb\nc\rd", "a⇥b↵c␍d"),
        ("\x9b31m", "�31m"),
        ("ab\u202edc", "ab⇆dc"),
        ("zero\u200bwidth", "zero·width"),
        ("👩\u200d💻", "👩💻"),
        ("[b]bold[/b]", "[b]bold[/b]"),
    ],
)
def test_what_is_dangerous_is_shown(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_wide_characters_are_never_halved() -> None:
    assert cut("東京タワー", 6) == "東京…"
    assert fit("東京タワー", 6) == "東京… "
