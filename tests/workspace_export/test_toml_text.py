"""A text taken apart and put together is the text, and its pieces are what people see in it."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.workspace_export.toml_text import join, key_of, logical_lines, pieces_of, with_value
from collab_dash.workspace_export.values import written

from .boards import FILES


@pytest.mark.parametrize("text", [*FILES.values(), "", "\n", "# only\n", "a = 1", "\n\n# c\n[a]\n\n# d\n"])
def test_nothing_is_lost(text: str) -> None:
    assert "".join(logical_lines(text)) == text
    assert join(pieces_of(text), "\n") == text


@pytest.mark.parametrize(
    "value",
    [
        '"""\n[x]\n"""',
        '""""a""\n[[x]]\n"""""',
        "'''\n[x]\n'''''",
        '[\n"]", # ]\n[1],\n]',
        r'"\" # ["',
        "'\\'",
        '"""\\"""\n[x]"""',
    ],
)
def test_what_looks_like_a_header_in_a_value_is_none(value: str) -> None:
    text = f"[a]\nkey = {value}\n[b]\n"
    tomllib.loads(text)
    assert [piece.path for piece in pieces_of(text)] == [(), ("a",), ("b",)]
    assert with_value(f"key = {value} # c\n", "other", "1") == "other = 1 # c\n"


def test_comments_belong_to_the_table_they_touch() -> None:
    text = "# file\n\n# of a\n[ 'a' ] # x\nk = 1\n# below k\n\n# by itself\n\n# of b\n[[\"b\".c]]\n\n# end\n"
    head, a, alone, b, end = pieces_of(text)
    assert head.text == "# file\n"
    assert (a.path, a.array, a.before) == (("a",), False, ["\n", "# of a\n"])
    assert a.body == ["k = 1\n", "# below k\n"]
    assert alone.text == "\n# by itself\n"
    assert (b.path, b.array, b.before) == (("b", "c"), True, ["\n", "# of b\n"])
    assert end.text == "\n# end\n"


def test_keys_are_known_however_they_are_written() -> None:
    assert [key_of(line) for line in ("a=1", ' "b c" = 1', "'d' = 1", "a.b = 1", "# a = 1", "", "é = 1")] == [
        *("a", "b c", "d", "", "", "", ""),
    ]
    assert with_value("  'a'   =  1   # c\r\n", "a", "[2]") == "  'a'   =  [2]   # c\r\n"
    assert with_value("a = 1", "b", "2") == "b = 2"


@given(st.recursive(st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-9, 9) | st.booleans(), st.lists))
def test_values_are_read_as_they_were_written(value: object) -> None:
    assert tomllib.loads(f"a = {written(value)}") == {"a": value}
