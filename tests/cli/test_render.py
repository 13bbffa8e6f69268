from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.cli.render import ago, clean, harmless, size, table, width


@given(st.text())
def test_what_is_cleaned_obeys_nobody(text: str) -> None:
    shown = clean(text)
    assert shown.isprintable()
    assert clean(shown) == shown
    if text.isprintable():
        assert shown == text


def test_cleaning_shows_what_was_there() -> None:
    assert clean("a\x1b[2J\n\r\tb\x7f\u009b\u202e\U000e0001") == "a␛[2J⏎␍ b\\u007f\\u009b\\u202e\\U000e0001"
    assert clean("a\n\tb\x1b", kept="\n\t") == "a\n\tb␛"


@given(st.text())
def test_harmless_json_means_the_same(text: str) -> None:
    line = json.dumps({"text": text}, ensure_ascii=False).encode(errors="surrogatepass")
    made = harmless(line)
    assert json.loads(made.decode(errors="surrogatepass")) == {"text": text}
    assert not {"\x7f", "\u0080", "\u009b", "\u202e", "\u2066"} & set(made.decode(errors="replace"))


def test_harmless_escapes_only_what_a_terminal_would_obey() -> None:
    assert harmless('"é\u009b[2J\x7f\u202e"'.encode()) == '"é\\u009b[2J\\u007f\\u202e"'.encode()


def test_columns_stay_straight_whatever_stands_in_them() -> None:
    lines = table([("日本", 5), ("e\u0301", 12), ("a\x1bb", None)], ("NAME", "N"))
    assert lines == ["NAME   N", "日本   5", "e\u0301     12", "a␛b"]
    assert {width(line[: line.rindex(" ")]) for line in lines[:2]} == {6}


def test_a_table_without_rows_is_its_heads() -> None:
    assert table([], ("A", "B")) == ["A  B"]


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (45_136, "45 kB"), (2.5e9, "2.5 GB"), (3e13, "30.0 TB")],
)
def test_sizes(count: float, words: str) -> None:
    assert size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0.0 s"), (0.42, "0.4 s"), (45, "45 s"), (600, "10 m"), (8000, "2 h"), (400_000, "5 d")],
)
def test_ages(seconds: float, words: str) -> None:
    assert ago(1_000_000_000, 1_000_000_000 + round(seconds * 1000)) == words
    assert ago(None, 0) == "never"
